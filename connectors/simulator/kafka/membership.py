"""The members of one consumer group, as Kafka's classic protocol has it: join, be told who else is there, sync, beat.

Without I/O: answers go to the callback that each question brings, timeouts come from an ``Alarm``. Here is who may come
in and be heard; what follows from it for all is in ``rounds``.
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
from connectors.simulator.kafka.rounds import COMPLETING, PREPARING, STABLE, Rounds


class Membership:
    """``new_id`` makes ids; they must not repeat."""

    def __init__(self, alarm: Alarm, new_id: Callable[[], str]) -> None:
        self._roster = Roster(alarm)
        self.rounds = Rounds(self._roster)
        self._alarm = alarm
        self._new_id = new_id

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
        code = self.rounds.stale(id, instance, generation)
        if code is Code.NONE and self.rounds.state == PREPARING:
            code = Code.REBALANCE_IN_PROGRESS
        if any(len(assignment) > LARGEST_SAID for assignment in dealt.values()):
            code = Code.INVALID_REQUEST
        if code is not Code.NONE:
            answer(Synced(code))
            return
        member = self.members[id]
        member.answer_sync(Synced(Code.REBALANCE_IN_PROGRESS))
        member.syncing = answer
        self.rounds.beat(member)
        if self.rounds.state == COMPLETING and id == self.rounds.leader:
            self.rounds.deal(dealt)
        elif self.rounds.state == STABLE:
            member.answer_sync(self.rounds.synced(member))

    def heartbeat(self, id: str, instance: str | None, generation: int) -> Code:
        code = self.rounds.stale(id, instance, generation)
        if code is Code.NONE:
            self.rounds.beat(self.members[id])
            return Code.REBALANCE_IN_PROGRESS if self.rounds.state == PREPARING else Code.NONE
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
            self.rounds.remove(self.members[id])
        return code

    def may_commit(self, id: str, instance: str | None, generation: int) -> Code:
        """An outsider (generation below 0) commits only where nobody is in."""
        if generation < 0 and not self.members:
            return Code.NONE
        code = self.rounds.stale(id, instance, generation)
        if code is Code.NONE and self.rounds.state == COMPLETING:
            return Code.REBALANCE_IN_PROGRESS
        if code is Code.NONE and self.rounds.state == STABLE:
            self.rounds.beat(self.members[id])
        return code

    def expel(self) -> None:
        """Everybody is out: on their next word they hear that nobody knows them."""
        for id in list(self._roster.named):
            self._roster.forget(id)
        for member in list(self.members.values()):
            self._roster.drop(member, Code.UNKNOWN_MEMBER_ID)
        self.rounds.empty()

    def _gave_up(self, id: str) -> None:
        """Nobody is waited for any more who was given this id."""
        self._roster.forget(id)
        self.rounds.begin_when_all_are_there()

    def _add(self, wish: Wish, answer: Answer) -> None:
        self._roster.forget(wish.id)
        member = self._enter(replace(wish, id=wish.id or f"{wish.instance or wish.client}-{self._new_id()}"))
        self.rounds.kind = wish.kind
        member.hold(answer)
        self.rounds.prepare()

    def _enter(self, wish: Wish) -> Participant:
        member = self._roster.members[wish.id] = Participant(wish, Deadline(self._alarm))
        return member

    def _take_over(self, before: Participant, wish: Wish, answer: Answer) -> None:
        """A static member is back under a new id: what it held stays its own when it says what it said before."""
        led = self.rounds.leader == before.id
        self._roster.drop(before, Code.FENCED_INSTANCE_ID)
        member = self._enter(replace(wish, id=f"{wish.instance}-{self._new_id()}"))
        member.assignment = before.assignment
        if led:
            self.rounds.leader = member.id
        if self.rounds.state == STABLE and wish.protocols == before.wish.protocols:
            self.rounds.beat(member)
            # With its predecessor named as the leader it does not deal anew what everybody holds already.
            answer(
                replace(self.rounds.joined(member), leader=before.id, members=()) if led else self.rounds.joined(member)
            )
        else:
            member.hold(answer)
            self.rounds.prepare()

    def _join_again(self, member: Participant, wish: Wish, answer: Answer) -> None:
        changed = wish.protocols != member.wish.protocols
        member.wish = wish
        unheard = self.rounds.state == COMPLETING or (self.rounds.state == STABLE and member.id != self.rounds.leader)
        if unheard and not changed:  # it has missed the answer
            self.rounds.beat(member)
            answer(self.rounds.joined(member))
        else:
            member.hold(answer)
            self.rounds.prepare()
