"""What holds in any second under any levers and any crisis, on every architecture."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator import traffic
from connectors.simulator.architecture import Architecture
from connectors.simulator.crisis import Crisis
from connectors.simulator.flows import Second
from connectors.simulator.now import Now
from connectors.simulator.observed import Counters, tick_of
from connectors.simulator.state import State, opened
from connectors.simulator.tick import Levers, Tick
from tests.connectors.simulator.sim_draws import plans

Plan = tuple[Architecture, list[tuple[Levers, Crisis, int]]]


@dataclass(frozen=True, slots=True)
class Lived:
    """One second with what came before and after it."""

    before: State
    after: State
    second: Second
    tick: Tick
    levers: Levers


def lived(plan: Plan, seed: int) -> Iterator[Lived]:
    plant, parts = plan
    state, t = opened(plant), 0
    known: Counters = {}
    for levers, crisis, seconds in parts:
        for _ in range(seconds):
            now = Now(plant, levers, crisis, t, seed)
            after, second = traffic.step(state, now)
            tick = tick_of(state, after, second, now, known)
            yield Lived(state, after, second, tick, levers)
            state, known, t = after, tick.counters, t + 1


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(plans(), st.integers(0, 2**32))
def test_every_request_is_answered_refused_failed_or_waits(plan: Plan, seed: int) -> None:
    for each in lived(plan, seed):
        fronts = zip(each.before.fronts, each.after.fronts, each.second.passages, plan[0].fronts, strict=True)
        for before, after, passage, front in fronts:
            admission, outcome = passage.admission, passage.outcome
            out = outcome.answered + outcome.failed + passage.refused + admission.limited
            assert out + after.queue - before.queue == near(admission.offered)
            arrived = each.second.arrivals.origin * front.share + before.waiting.due
            assert admission.offered == near(arrived)
        arrivals, second = each.second.arrivals, each.second
        ways = arrivals.unresolved + arrivals.hits + arrivals.waiting + arrivals.origin
        assert ways == near(arrivals.users)
        queued = sum(front.queue for front in each.after.fronts) - sum(front.queue for front in each.before.fronts)
        everything = second.answered + second.errors + second.limited + queued
        assert everything == near(second.offered)


@settings(max_examples=30, deadline=None)
@given(plans(), st.integers(0, 2**32))
def test_no_number_is_negative_or_none_and_shares_are_shares(plan: Plan, seed: int) -> None:
    for each in lived(plan, seed):
        tick = each.tick
        used = [number for each_used in tick.usage.values() for number in asdict(each_used).values()]
        wrong = {name: value for name, value in tick.gauges.items() if not (isfinite(value) and value >= 0)}
        assert not wrong
        assert all(isfinite(number) and number >= 0 for number in [*tick.counters.values(), *used])
        outcomes = [number for passage in each.second.passages for number in asdict(passage.outcome).values()]
        assert min(outcomes) >= -1e-6
        saturated = [value for name, value in tick.gauges.items() if name.startswith("saturation.")]
        shares = (tick.success, tick.success_origin, tick.cache.hit_rate, tick.gauges["success.paying"], *saturated)
        assert all(0 <= share <= 1 for share in shares)
        assert tick.gauges["latency.p50"] <= tick.gauges["latency.p95"] <= tick.gauges["latency.p99"]
        assert all(number >= 0 for number in asdict(tick.cache).values())


@settings(max_examples=30, deadline=None)
@given(plans(), st.integers(0, 2**32))
def test_counters_only_grow_and_offsets_are_in_order(plan: Plan, seed: int) -> None:
    for earlier, later in pairwise(lived(plan, seed)):
        assert later.tick.counters.keys() == earlier.tick.counters.keys()
        assert all(later.tick.counters[name] >= value for name, value in earlier.tick.counters.items())
        sought = later.levers.reported.seeks
        for one, two in zip(earlier.tick.groups, later.tick.groups, strict=True):
            for before, after in zip(one.partitions, two.partitions, strict=True):
                assert before.low <= after.low <= after.end
                assert before.end <= after.end
                assert (after.committed or 0) <= after.end
                if not sought:
                    assert (before.committed or 0) <= (after.committed or 0)


@settings(max_examples=20, deadline=None)
@given(plans(), st.integers(0, 2**32))
def test_every_message_is_read_lost_or_waits(plan: Plan, seed: int) -> None:
    for each in lived(plan, seed):
        if each.levers.reported.seeks:
            continue
        for before, after, flow in zip(each.before.topics, each.after.topics, each.second.flows, strict=True):
            assert after.held + flow.produced == near(before.held + flow.wanted)
            assert after.lag + flow.consumed + flow.lost == pytest.approx(
                before.lag + flow.produced, rel=1e-9, abs=1e-3
            )


@settings(max_examples=10, deadline=None)
@given(plans(), st.integers(0, 2**32))
def test_the_same_seed_and_deeds_tell_the_same(plan: Plan, seed: int) -> None:
    assert [each.tick for each in lived(plan, seed)] == [each.tick for each in lived(plan, seed)]


TOLD = """
import sys
from connectors.simulator.played import play
from connectors.simulator.scenarios import SCENARIOS
scenario = SCENARIOS["payment-cascade"]
for tick in play(scenario, scenario.moves, sys.argv[1], seed=5, end=-100):
    print(tick)
for tick in list(play(scenario, scenario.moves, sys.argv[1], seed=5, end=140))[-3:]:
    print(sorted(tick.gauges.items()), tick)
"""


@pytest.mark.parametrize("architecture", ["shop", "streaming"])
def test_two_processes_tell_the_same_to_the_byte(architecture: str) -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", TOLD, architecture],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert len(told.pop()) > 100_000
