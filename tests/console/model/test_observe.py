"""One reading folds into the next topology: rates, joins, ages, health, and what is gone is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.change import Fact, Mark
from console.model.component import Health
from console.model.layout import Layout, Placement
from console.model.observe import aged, empty, observe
from console.model.rules import Rule
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import FailureKind, Observed, Seen, Snapshot, Unreachable
from console.model.topology import Topology

LAYOUT = Layout(
    placements=(
        Placement("api", "api", "kubernetes/deployment/shop/api", ("kubernetes/hpa/shop/api", "prometheus/api")),
        Placement("queue", "queue", "kafka/group/orders"),
        Placement("cache", "cache", "redis/cache"),
        Placement("database", "database", "prometheus/database"),
    ),
    rules=(
        Rule("*.cpu", above=0.7, hold=3),
        Rule("cache.hit_rate", below=0.8, hold=2),
        Rule("*.growth", above=1, hold=0),
    ),
)


def gauge(name: str, value: float | None, at: float, unit: Unit = Unit.COUNT, source: str = "x") -> Signal:
    return Signal(name, value, unit, at, source)


def redis(at: float, hits: float, misses: float, epoch: str = "r1", memory: float = 10) -> Snapshot:
    cache = Observed(
        "redis/cache",
        signals=(gauge("memory", memory, at, Unit.BYTES), gauge("memory_max", 100, at, Unit.BYTES)),
        counters=(
            Counter("hits", hits, "hits", at, "redis", epoch),
            Counter("misses", misses, "misses", at, "redis", epoch),
        ),
    )
    return Snapshot("redis", at, 0.001, (cache,))


def kafka(at: float, lag: float, consumed: float, produced: float) -> Snapshot:
    group = Observed(
        "kafka/group/orders",
        signals=(gauge("lag", lag, at, Unit.MESSAGES),),
        counters=(
            Counter("consumed_total", consumed, "consumed", at, "kafka"),
            Counter("produced_total", produced, "produced", at, "kafka"),
        ),
        state="Stable",
    )
    return Snapshot("kafka", at, 0.001, (group,))


def fold(*seen: Seen) -> Topology:
    topology = empty(LAYOUT)
    for each in seen:
        topology = observe(topology, each)
    return topology


def test_before_anything_is_seen_every_line_is_there_and_unknown() -> None:
    topology = empty(LAYOUT)
    assert [each.alias for each in topology.components] == ["api", "queue", "cache", "database"]
    assert {each.health for each in topology.components} == {Health.UNKNOWN}


def test_hit_rate_is_of_the_interval_not_since_start() -> None:
    topology = fold(redis(0, 900_000, 0), redis(1, 900_050, 50))
    reading = topology.reading("cache.hit_rate")
    assert reading is not None
    assert reading.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(redis(1, 100, 10), id="no traffic"),
        pytest.param(redis(1, 100, 12), id="no more than the consoles' own"),
        pytest.param(redis(1, 5, 5, epoch="r2"), id="restarted"),
        pytest.param(redis(1, 90, 10), id="counter fell"),
    ],
)
def test_hit_rate_is_unknown_rather_than_wrong(second: Snapshot) -> None:
    reading = fold(redis(0, 100, 10), second).reading("cache.hit_rate")
    assert reading is not None
    assert reading.value is None
    assert reading.note


def test_a_lag_that_grows_says_by_how_much_and_does_not_drain() -> None:
    topology = fold(kafka(0, 2000, 0, 2000), kafka(1, 2050, 50, 2100), kafka(2, 2100, 100, 2200))
    growth, drain = topology.reading("queue.growth"), topology.reading("queue.drain")
    assert growth is not None
    assert growth.value == pytest.approx(50)
    assert growth.health is Health.WARN
    assert drain is not None
    assert drain.value is None


def test_a_lag_that_shrinks_has_a_time_to_drain_and_a_forecast() -> None:
    topology = fold(kafka(0, 9000, 0, 9000), kafka(1, 8900, 200, 9100))
    drain = topology.reading("queue.drain")
    assert drain is not None
    assert drain.value == pytest.approx(89.0)
    assert [(each.alias, each.what) for each in topology.forecasts] == [("queue", "drained")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(kafka(0, 14, 0, 14), kafka(10, 13, 140, 153), id="a second's worth of work"),
        pytest.param(kafka(0, 0, 500, 500), kafka(3, 300, 500, 800), id="between two commits"),
        pytest.param(kafka(0, 1, 0, 1), kafka(10, 1, 0, 1), id="a transaction's marker"),
    ],
)
def test_what_is_under_way_is_no_backlog(before: Snapshot, after: Snapshot) -> None:
    topology = fold(before, after)
    for name in ("queue.growth", "queue.drain"):
        reading = topology.reading(name)
        assert reading is not None
        assert (reading.value, reading.note, reading.health) == (0.0, "caught up", Health.OK)
    assert topology.forecasts == ()


def test_a_lag_that_stands_behind_consumers_that_stopped_is_not_caught_up() -> None:
    drain = fold(kafka(0, 500, 0, 500), kafka(10, 500, 0, 500)).reading("queue.drain")
    assert drain is not None
    assert (drain.value, drain.note) == (None, "not draining")


def test_what_nobody_tells_anything_of_becomes_stale_all_the_same() -> None:
    seen = fold(redis(0, 100, 0), redis(1, 200, 0))
    assert aged(seen, 1 + 3) is seen
    later = aged(seen, 1 + 3.1)
    assert later.component("cache").readings["hit_rate"].stale  # type: ignore[union-attr]
    assert later.component("cache").health is Health.UNKNOWN  # type: ignore[union-attr]
    assert aged(later, 0.0) is later


def test_a_source_that_fails_keeps_its_last_values_until_they_are_stale() -> None:
    down = Unreachable("redis", 2, FailureKind.REFUSED, "connection refused")
    topology = fold(redis(0, 0, 0), redis(1, 80, 20), down)
    source = topology.sources["redis"]
    assert source.failure is down
    assert source.age(2.0) == 1.0
    cache = topology.component("cache")
    assert cache is not None
    assert cache.value("hit_rate") == pytest.approx(0.8)
    assert cache.health is Health.OK

    later = observe(topology, replace(down, at=6.0)).component("cache")
    assert later is not None
    assert later.value("hit_rate") == pytest.approx(0.8)
    assert later.readings["hit_rate"].stale
    assert later.health is Health.UNKNOWN


def test_an_answer_after_a_failure_clears_it() -> None:
    topology = fold(Unreachable("redis", 1, FailureKind.TIMED_OUT, "no answer"), redis(2, 1, 1))
    assert topology.sources["redis"].failure is None


def test_one_blind_source_makes_a_joined_line_unknown_but_not_less_than_critical() -> None:
    seen = Observed("prometheus/api", signals=(gauge("cpu", 0.2, 0, Unit.RATIO),))
    topology = fold(Snapshot("prometheus", 0, 0.01, (seen,)))
    api = topology.component("api")
    assert api is not None
    assert api.seen
    assert api.health is Health.UNKNOWN


def test_what_was_deleted_leaves_within_one_reading() -> None:
    topology = fold(kafka(0, 1, 1, 2), Snapshot("kafka", 1, 0.01, ()))
    assert "kafka/group/orders" not in topology.observed
    queue = topology.component("queue")
    assert queue is not None
    assert not queue.seen


def test_two_sources_that_disagree_say_so() -> None:
    api = Observed("kubernetes/deployment/shop/api", signals=(gauge("ready", 9, 0, source="kubernetes"),))
    said = Observed("prometheus/api", signals=(gauge("ready", 12, 0, source="prometheus"),))
    reading = fold(Snapshot("kubernetes", 0, 0.1, (api,)), Snapshot("prometheus", 0, 0.1, (said,))).reading("api.ready")
    assert reading is not None
    assert reading.value == 9
    assert reading.note == "kubernetes says 9, prometheus says 12"


def test_memory_that_fills_has_a_countdown() -> None:
    topology = fold(*(redis(at, 0, 0, memory=40 + at) for at in range(10)))
    forecast = next(each for each in topology.forecasts if each.what == "full")
    assert forecast.seconds == pytest.approx(51, rel=0.01)


def test_what_is_in_force_keeps_its_order_whoever_reports_last() -> None:
    def marked(name: str, *marks: str) -> Fact:
        return Fact(name, 1, marks=tuple(Mark(run, "s", 0, 1, None) for run in marks))

    first = Snapshot("a", 0, 0.1, (Observed("a/y", facts=(marked("z", "2", "1"), marked("c", "3"))),))
    second = Snapshot("b", 1, 0.1, (Observed("b/x", facts=(marked("d", "4"),)),))
    for seen in (fold(first, second), fold(second, first), fold(first, second, replace(first, at=2))):
        assert [(each.component, each.fact, each.mark.run) for each in seen.in_force] == [
            ("a/y", "c", "3"), ("a/y", "z", "2"), ("a/y", "z", "1"), ("b/x", "d", "4"),
        ]  # fmt: skip


def test_what_rose_and_stands_still_has_none() -> None:
    heights = [40.0 + 5 * min(at, 8) for at in range(24)]
    assert fold(*(redis(at, 0, 0, memory=height) for at, height in enumerate(heights[:9]))).forecasts
    assert fold(*(redis(at, 0, 0, memory=height) for at, height in enumerate(heights))).forecasts == ()


def test_what_is_in_force_is_every_mark_and_says_when_the_value_is_anothers() -> None:
    mark = Mark("run-1", "ttl", 60, 600, None)
    cache = Observed("redis/cache", facts=(Fact("ttl.catalog", 900, marks=(mark,)),))
    (standing,) = fold(Snapshot("redis", 0, 0.1, (cache,))).in_force
    assert standing.mark is mark
    assert standing.drifted


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.1, 30)), min_size=2, max_size=20))
def test_whatever_is_read_no_value_is_negative_or_over_one(steps: list[tuple[float, float, float]]) -> None:
    at, topology = 0.0, empty(LAYOUT)
    for hits, misses, pause in steps:
        at += pause
        topology = observe(topology, redis(at, hits, misses))
        reading = topology.reading("cache.hit_rate")
        assert reading is not None
        assert reading.value is None or 0 <= reading.value <= 1


def test_a_rule_that_fires_on_by_its_slack_says_that_the_value_was_beyond_the_bound() -> None:
    def cpu(at: float, value: float) -> Snapshot:
        return Snapshot("prometheus", at, 0.1, (Observed("prometheus/api", (gauge("cpu", value, at, Unit.RATIO),)),))

    beyond = fold(*(cpu(at, 0.9) for at in range(5)))
    back = observe(beyond, cpu(5.0, 0.69))
    reasons = [each.reasons for topology in (beyond, back) if (each := topology.component("api"))]
    assert reasons == [("cpu 90% above 70% for 3s",), ("cpu 69% was above 70% for 3s",)]
