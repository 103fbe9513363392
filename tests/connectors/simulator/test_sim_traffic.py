"""The traffic model: what must hold in any second, and how the crises and their remedies come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from math import ceil, isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator import database, traffic
from connectors.simulator.crisis import CALM, Crisis
from connectors.simulator.model import Model
from connectors.simulator.observed import Counters, tick_of
from connectors.simulator.scenarios import FAULT, SCENARIOS
from connectors.simulator.tick import Levers, Pods, Tick
from tests.connectors.simulator.sim_levers import shop_levers

START, END = -120, int(FAULT) + 900
ACT = int(FAULT) + 90
P2 = frozenset({"recommendations", "reviews", "search_suggest"})
WISHLIST = frozenset({"wishlist"})
EVERYTHING = frozenset({"pods", "ttl", "p2", "rate"})


@dataclass(slots=True)
class Cluster:
    """A deployment and its autoscaler in few lines: no wire, the documented arithmetic, pods ready after 20-60 s."""

    low: int = 5
    high: int = 20
    ready_at: list[int] = field(default_factory=lambda: [-(10**6)] * 5)

    def step(self, t: int, cpu: float) -> Pods:
        ready = sum(at <= t for at in self.ready_at)
        if t % 15 == 0:
            self._scale(t, ready * cpu / len(self.ready_at) / 0.7)
        cold = sum(t - 20 < at <= t for at in self.ready_at)
        return Pods(ready=ready, cold=cold, desired=len(self.ready_at))

    def _scale(self, t: int, ratio: float) -> None:
        now = len(self.ready_at)
        wanted = ceil(now * ratio) if ratio > 1.1 else now
        wanted = min(max(wanted, self.low), self.high, now + max(4, now))
        self.ready_at += [t + 20 + (index * 7) % 40 for index in range(wanted - now)]


def run(
    remedies: frozenset[str] = frozenset(),
    scenario: str = "viral-spike",
    seed: int = 0,
    end: int = END,
    act: int = ACT,
) -> Iterator[Tick]:
    """The scenario, with the remedies from second ``act`` on."""
    cluster, model, cpu = Cluster(), Model(SCENARIOS[scenario], seed, workers=4), 0.3
    for t in range(START, end):
        acting = remedies if t >= act else frozenset()
        if "pods" in acting:
            cluster.low, cluster.high = 20, 100
        levers = shop_levers(
            api=cluster.step(t, cpu),
            workers=Pods(4, desired=4),
            ttl={"catalog": 600.0 if "ttl" in acting else 60.0},
            features_off=WISHLIST | P2 if "p2" in acting else WISHLIST,
            user_rate=100.0 if "rate" in acting else None,
        )
        tick = model.step(t, levers)
        cpu = tick.usage["api"].cpu
        yield tick


@cache
def ran(*remedies: str) -> tuple[Tick, ...]:
    return tuple(run(frozenset(remedies)))


def mean(ticks: tuple[Tick, ...], field_name: str, since: int, until: int = END) -> float:
    values = [getattr(tick, field_name) for tick in ticks if since <= tick.t < until]
    return float(sum(values) / len(values))


def test_an_ordinary_day_is_healthy() -> None:
    for tick in run(scenario="calm"):
        assert tick.success > 0.9999
        assert tick.usage["api"].cpu < 0.5
        assert tick.gauges["cdn.hit_rate"] > 0.95
        assert tick.cache.hit_rate > 0.8 or tick.t < START + 60
        assert sum(group.partitions[0].end - (group.partitions[0].committed or 0) for group in tick.groups) < 10


def test_an_unanswered_spike_takes_success_under_seventy_percent() -> None:
    ticks = ran()
    assert mean(ticks, "success", END - 300) < 0.70
    assert mean(ticks, "success_origin", END - 300) < 0.30
    assert mean(ticks, "success_origin", 0, int(FAULT)) > 0.999


def test_the_remedies_together_keep_the_origin_answering() -> None:
    ticks = ran(*sorted(EVERYTHING))
    assert mean(ticks, "success_origin", END - 120) > 0.95
    assert mean(ticks, "success_origin", int(FAULT)) > mean(ran(), "success_origin", int(FAULT)) + 0.3


def test_the_autoscaler_alone_runs_into_its_maximum() -> None:
    last = ran()[-1]
    assert last.counters["api.cpu"] > 0
    assert last.success_origin < 0.3


@pytest.mark.parametrize("remedy", ["ttl", "p2", "rate"])
def test_each_other_remedy_helps_by_itself(remedy: str) -> None:
    assert mean(ran(remedy), "success_origin", int(FAULT)) > mean(ran(), "success_origin", int(FAULT)) + 0.04


def test_pods_alone_take_the_database_down() -> None:
    alone, nothing = ran("pods"), ran()
    assert alone[-1].gauges["database.connections"] == alone[-1].gauges["database.max"]
    assert alone[-1].gauges["database.latency"] > 2 * nothing[-1].gauges["database.latency"]
    assert mean(alone, "success_origin", END - 120) < mean(nothing, "success_origin", END - 120)


def test_a_late_answer_still_recovers() -> None:
    """Minutes after the fault everything is down; the remedies must lead out of that state, too."""
    late = int(FAULT) + 400
    ticks = tuple(run(EVERYTHING, end=late + 600, act=late))
    assert mean(ticks, "success_origin", late - 60, late) < 0.3
    assert mean(ticks, "success_origin", late + 540, late + 600) > 0.95


def test_limited_requests_are_shown_apart_from_success_and_failure() -> None:
    tick = ran(*sorted(EVERYTHING))[-1]
    assert tick.counters["gateway.429"] > 100_000
    assert tick.success_origin > 0.99


def test_the_same_seed_gives_the_same_history_and_another_another() -> None:
    first, again, other = (list(run(seed=seed, end=0)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_remedy_does_not_shift_the_noise_of_later_seconds() -> None:
    quiet = [tick.gauges["users.rate"] for tick in ran()]
    assert quiet == [tick.gauges["users.rate"] for tick in ran("p2")]


shares = st.floats(0.0, 1.0)
pods = st.builds(lambda ready, cold: Pods(ready, min(cold, ready), ready), st.integers(0, 200), st.integers(0, 200))
levers = st.builds(
    shop_levers,
    api=pods,
    workers=pods,
    gateway=pods,
    ttl=st.dictionaries(st.just("catalog"), st.floats(0.001, 1e6)),
    read_only=st.booleans(),
    features_off=st.frozensets(st.sampled_from(["checkout", "search", "reviews", "recommendations", "nonsense"])),
    user_rate=st.none() | st.floats(0.01, 1e6),
)
crises = st.builds(
    Crisis,
    spike=st.floats(0.0, 1000.0),
    conversion=shares,
    dns_ok=shares,
    cache_ok=shares,
    database_ok=shares,
    database_slow=st.floats(0.1, 100.0),
    payments_ok=shares,
    payments_slow=st.floats(0.1, 100.0),
    poisoned=st.sampled_from([0.0, 1.0]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(levers, crises, st.integers(1, 8)), min_size=1, max_size=8), st.integers(0, 2**32))
def test_requests_are_conserved_and_nothing_is_negative(plan: list[tuple[Levers, Crisis, int]], seed: int) -> None:
    state, t = traffic.opened(4), 0
    for lever, crisis, seconds in plan:
        for _ in range(seconds):
            before = state
            state, second = traffic.step(before, lever, crisis, t, seed)
            t += 1
            admission, served, outcome = second.admission, second.served, second.outcome
            answered = outcome.answered + outcome.failed + second.refused + admission.limited
            assert answered + state.queue - before.queue == pytest.approx(admission.offered, rel=1e-9, abs=1e-6)
            assert admission.offered == pytest.approx(second.arrivals.origin + before.retries)
            assert min(outcome.answered, outcome.late, outcome.lost, outcome.unpaid, served.overflow) >= -1e-6
            assert 0 <= state.success <= 1
            assert 0 <= state.success_origin <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(levers, min_size=2, max_size=6), crises)
def test_counters_only_grow_and_every_number_is_one(drawn: list[Levers], crisis: Crisis) -> None:
    ticks = _replayed(drawn, crisis)
    for tick in ticks:
        numbers = [*tick.gauges.values(), *tick.counters.values(), *_used(tick)]
        assert all(isfinite(number) and number >= 0 for number in numbers)
        assert 0 <= tick.cache.hit_rate <= 1
        assert tick.cache.memory <= tick.cache.memory_max + 1
    for earlier, later in pairwise(ticks):
        assert all(later.counters[name] >= value for name, value in earlier.counters.items())
        for one, two in zip(earlier.groups, later.groups, strict=True):
            for before, after in zip(one.partitions, two.partitions, strict=True):
                assert before.low <= (before.committed or 0) <= before.end <= after.end


def _used(tick: Tick) -> list[float]:
    return [number for used in tick.usage.values() for number in (used.cpu, used.memory, used.leaked, used.growth)]


def _replayed(drawn: list[Levers], crisis: Crisis) -> list[Tick]:
    state, ticks = traffic.opened(4), list[Tick]()
    counters: Counters = {}
    for t, lever in enumerate(drawn * 5):
        before = state
        state, second = traffic.step(before, lever, crisis, t, 7)
        tick = tick_of(before, state, second, lever, counters, t, 7)
        counters = tick.counters
        ticks.append(tick)
    return ticks


def test_a_poisoned_partition_stops_while_the_others_go_on() -> None:
    state = traffic.opened(4)
    for t in range(60):
        state, _ = traffic.step(state, shop_levers(Pods(5), Pods(4)), Crisis(poisoned=1.0), t, 0)
    behind = [end - done for end, done in zip(state.orders.produced, state.orders.consumed, strict=True)]
    assert behind[0] > 30
    assert max(behind[1:]) < 1


def test_more_workers_end_a_growing_lag_after_a_rebalance() -> None:
    state, states = traffic.opened(1), []
    for t in range(300):
        workers = 1 if t < 200 else 8
        state, _ = traffic.step(state, shop_levers(Pods(20), Pods(workers)), Crisis(spike=6.0), t, 0)
        states.append(state.orders)
    assert states[199].lag > 3000
    assert states[204].lag > states[199].lag  # nobody consumes during the rebalance
    assert states[299].lag < states[199].lag / 2


def test_without_workers_the_group_is_empty_and_its_lag_still_known() -> None:
    model = Model(SCENARIOS["calm"], 0, workers=0)
    for t in range(60):
        tick = model.step(t, shop_levers(Pods(5), Pods(0)))
    group = tick.groups[0]
    assert (group.state, group.members) == ("Empty", 0)
    assert sum(partition.end - (partition.committed or 0) for partition in group.partitions) > 100


def test_workers_alone_may_overload_a_database_that_is_slow() -> None:
    """The API is scaled to nothing, so none of its threads asks."""
    service = database.serve(database.Database(), 100.0, 20, 0.0, Crisis(database_slow=100.0))
    assert service.full
    assert service.latency > 1


def test_slow_payments_hold_threads_until_the_breaker_opens() -> None:
    state, latencies = traffic.opened(4), []
    for t in range(60):
        state, second = traffic.step(
            state, shop_levers(Pods(5), Pods(4)), Crisis(payments_ok=0.2, payments_slow=20), t, 0
        )
        latencies.append(second.demand.work.residence)
    assert max(latencies) > 0.1
    assert state.payments.queued > 0
    assert second.outcome.unpaid == 0


def test_the_crisis_is_neutral_by_default() -> None:
    assert SCENARIOS["calm"].crisis(10_000) == CALM
