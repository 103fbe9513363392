"""Topics under an operator's hand: quotas, retention, outside commits, lost brokers, and a message nobody survives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator import topics
from connectors.simulator.architecture import architecture_named
from connectors.simulator.tick import REPORTED, Levers, Pods, Reported
from connectors.simulator.topics import Consumers, Flow
from tests.connectors.simulator.sim_levers import shop_now

ORDERS = architecture_named("shop").consumed[0]
RATE = 80.0  # messages a second: what four workers manage


class Life:
    """The orders and their group, second by second."""

    def __init__(self) -> None:
        self.group: Consumers = topics.opened(ORDERS, 4)
        self.t = 0
        self.lost = 0.0

    def run(
        self,
        seconds: int,
        reported: Reported = REPORTED,
        workers: int = 4,
        poisoned: bool = False,
        rate: float = RATE / 2,
    ) -> Flow:
        """So many seconds; the last one's flow."""
        for _ in range(seconds):
            now = shop_now(Levers({"workers": Pods(workers)}, reported=reported), t=self.t)
            self.group, flow = topics.step(ORDERS, self.group, rate, poisoned, now)
            self.t += 1
            self.lost += flow.lost
        return flow


def seek(offsets: Mapping[int, int]) -> Reported:
    return Reported(seeks={("orders", "orders", index): offset for index, offset in offsets.items()})


def changed(**fields: Any) -> Reported:
    return replace(REPORTED, **fields)


def test_a_quota_holds_its_producer_back_and_nothing_is_lost() -> None:
    life = Life()
    throttled = life.run(60, changed(quotas={"api": 10 * 1024.0}))
    assert throttled.produced == 10
    assert life.group.held == 60 * (RATE / 2 - 10)
    assert life.run(1).produced == RATE / 2 + 60 * (RATE / 2 - 10)
    assert life.group.held == 0


def test_anothers_quota_changes_nothing() -> None:
    assert Life().run(5, changed(quotas={"reporting": 1.0})).produced == RATE / 2


def test_retention_deletes_what_nobody_has_read_and_counts_it() -> None:
    life = Life()
    life.run(120, workers=0)
    assert life.lost == 0
    life.run(1, changed(retention={"orders": 30.0}), workers=0)
    assert 80 * RATE / 2 <= life.lost <= 100 * RATE / 2
    assert all(low > done for low, done in zip(life.group.low, life.group.consumed, strict=True))
    before = life.group.lag
    life.run(30, changed(retention={"orders": 30.0}), rate=0.0)
    assert before > life.group.lag == 0


def test_retention_that_is_longer_than_the_lag_loses_nothing() -> None:
    life = Life()
    life.run(300, changed(retention={"orders": 60.0}))
    assert life.lost == 0
    assert life.group.low[0] > topics.opened(ORDERS, 4).low[0]


def test_a_commit_from_outside_is_taken_over_once_and_only_by_an_empty_group() -> None:
    life = Life()
    life.run(10)
    target = int(life.group.produced[0]) - 5
    before = life.group.consumed
    life.run(1, seek({0: target}), rate=0.0)
    assert life.group.consumed[0] == before[0]  # four members are in
    life.run(1, workers=0, rate=0.0)
    life.run(1, seek({0: target}), workers=0, rate=0.0)
    assert life.group.consumed[0] == target
    life.run(20, seek({0: target}), rate=0.0)
    assert life.group.consumed[0] == life.group.produced[0]


@given(st.integers(-(10**9), 10**9))
def test_a_commit_beyond_what_is_there_ends_at_what_is_there(offset: int) -> None:
    life = Life()
    life.run(1, seek({0: offset}), workers=0)
    assert life.group.low[0] <= life.group.consumed[0] <= life.group.produced[0]


def test_poison_stops_its_partition_until_a_commit_beyond_it() -> None:
    life = Life()
    life.run(60, poisoned=True)
    behind = [end - done for end, done in zip(life.group.produced, life.group.consumed, strict=True)]
    assert behind[0] > 200
    assert max(behind[1:]) < 1
    life.run(1, workers=0, poisoned=True)
    life.run(1, seek({0: int(life.group.consumed[0]) + 1}), workers=0, poisoned=True)
    life.run(120, workers=8, poisoned=True)
    assert life.group.lag < 1


def test_one_lost_broker_costs_an_election_and_two_stop_everything() -> None:
    life = Life()
    life.run(5)
    assert life.run(1, changed(brokers_lost=1)).produced == 0
    assert life.run(topics.ELECTION, changed(brokers_lost=1)).produced > 0
    assert life.run(20, changed(brokers_lost=2)).produced == 0
    assert life.run(1).produced > 20 * RATE / 2
    assert life.run(30).consumed > 0
    assert life.group.held == 0


def test_a_change_of_members_is_a_rebalance_in_kafkas_words() -> None:
    life = Life()
    states = []
    for workers in (4, 5, 5, 5, 5, 5, 5, 5, 0):
        life.run(1, workers=workers)
        states.append(topics.shown(ORDERS, life.group, life.t - 1).state)
    assert states == ["Stable", *["PreparingRebalance"] * 3, *["CompletingRebalance"] * 3, "Stable", "Empty"]
