"""When a schedule was last due, and whether it started then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kubernetes.schedule import overdue, schedule_of
from tests.connectors.kubernetes_objects import NOW, obj, seen, stamp, values

AT = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("* * * * *", "2025-10-09 08:53"),
        ("*/15 * * * *", "2025-10-09 08:45"),
        ("0 3 * * *", "2025-10-09 03:00"),
        ("30 9 * * *", "2025-10-08 09:30"),
        ("0 0 * * mon-fri", "2025-10-09 00:00"),
        ("0 0 * * 0", "2025-10-05 00:00"),
        ("5-10/5 2,4 * OCT *", "2025-10-09 04:10"),
        ("0 0 13 * FRI", "2025-10-03 00:00"),  # either day is enough
        ("0 0 31 * *", "2025-08-31 00:00"),
        ("@hourly", "2025-10-09 08:00"),
        ("@monthly", "2025-10-01 00:00"),
        ("5/20 * * * *", "2025-10-09 08:45"),
    ],
)
def test_the_last_time_that_it_was_due(text: str, due: str) -> None:
    schedule = schedule_of(text)
    assert schedule is not None
    found = schedule.due_before(AT)
    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == due


NONE = ("", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", "@every 1h")


@pytest.mark.parametrize("text", [*NONE, "* * * * *" * 9999, "١ * * * *", "-1 * * * *", ", * * * *"])
def test_what_is_no_schedule_is_not_late(text: str) -> None:
    assert schedule_of(text) is None
    assert overdue(text, None, 0.0, NOW) is None


FIELDS = st.tuples(
    st.sampled_from(["*", "0", "*/7", "3-9", "59"]),
    st.sampled_from(["*", "0", "*/5", "22-23"]),
    st.sampled_from(["*", "1", "15-20", "31"]),
    st.sampled_from(["*", "2", "10-12"]),
    st.sampled_from(["*", "0", "1-5", "sat"]),
)


@settings(max_examples=40, deadline=None)
@given(fields=FIELDS, minutes=st.integers(0, 500_000))
def test_it_is_never_in_the_future_and_nothing_is_due_between(fields: tuple[str, ...], minutes: int) -> None:
    schedule = schedule_of(" ".join(fields))
    assert schedule is not None
    now = AT + timedelta(minutes=minutes)
    due = schedule.due_before(now)
    assert due is None or due <= now
    for back in range(180):  # every minute of the last three hours, one by one
        minute = (now - timedelta(minutes=back)).replace(second=0)
        if minute.hour in schedule.hours and minute.minute in schedule.minutes and schedule._on(minute):
            assert due == minute
            return
    assert due is None or due < now - timedelta(minutes=179)


def test_a_zone_and_one_that_there_is_not() -> None:
    assert overdue("0 10 * * *", "Europe/Berlin", NOW - 86_400, NOW) == 53 * 60 + 20
    assert overdue("0 10 * * *", "../../etc/passwd", 0.0, NOW) is None
    assert overdue("0 10 * * *", "Mars/Olympus", 0.0, NOW) is None


@pytest.mark.parametrize(
    ("schedule", "started", "late"),
    [
        ("*/5 * * * *", 200, 0),  # at 8:50, as it was due
        ("*/5 * * * *", 3600, 200),
        ("0 3 * * *", 100_000, 5 * 3600 + 53 * 60 + 20),
        ("53 8 * * *", 86_400, 0),  # due 20 s ago: the controller has a minute for it
        ("@every 1h", 86_400, None),
    ],
)
def test_a_start_that_did_not_come(schedule: str, started: float, late: float | None) -> None:
    cron = obj("night", {"schedule": schedule}, {"lastScheduleTime": stamp(started)})
    one = seen({"cronjobs": [cron]})["cronjob/shop/night"]
    assert values(one)["overdue"] == late
    assert any("missed" in note for note in one.notes) is bool(late)


def test_one_that_never_started_counts_from_its_creation() -> None:
    spec = {"schedule": "@hourly"}
    found = seen(
        {"cronjobs": [obj("new", spec, creationTimestamp=stamp(600)), obj("old", spec, creationTimestamp=stamp(9000))]}
    )
    assert values(found["cronjob/shop/new"])["overdue"] == 0
    assert values(found["cronjob/shop/old"])["overdue"] == 53 * 60 + 20
