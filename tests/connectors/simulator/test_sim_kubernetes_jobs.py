"""Cron schedules against times that anyone can look up, and what is no schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.kubernetes.crashes import Backoff
from connectors.simulator.kubernetes.cron import BadSchedule, parsed


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("*/5 * * * *", "2025-10-09T08:53:20", "2025-10-09T08:55:00"),
        ("0 3 * * *", "2025-10-09T08:53:20", "2025-10-10T03:00:00"),
        ("30 2 * * sun", "2025-10-09T08:53:20", "2025-10-12T02:30:00"),
        ("0 0 1 jan *", "2025-10-09T08:53:20", "2026-01-01T00:00:00"),
        ("0 12 13 * fri", "2025-10-09T08:53:20", "2025-10-10T12:00:00"),  # the 13th, or a Friday
        ("0 0 29 2 *", "2025-10-09T08:53:20", "2028-02-29T00:00:00"),
        ("0-10/5 9,17 * * 1-5", "2025-10-10T17:10:00", "2025-10-13T09:00:00"),
        ("@hourly", "2025-10-09T08:53:20", "2025-10-09T09:00:00"),
    ],
)
def test_the_next_time_of_a_schedule(text: str, after: str, due: str) -> None:
    assert parsed(text).after(datetime.fromisoformat(after)) == datetime.fromisoformat(due)


@pytest.mark.parametrize("text", ["", "often", "* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "0 0 * * fun"])
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(BadSchedule):
        parsed(text)


def test_a_day_that_never_comes() -> None:
    assert parsed("0 0 31 2 *").after(datetime(2025, 1, 1, tzinfo=UTC)) is None


@settings(max_examples=30)
@given(st.integers(0, 59), st.integers(0, 23), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_a_daily_time_is_within_a_day_and_later(minute: int, hour: int, moment: datetime) -> None:
    due = parsed(f"{minute} {hour} * * *").after(moment)
    assert due is not None
    assert (due.minute, due.hour) == (minute, hour)
    assert 0 < (due - moment).total_seconds() <= 86_400


def test_the_back_off_doubles_to_five_minutes_and_forgives_after_ten() -> None:
    backoff, t, waits = Backoff(), 0.0, []
    for _ in range(8):
        backoff.began("pod", t)
        waits.append(backoff.failed("pod", t + 2))
        t += 2 + waits[-1]
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]
    backoff.began("pod", t)
    assert backoff.failed("pod", t + 600) == 0
