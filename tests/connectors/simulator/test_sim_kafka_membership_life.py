"""Members that join, sync, leave and fall silent in any order: what holds of a group whatever befalls it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.later import StoppedAlarm
from connectors.simulator.kafka.membership import Membership
from connectors.simulator.kafka.roster import Joined, Synced, Wish
from connectors.simulator.kafka.rounds import PREPARING, STABLE

PARTITIONS = 7
WISH = Wish("", "test", "consumer", (("range", b"r"), ("roundrobin", b"rr")), session=10.0, rebalance=30.0)


class MembershipLife(RuleBasedStateMachine):
    """Clients that do as clients do, in any order, and time that passes meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm = StoppedAlarm()
        ids = count()
        self.door = Membership(self.alarm, lambda: str(next(ids)))
        self.waiting = 0
        self.last: dict[str, Joined] = {}
        self.held: dict[str, tuple[int, bytes]] = {}
        self.generation = 0

    def _answered(self, joined: Joined) -> None:
        self.waiting -= 1
        if joined.code is Code.NONE:
            self.last[joined.member] = joined

    @rule()
    def a_newcomer_joins(self) -> None:
        self.waiting += 1
        self.door.join(WISH, self._answered)

    @precondition(lambda self: self.last)
    @rule(data=st.data())
    def a_member_joins_again(self, data: st.DataObject) -> None:
        self.waiting += 1
        self.door.join(replace(WISH, id=data.draw(st.sampled_from(sorted(self.last)))), self._answered)

    @precondition(lambda self: self.last)
    @rule(data=st.data())
    def a_member_syncs(self, data: st.DataObject) -> None:
        joined = self.last[data.draw(st.sampled_from(sorted(self.last)))]
        ids = [id for id, _, _ in joined.members]
        dealt = {id: bytes(range(n, PARTITIONS, len(ids))) for n, id in enumerate(ids)}

        def answered(synced: Synced) -> None:
            if synced.code is Code.NONE:
                self.held[joined.member] = (joined.generation, synced.assignment)

        self.door.sync(joined.member, None, joined.generation, dealt, answered)

    @precondition(lambda self: self.last)
    @rule(data=st.data())
    def a_member_leaves(self, data: st.DataObject) -> None:
        self.door.leave(data.draw(st.sampled_from(sorted(self.last))), None)

    @rule(seconds=st.floats(0.0, 20.0))
    def time_passes(self, seconds: float) -> None:
        self.alarm.run(seconds)

    @invariant()
    def a_stable_group_owns_each_partition_once(self) -> None:
        if self.door.rounds.state == STABLE:
            owned = [part for member in self.door.members.values() for part in member.assignment]
            assert sorted(owned) == list(range(PARTITIONS))

    @invariant()
    def generations_only_rise(self) -> None:
        assert self.door.rounds.generation >= self.generation
        self.generation = self.door.rounds.generation

    @invariant()
    def everybody_who_waits_is_waited_for(self) -> None:
        waiting = sum(member.joining is not None for member in self.door.members.values())
        assert waiting == self.waiting
        assert not waiting or self.door.rounds.state == PREPARING


TestLife = MembershipLife.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
