"""A group's rounds: everybody joins, the leader deals the partitions out, all sync, until somebody comes or goes.

Everybody who is in the group has to join again before a round begins; who does not by its deadline is out.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.roster import Deadline, Joined, Participant, Roster, Synced

EMPTY, PREPARING, COMPLETING, STABLE = "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"


class Rounds:
    """``generation`` counts them. ``leader`` is a member's id; the members agree on ``kind`` and ``protocol``."""

    def __init__(self, roster: Roster) -> None:
        self.state = EMPTY
        self.generation = 0
        self.kind = ""
        self.protocol = ""
        self.leader = ""
        self._roster = roster
        self._deadline = Deadline(roster.alarm)

    def stale(self, id: str, instance: str | None, generation: int) -> Code:
        """Why this is nobody of this generation, or NONE."""
        code = self._roster.stranger(id, instance)
        return code if code is not Code.NONE or generation == self.generation else Code.ILLEGAL_GENERATION

    def prepare(self) -> None:
        """Everybody has to join again: somebody came or went."""
        if self.state != PREPARING:
            for member in self._roster.members.values():
                member.answer_sync(Synced(Code.REBALANCE_IN_PROGRESS))
            self.state = PREPARING
            self._deadline.put(self._patience(), self._complete)
        self.begin_when_all_are_there()

    def _patience(self) -> float:
        """Seconds that a rebalance may take: the longest that a member asked for."""
        return max((member.wish.rebalance for member in self._roster.members.values()), default=0.0)

    def begin_when_all_are_there(self) -> None:
        """A round that is prepared begins once nobody is waited for."""
        waiting = self._roster.named or any(member.joining is None for member in self._roster.members.values())
        if self.state == PREPARING and not waiting:
            self._complete()

    def _complete(self) -> None:
        """A new generation of those who have come, and of the static ones, who may be away for a session."""
        for member in list(self._roster.members.values()):
            if member.joining is None and member.wish.instance is None:
                self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        come = [member for member in self._roster.members.values() if member.joining]
        if not self._roster.members:
            self.empty()
        elif not come:
            self._deadline.put(self._patience(), self._complete)
        else:
            self._begin(come)

    def _begin(self, come: list[Participant]) -> None:
        self.generation += 1
        self.state = COMPLETING
        self.protocol = self._roster.elected()
        if self.leader not in {member.id for member in come}:
            self.leader = come[0].id
        self._deadline.put(self._patience(), self._not_synced)
        for member in come:
            self.beat(member)
            member.answer_join(self.joined(member))

    def joined(self, member: Participant) -> Joined:
        """What this member is told of the round; the leader is told who else is there."""
        everybody = tuple(
            (other.id, other.wish.instance, other.said(self.protocol)) for other in self._roster.members.values()
        )
        for_leader = everybody if member.id == self.leader else ()
        return Joined(Code.NONE, member.id, self.generation, self.kind, self.protocol, self.leader, for_leader)

    def synced(self, member: Participant) -> Synced:
        """What this member holds in the round."""
        return Synced(Code.NONE, self.kind, self.protocol, member.assignment)

    def _not_synced(self) -> None:
        """Who has not synced by the deadline is out."""
        for member in [member for member in self._roster.members.values() if member.syncing is None]:
            self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        self.prepare()

    def deal(self, dealt: Mapping[str, bytes]) -> None:
        """The leader has said what everybody gets, by member: those who wait for it are answered."""
        self.state = STABLE
        self._deadline.clear()
        for member in self._roster.members.values():
            member.assignment = dealt.get(member.id, b"")
            member.answer_sync(self.synced(member))

    def beat(self, member: Participant) -> None:
        """It was heard of: its session begins anew."""
        member.session.put(member.wish.session, lambda: self.remove(member))

    def remove(self, member: Participant) -> None:
        """It left, or nothing was heard of it for a session."""
        self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        if self.state in (STABLE, COMPLETING):
            self.prepare()
        else:
            self.begin_when_all_are_there()

    def empty(self) -> None:
        """Nobody is in any more."""
        self.generation += 1
        self.state, self.protocol, self.leader = EMPTY, "", ""
        self._deadline.clear()
