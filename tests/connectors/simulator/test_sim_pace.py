"""A clock whose speed changes: what was said stays true, time never runs back, and the file tells others the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.clock import SimClock
from connectors.simulator.pace import read, sim_at, text_of, wall_at

turns = st.lists(st.tuples(st.floats(0.001, 1e4), st.sampled_from([0.0, 0.25, 1.0, 4.0, 200.0])), max_size=12)


def ran(changes: list[tuple[float, float]]) -> tuple[SimClock, float]:
    """A clock that was turned after each of these times, and the wall time at the end."""
    wall = [1_000_000.0]
    clock = SimClock(2.0, lambda: wall[0])
    for after, speed in changes:
        wall[0] += after
        if speed:
            clock.speed = speed
            clock.resume()
        else:
            clock.pause()
    return clock, wall[0]


@given(turns, st.lists(st.floats(-1e4, 1e5), min_size=2, max_size=8))
def test_time_never_runs_back_and_never_jumps(changes: list[tuple[float, float]], moments: list[float]) -> None:
    clock, _ = ran(changes)
    moments = sorted(1_000_000 + moment for moment in moments)
    for earlier, later in pairwise(moments):
        assert -1e-6 <= clock.sim(later) - clock.sim(earlier) <= (later - earlier) * 200 + 1e-3


@given(turns, st.floats(0, 1e5))
def test_mapped_out_and_in_again_a_moment_is_itself(changes: list[tuple[float, float]], sim: float) -> None:
    clock, _ = ran([*changes, (1.0, 1.0)])  # it runs in the end
    assert clock.sim(clock.wall(sim)) == pytest.approx(sim, abs=1e-3)


@given(turns)
def test_a_turn_changes_nothing_that_was_said_before(changes: list[tuple[float, float]]) -> None:
    clock, now = ran(changes)
    moments = [1_000_000 + (now - 1_000_000) * n / 10 for n in range(10)]
    said = [clock.sim(moment) for moment in moments]
    later, _ = ran([*changes, (5.0, 200.0)])
    assert [later.sim(moment) for moment in moments] == said


@given(turns)
def test_the_file_tells_the_same(changes: list[tuple[float, float]]) -> None:
    clock, now = ran(changes)
    file = Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp") / "seawall-test-pace"
    file.write_text(text_of(clock.segments))
    told = read(file)
    file.unlink()
    assert told == clock.segments
    assert told is not None
    assert sim_at(told, now) == clock.sim(now)
    assert wall_at(told, 3.0) == clock.wall(3.0)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"segments": []}', '{"segments": [[1, 2]]}', '{"segments": [[1, 2, -1]]}', "null",
     '{"segments": [[1, 2, NaN]]}', '{"segments": 5}', '{"segments": [["a", 1, 1]]}'],
)  # fmt: skip
def test_a_file_that_says_nothing_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pace").write_text(text)
    assert read(tmp_path / "pace") is None
    assert read(tmp_path / "missing") is None
