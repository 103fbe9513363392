"""Ages and rates do not care what a time server does to the wall clock."""

from __future__ import annotations

import time

import pytest

from console.clock import SystemClock


def test_a_wall_clock_that_is_set_back_moves_wall_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock(speed=10)
    before, real = clock.now(), time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    assert before <= clock.now() < before + 60
    assert clock.wall() < real() - 3000


def test_estate_time_starts_at_wall_time_and_runs_at_its_speed() -> None:
    clock = SystemClock(speed=1000)
    first, began = clock.now(), clock.monotonic()
    while clock.monotonic() - began < 0.01:
        pass
    took = clock.monotonic() - began
    assert abs(first - clock.wall()) < 5
    assert clock.now() - first >= took * 1000 * 0.9
