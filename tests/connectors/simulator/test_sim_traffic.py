"""The traffic model: what must hold in any second, and how the crises and their remedies come out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from connectors.simulator import database, traffic
from connectors.simulator.architecture import architecture_named
from connectors.simulator.crisis import CALM, Crisis
from connectors.simulator.flows import Second
from connectors.simulator.model import Model
from connectors.simulator.rehearsal import Rehearsal
from connectors.simulator.scenarios import FAULT, SCENARIOS
from connectors.simulator.state import State, opened
from connectors.simulator.tick import Breaker, Levers, Pods, Tick
from tests.connectors.simulator.sim_levers import shop_levers, shop_now

START, END = -120, int(FAULT) + 900
ACT = int(FAULT) + 90
P2 = frozenset({"recommendations", "reviews", "search_suggest"})
WISHLIST = frozenset({"wishlist"})
EVERYTHING = frozenset({"pods", "ttl", "p2", "rate"})


def run(
    remedies: frozenset[str] = frozenset(),
    scenario: str = "viral-spike",
    seed: int = 0,
    end: int = END,
    act: int = ACT,
) -> Iterator[Tick]:
    """The scenario, with the remedies from second ``act`` on."""
    model, cluster, tick = Model(SCENARIOS[scenario], seed), Rehearsal(architecture_named("shop")), None
    for t in range(START, end):
        acting = remedies if t >= act else frozenset()
        if "pods" in acting:
            cluster.fleets["api"].low, cluster.fleets["api"].high = 20, 100
        cluster.step(t, tick)
        tick = model.step(
            t,
            Levers(
                cluster.pods(t),
                ttl={"catalog": 600.0 if "ttl" in acting else 60.0},
                features_off=WISHLIST | P2 if "p2" in acting else WISHLIST,
                user_rate=100.0 if "rate" in acting else None,
            ),
        )
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
    """At its deepest; later the autoscaler itself takes pods away, whose CPUs idle."""
    deepest = END - START - 480
    alone, nothing = ran("pods")[deepest], ran()[deepest]
    assert alone.gauges["database.connections"] == alone.gauges["database.max"]
    assert alone.gauges["database.latency"] > 2 * nothing.gauges["database.latency"]
    assert mean(ran("pods"), "success_origin", END - 600) < mean(ran(), "success_origin", END - 600) / 1.5


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


def seconds(levers: Levers, crisis: Crisis, count: int) -> list[tuple[State, Second]]:
    """So many seconds of the shop under the same levers and crisis."""
    state, lived = opened(architecture_named("shop")), []
    for t in range(count):
        state, second = traffic.step(state, shop_now(levers, crisis, t))
        lived.append((state, second))
    return lived


def test_more_workers_end_a_growing_lag_after_a_rebalance() -> None:
    state, states = opened(architecture_named("shop"), 1), []
    for t in range(300):
        levers = shop_levers(Pods(20), Pods(1 if t < 200 else 8))
        state, _ = traffic.step(state, shop_now(levers, Crisis(spike=6.0), t))
        states.append(state.topics[0])
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
    load = database.Load(demand=100.0, pool=20, threads=0.0, health=0.01)
    service = database.serve(architecture_named("shop").database, database.UNUSED, load)
    assert service.full
    assert service.latency > 1


def test_slow_payments_hold_threads_until_the_breaker_opens() -> None:
    crisis = Crisis(third_party_ok=0.2, third_party_slow=20)
    breakers = {"payments": Breaker()}
    closed = seconds(shop_levers(Pods(5), Pods(4)), crisis, 60)
    opening = seconds(shop_levers(Pods(5), Pods(4), breakers=breakers), crisis, 60)
    assert max(second.passages[0].demand.work.residence for _, second in opening) > 0.1
    assert opening[-1][0].parties[0].queued > 0
    assert opening[20][1].passages[0].outcome.unpaid == 0
    assert closed[-1][1].passages[0].outcome.unpaid > 0
    assert closed[-1][0].parties[0].queued == 0


def test_the_crisis_is_neutral_by_default() -> None:
    assert SCENARIOS["calm"].crisis(10_000) == CALM


def test_seconds_that_nobody_looks_at_are_counted_all_the_same() -> None:
    looked, passed = (Model(SCENARIOS["viral-spike"], 3) for _ in range(2))
    levers = shop_levers(Pods(5), Pods(4))
    for t in range(100):
        looked.step(t, levers)
        passed.pass_by(t, levers)
    assert looked.step(100, levers) == passed.step(100, levers)
