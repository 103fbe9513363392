"""Ages and rates do not care what a time server does to the wall clock."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectors.simulator.pace import text_of
from console.clock import SystemClock, clock_of


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


def until(clock: SystemClock, paused: bool) -> None:
    """Lets the clock look at its file, which it does a few times a second."""
    end = time.monotonic() + 5
    while clock.paused is not paused:
        assert time.monotonic() < end


def test_a_paced_clock_runs_on_alone_and_then_as_its_file_says(tmp_path: Path) -> None:
    file = tmp_path / "pace"
    clock = clock_of(100, file)
    began = clock.wall()
    first = clock.now()
    assert clock.now() - first <= (clock.wall() - began) * 100 + 1e-3
    assert (clock.speed, clock.paused) == (100, False)
    file.write_text(text_of(((began - 10, 0.0, 100.0), (began - 5, 500.0, 0.0))))
    until(clock, paused=True)
    still = clock.now()
    assert clock.speed == 100  # what it was, and will be
    assert clock.now() == still
    file.write_text(text_of(((began - 10, 0.0, 100.0), (began - 5, 500.0, 0.0), (began, 500.0, 1000.0))))
    until(clock, paused=False)
    assert clock.speed == 1000
    assert clock.now() - still == pytest.approx((clock.wall() - began) * 1000, rel=0.1)


async def test_a_sleep_ends_when_so_much_time_of_the_estate_has_passed(tmp_path: Path) -> None:
    clock = clock_of(1000, tmp_path / "pace")
    before = clock.now()
    await clock.sleep(50)
    assert 50 <= clock.now() - before < 5000


def test_a_file_that_says_nothing_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "pace"
    file.write_text("{")
    clock = clock_of(10, file)
    end = time.monotonic() + 0.3  # longer than it goes without a look
    while time.monotonic() < end:
        assert (clock.speed, clock.paused) == (10, False)
