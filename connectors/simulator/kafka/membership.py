"""The members of one consumer group, as Kafka's classic protocol has it: join, be told who else is there, sync, beat.

A state machine without I/O: answers go to the callback that each question brings, timeouts come from an ``Alarm``.
Everybody who is in the group has to join again before a rebalance ends; who does not by its deadline is out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.later import Alarm
from connectors.simulator.kafka.roster import (
    LARGEST_SAID,
    Answer,
    Deadline,
    Joined,
    Participant,
    Roster,
    SyncAnswer,
    Synced,
    Wish,
)

EMPTY, PREPARING, COMPLETING, STABLE = "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"


class Membership:
    """``new_id`` makes ids; they must not repeat."""

    def __init__(self, alarm: Alarm, new_id: Callable[[], str]) -> None:
        self.state = EMPTY
        self.generation = 0
        self.kind = ""
        self.protocol = ""
        self.leader = ""
        self._roster = Roster(alarm)
        self._alarm = alarm
        self._new_id = new_id
        self._rebalance = Deadline(alarm)

    @property
    def members(self) -> Mapping[str, Participant]:
        return self._roster.members

    @property
    def idle(self) -> bool:
        """Nobody is in, and nobody is expected."""
        return not self._roster.members and not self._roster.named

    def join(self, wish: Wish, answer: Answer) -> None:
        """Answers at once with a refusal, or when everybody has joined."""
        code = self._roster.refusal(wish)
        before = self._roster.holder(wish.instance)
        if code is not Code.NONE:
            answer(Joined(code, wish.id))
        elif wish.id in self.members:
            self._join_again(self.members[wish.id], wish, answer)
        elif before:
            self._take_over(before, wish, answer)
        elif wish.named and not wish.id and wish.instance is None:
            id = f"{wish.client}-{self._new_id()}"
            self._roster.name(id, wish.session, lambda: self._gave_up(id))
            answer(Joined(Code.MEMBER_ID_REQUIRED, id))
        else:
            self._add(wish, answer)

    def sync(
        self, id: str, instance: str | None, generation: int, dealt: Mapping[str, bytes], answer: SyncAnswer
    ) -> None:
        """The leader brings everybody's assignment; the others are answered when it has."""
        code = self._stale(id, instance, generation)
        if code is Code.NONE and self.state == PREPARING:
            code = Code.REBALANCE_IN_PROGRESS
        if any(len(assignment) > LARGEST_SAID for assignment in dealt.values()):
            code = Code.INVALID_REQUEST
        if code is not Code.NONE:
            answer(Synced(code))
            return
        member = self.members[id]
        member.answer_sync(Synced(Code.REBALANCE_IN_PROGRESS))
        member.syncing = answer
        self._beat(member)
        if self.state == COMPLETING and id == self.leader:
            self._deal(dealt)
        elif self.state == STABLE:
            member.answer_sync(self._synced(member))

    def heartbeat(self, id: str, instance: str | None, generation: int) -> Code:
        code = self._stale(id, instance, generation)
        if code is Code.NONE:
            self._beat(self.members[id])
            return Code.REBALANCE_IN_PROGRESS if self.state == PREPARING else Code.NONE
        return code

    def leave(self, id: str, instance: str | None) -> Code:
        """A static member may be named by its instance alone, as an operator does it."""
        if id in self._roster.named:
            self._gave_up(id)
            return Code.NONE
        holder = self._roster.holder(instance)
        id = id or (holder.id if holder else "")
        code = self._roster.stranger(id, instance)
        if code is Code.NONE:
            self._remove(self.members[id])
        return code

    def may_commit(self, id: str, instance: str | None, generation: int) -> Code:
        """An outsider (generation below 0) commits only where nobody is in."""
        if generation < 0 and not self.members:
            return Code.NONE
        code = self._stale(id, instance, generation)
        if code is Code.NONE and self.state == COMPLETING:
            return Code.REBALANCE_IN_PROGRESS
        if code is Code.NONE and self.state == STABLE:
            self._beat(self.members[id])
        return code

    def expel(self) -> None:
        """Everybody is out: on their next word they hear that nobody knows them."""
        for id in list(self._roster.named):
            self._roster.forget(id)
        for member in list(self.members.values()):
            self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        self._empty()

    def _stale(self, id: str, instance: str | None, generation: int) -> Code:
        """Why this is nobody of this generation, or NONE."""
        code = self._roster.stranger(id, instance)
        return code if code is not Code.NONE or generation == self.generation else Code.ILLEGAL_GENERATION

    def _gave_up(self, id: str) -> None:
        """Nobody is waited for any more who was given this id."""
        self._roster.forget(id)
        self._complete_when_all_are_there()

    def _add(self, wish: Wish, answer: Answer) -> None:
        self._roster.forget(wish.id)
        member = self._enter(replace(wish, id=wish.id or f"{wish.instance or wish.client}-{self._new_id()}"))
        self.kind = wish.kind
        member.hold(answer)
        self._prepare()

    def _enter(self, wish: Wish) -> Participant:
        member = self._roster.members[wish.id] = Participant(wish, Deadline(self._alarm))
        return member

    def _take_over(self, before: Participant, wish: Wish, answer: Answer) -> None:
        """A static member is back under a new id: what it held stays its own when it says what it said before."""
        led = self.leader == before.id
        self._roster.drop(before, Code.FENCED_INSTANCE_ID)
        member = self._enter(replace(wish, id=f"{wish.instance}-{self._new_id()}"))
        member.assignment = before.assignment
        if led:
            self.leader = member.id
        if self.state == STABLE and wish.protocols == before.wish.protocols:
            self._beat(member)
            # With its predecessor named as the leader it does not deal anew what everybody holds already.
            answer(replace(self._joined(member), leader=before.id, members=()) if led else self._joined(member))
        else:
            member.hold(answer)
            self._prepare()

    def _join_again(self, member: Participant, wish: Wish, answer: Answer) -> None:
        changed = wish.protocols != member.wish.protocols
        member.wish = wish
        unheard = self.state == COMPLETING or (self.state == STABLE and member.id != self.leader)
        if unheard and not changed:  # it has missed the answer
            self._beat(member)
            answer(self._joined(member))
        else:
            member.hold(answer)
            self._prepare()

    def _prepare(self) -> None:
        if self.state != PREPARING:
            for member in self.members.values():
                member.answer_sync(Synced(Code.REBALANCE_IN_PROGRESS))
            self.state = PREPARING
            self._rebalance.put(self._patience(), self._complete)
        self._complete_when_all_are_there()

    def _patience(self) -> float:
        """Seconds that a rebalance may take: the longest that a member asked for."""
        return max((member.wish.rebalance for member in self.members.values()), default=0.0)

    def _complete_when_all_are_there(self) -> None:
        waiting = self._roster.named or any(member.joining is None for member in self.members.values())
        if self.state == PREPARING and not waiting:
            self._complete()

    def _complete(self) -> None:
        """A new generation of those who have come, and of the static ones, who may be away for a session."""
        for member in list(self.members.values()):
            if member.joining is None and member.wish.instance is None:
                self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        come = [member for member in self.members.values() if member.joining]
        if not self.members:
            self._empty()
        elif not come:
            self._rebalance.put(self._patience(), self._complete)
        else:
            self._begin(come)

    def _begin(self, come: list[Participant]) -> None:
        self.generation += 1
        self.state = COMPLETING
        self.protocol = self._roster.elected()
        if self.leader not in {member.id for member in come}:
            self.leader = come[0].id
        self._rebalance.put(self._patience(), self._not_synced)
        for member in come:
            self._beat(member)
            member.answer_join(self._joined(member))

    def _joined(self, member: Participant) -> Joined:
        everybody = tuple((other.id, other.wish.instance, other.said(self.protocol)) for other in self.members.values())
        for_leader = everybody if member.id == self.leader else ()
        return Joined(Code.NONE, member.id, self.generation, self.kind, self.protocol, self.leader, for_leader)

    def _synced(self, member: Participant) -> Synced:
        return Synced(Code.NONE, self.kind, self.protocol, member.assignment)

    def _not_synced(self) -> None:
        """Who has not synced by the deadline is out."""
        for member in [member for member in self.members.values() if member.syncing is None]:
            self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        self._prepare()

    def _deal(self, dealt: Mapping[str, bytes]) -> None:
        self.state = STABLE
        self._rebalance.clear()
        for member in self.members.values():
            member.assignment = dealt.get(member.id, b"")
            member.answer_sync(self._synced(member))

    def _beat(self, member: Participant) -> None:
        """It was heard of: its session begins anew."""
        member.session.put(member.wish.session, lambda: self._remove(member))

    def _remove(self, member: Participant) -> None:
        self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        if self.state in (STABLE, COMPLETING):
            self._prepare()
        else:
            self._complete_when_all_are_there()

    def _empty(self) -> None:
        self.generation += 1
        self.state, self.protocol, self.leader = EMPTY, "", ""
        self._rebalance.clear()
