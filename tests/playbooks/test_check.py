"""Checks: bounds with time to come true and to hold, trends, read-back, and honesty about no data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from console.model.change import Change, FactValue, Mark
from console.model.layout import Layout
from console.model.observe import empty, observe
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed, Snapshot
from console.model.topology import Topology
from playbooks.check import Failed, Inconclusive, Ours, Passed, Waiting, evaluate, limit, suggested, words
from playbooks.library import find
from playbooks.playbook import Comparison, ReadBack, SignalCheck, StillOurs
from tests.playbooks.small_estate import CACHE, HPA, LAYOUT, SmallEstate

CPU = SignalCheck("api.cpu", Comparison.BELOW, 0.7, hold=0.0, within=60.0)


def history(values: Sequence[float | None], unit: Unit = Unit.RATIO, every: float = 1.0) -> Topology:
    """``api.cpu`` as it was, one value each ``every`` seconds from 0."""
    topology = empty(replace_interval(LAYOUT, every))
    for place, value in enumerate(values):
        at = place * every
        cpu = Observed("prometheus/api", signals=(Signal("cpu", value, unit, at, "prometheus"),))
        topology = observe(topology, Snapshot("prometheus", at, 0.0, (cpu,)))
    return topology


def replace_interval(layout: Layout, interval: float) -> Layout:
    return replace(layout, interval=interval)


@pytest.mark.parametrize(
    ("comparison", "value", "meets"),
    [
        (Comparison.ABOVE, 0.71, True),
        (Comparison.ABOVE, 0.7, False),
        (Comparison.AT_LEAST, 0.7, True),
        (Comparison.AT_LEAST, 0.69, False),
        (Comparison.BELOW, 0.69, True),
        (Comparison.BELOW, 0.7, False),
        (Comparison.AT_MOST, 0.7, True),
        (Comparison.AT_MOST, 0.71, False),
    ],
)
def test_bounds(comparison: Comparison, value: float, meets: bool) -> None:
    check = replace(CPU, comparison=comparison)
    topology = history([value])
    assert isinstance(evaluate(check, topology, 0.0, 1.0), Passed if meets else Waiting)
    assert isinstance(evaluate(check, topology, 0.0, 60.0), Passed if meets else Failed)


def test_a_failure_names_what_was_wanted() -> None:
    result = evaluate(CPU, history([0.91]), 0.0, 60.0)
    assert result == Failed("api.cpu 91%, wanted api.cpu below 70%")


def test_it_must_hold_on_end() -> None:
    check = replace(CPU, hold=10.0)
    assert isinstance(evaluate(check, history([0.5] * 10), 0.0, 9.0), Waiting)
    assert isinstance(evaluate(check, history([0.5] * 11), 0.0, 10.0), Passed)
    assert isinstance(evaluate(check, history([0.5] * 6 + [0.9] + [0.5] * 9), 0.0, 15.0), Waiting)
    assert limit(check) == 70.0


def test_a_gap_ends_a_streak() -> None:
    check = replace(CPU, hold=10.0)
    unknown: list[float | None] = [None] * 8
    assert isinstance(evaluate(check, history([0.5] * 5 + unknown + [0.5] * 5), 0.0, 17.0), Waiting)


@pytest.mark.parametrize("now", [1.0, 1000.0])
def test_no_data_is_neither(now: float) -> None:
    assert isinstance(evaluate(CPU, history([None]), 0.0, now), Inconclusive)
    assert isinstance(evaluate(replace(CPU, signal="api.nothing"), history([0.5]), 0.0, now), Inconclusive)
    assert isinstance(evaluate(replace(CPU, signal="nowhere.cpu"), history([0.5]), 0.0, now), Inconclusive)


def test_a_measurement_from_before_the_write_does_not_count() -> None:
    topology = history([0.5])
    assert isinstance(evaluate(CPU, topology, 5.0, 6.0), Waiting)
    assert isinstance(evaluate(CPU, topology, 5.0, 65.0), Inconclusive)


@pytest.mark.parametrize(
    ("values", "unit", "rising"),
    [
        ([0.5 + n * 0.01 for n in range(20)], Unit.RATIO, True),
        ([0.5, 0.501] * 10, Unit.RATIO, False),
        ([0.9 - n * 0.01 for n in range(20)], Unit.RATIO, False),
        ([1000.0 + n * 50 for n in range(20)], Unit.MESSAGES, True),
        ([1000.0 + n * 0.5 for n in range(20)], Unit.MESSAGES, False),
        ([10.0, 14.0, 8.0, 12.0] * 5, Unit.MESSAGES, False),
    ],
)
def test_trends(values: list[float | None], unit: Unit, rising: bool) -> None:
    topology = history(values, unit)
    for wanted in (True, False):
        check = SignalCheck("api.cpu", Comparison.RISING, float(wanted), within=60.0)
        assert isinstance(evaluate(check, topology, 0.0, 60.0), Passed if wanted is rising else Failed)


def test_two_points_are_no_trend() -> None:
    check = SignalCheck("api.cpu", Comparison.RISING, 1.0, within=60.0)
    assert isinstance(evaluate(check, history([0.1, 0.9]), 0.0, 2.0), Waiting)
    assert isinstance(evaluate(check, history([0.1, 0.9]), 0.0, 60.0), Inconclusive)


CHANGE = Change(CACHE, "ttl.catalog", 60, 600, step="ttl", seq=1)
OURS = Ours("run-1", (CHANGE,))


def written(value: FactValue, run: str | None) -> tuple[SmallEstate, Topology, float]:
    """An estate in which the fact reads so, since a time a second before its last reading."""
    estate = SmallEstate()
    key = (CACHE, "ttl.catalog")
    estate.values[key] = value
    estate.marks[key] = (Mark(run, "ttl", 60, 600, None),) if run else ()
    since = estate.clock.now()
    estate.clock.time += 1
    return estate, estate.look(estate.topology), since


def test_read_back() -> None:
    _, topology, since = written(600, "run-1")
    assert isinstance(evaluate(ReadBack(), topology, since, since + 1, OURS), Passed)


@pytest.mark.parametrize(("value", "run"), [(60, None), (600, None), (600, "run-2"), (120, "run-1")])
def test_what_does_not_read_back(value: int, run: str | None) -> None:
    _, topology, since = written(value, run)
    assert isinstance(evaluate(ReadBack(), topology, since, since + 1, OURS), Waiting)
    assert isinstance(evaluate(ReadBack(), topology, since, since + 30, OURS), Failed)


def test_an_old_reading_proves_nothing() -> None:
    estate, topology, _ = written(600, "run-1")
    now = estate.clock.now()
    assert isinstance(evaluate(ReadBack(), topology, now + 1, now + 2, OURS), Waiting)
    assert isinstance(evaluate(ReadBack(), topology, now + 1, now + 31, OURS), Inconclusive)


def test_still_ours() -> None:
    estate, topology, since = written(600, "run-1")
    check = StillOurs(45)
    assert isinstance(evaluate(check, topology, since, since + 1, OURS), Waiting)
    estate.clock.time = since + 46
    assert isinstance(evaluate(check, estate.look(topology), since, since + 46, OURS), Passed)


def test_another_value_ends_it_at_once() -> None:
    _, topology, since = written(300, "run-1")
    result = evaluate(StillOurs(45), topology, since, since + 1, OURS)
    assert result == Failed("redis/cache ttl.catalog reads 300, expected 600")


def test_a_silent_source_is_inconclusive_in_the_end() -> None:
    estate, topology, since = written(600, "run-1")
    estate.down.add("redis")
    topology = estate.look(topology)
    assert isinstance(evaluate(StillOurs(45), topology, since, since + 50, OURS), Waiting)
    assert isinstance(evaluate(StillOurs(45), topology, since, since + 75, OURS), Inconclusive)


def run_hot(seconds: int) -> Topology:
    return history([0.9] * seconds)


@pytest.mark.parametrize(("make", "said"), [(lambda: run_hot(61), True), (lambda: run_hot(30), False)])
def test_a_suggestion_waits_for_its_time(make: Callable[[], Topology], said: bool) -> None:
    assert suggested(find("viral-spike"), make()) is said


def test_all_conditions_or_any() -> None:
    assert not suggested(find("scale-workers"), history([0.9] * 70))


def test_words() -> None:
    assert words(replace(CPU, hold=60.0), history([0.5])) == "api.cpu below 70% for 1m"
    assert words(StillOurs(45)) == "still ours after 45s"
    assert words(SignalCheck("queue.lag", Comparison.RISING, 0.0)) == "queue.lag not rising"
    assert HPA not in words(ReadBack())
