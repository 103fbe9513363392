"""Time to loss, and how late a group is: from ends at known times, and from what brokers answer."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kafka.asking import questions
from connectors.kafka.course import Course, Frame, Trace, follow
from connectors.kafka.lag import Place
from connectors.kafka.retention import (
    BY_SIZE,
    EARLIEST,
    FOR_EVER,
    NOT_TOLD,
    SAFE,
    UNSURE,
    Outlook,
    ahead,
)
from connectors.kafka.seen import TopicConfig
from connectors.kafka.written import DAY, SPREAD, Written

ORDERS = ("orders", 0)
HOUR = 3600.0
WEEK = {"orders": TopicConfig(retention_ms=int(7 * DAY * 1000), retention_bytes=-1, cleanup=frozenset({"delete"}))}


def course(committed: int, end: int, now: float, low: int = 0) -> Course:
    return Course(Frame(now, {ORDERS: Trace(committed, low, end, "", 0.0, now)}))


def read(rate: float, until: float, every: float = 5.0, low: float = 0.0) -> Written:
    """What is known after readings of a partition that grows, and is deleted from, by so many a second."""
    written = Written()
    for number in range(int(until / every) + 1):
        at = number * every
        written = written.after({ORDERS: (int(low * at), int(rate * at))}, at)
    return written


def asked_out(committed: int, end: int, now: float, rate: float) -> tuple[Outlook, int]:
    """The outlook of a group behind on a log of ``rate`` a second since 0, once no question is left, and how many."""
    written, going = Written(), course(committed, end, now)
    for number in range(50):
        wanted = questions({"g": going}, WEEK, written)
        if not wanted:
            return ahead(going, WEEK, written).kept, number
        answers = {part: (each.time, min(end, math.ceil(each.time * rate))) for part, each in wanted.items()}
        written = written.with_answers(answers)
    raise AssertionError("never satisfied")


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 6.99))
def test_time_to_loss_is_never_told_too_late_and_is_exact_under_a_day(days_old: float) -> None:
    now, rate = 30 * DAY, 10.0
    written = now - days_old * DAY
    left, asked = asked_out(int(written * rate), int(now * rate), now, rate)
    true = written + 7 * DAY - now
    assert left.seconds is not None
    assert left.note == (EARLIEST if left.seconds < DAY else SAFE)
    assert left.seconds <= true + 1
    assert asked <= 12
    if true < DAY:
        assert left.seconds == pytest.approx(true, rel=0.06, abs=61)
    else:
        assert left.seconds >= DAY or left.seconds == pytest.approx(true, rel=0.06)


def test_a_backlog_that_is_safe_for_a_day_costs_one_question() -> None:
    now = 30 * DAY
    assert asked_out(int((now - HOUR) * 10), int(now * 10), now, 10)[1] == 1


def test_a_group_that_has_read_everything_is_not_asked_about_and_loses_nothing_for_as_long_as_records_are_kept() -> (
    None
):
    going = course(500, 500, 30 * DAY)
    assert questions({"g": going}, WEEK, Written()) == {}
    assert ahead(going, WEEK, Written()).kept == Outlook(7 * DAY)


def test_what_may_be_gone_any_moment_is_zero() -> None:
    now = 30 * DAY
    assert asked_out(int((now - 8 * DAY) * 10), int(now * 10), now, 10)[0] == Outlook(0.0, EARLIEST)


@pytest.mark.parametrize(
    ("config", "note"),
    [
        (None, NOT_TOLD),
        (TopicConfig(), NOT_TOLD),
        (TopicConfig(retention_ms=-1, cleanup=frozenset({"delete"})), FOR_EVER),
        (TopicConfig(retention_ms=1000, cleanup=frozenset({"compact"})), FOR_EVER),
        (WEEK["orders"], UNSURE),
    ],
)
def test_what_is_not_known_has_no_countdown_and_says_why(config: TopicConfig | None, note: str) -> None:
    configs = {} if config is None else {"orders": config}
    assert ahead(course(1, 500, 30 * DAY), configs, Written()).kept == Outlook(None, note)


def test_retention_by_size_is_judged_by_how_fast_the_low_watermark_moves() -> None:
    configs = {"orders": TopicConfig(retention_ms=-1, retention_bytes=2**30, cleanup=frozenset({"delete"}))}
    written = read(rate=100, until=600, low=80)
    left = ahead(course(committed=56_000, end=60_000, now=600, low=48_000), configs, written).kept
    assert left.seconds == pytest.approx(100.0)
    assert left.note == BY_SIZE
    nothing_deleted = read(rate=100, until=600)
    assert ahead(course(56_000, 60_000, 600), configs, nothing_deleted).kept.seconds is None


@pytest.mark.parametrize("age", [7.0, 60.0, 599.0, 3000.0])
def test_how_late_a_group_is(age: float) -> None:
    written, now, rate = read(rate=50, until=3600), 3600.0, 50.0
    offset = int((now - age) * rate)
    late, at_least = written.bracket(ORDERS, offset, 0.0).age(offset, now)
    assert late == pytest.approx(age, abs=1.0)
    assert not at_least


def test_a_backlog_from_before_we_watched_is_late_by_at_least_as_long() -> None:
    written = Written().after({ORDERS: (0, 500)}, 100.0).after({ORDERS: (0, 600)}, 160.0)
    assert written.bracket(ORDERS, 400, 0.0).age(400, 160.0) == (60.0, True)


def test_readings_of_a_topic_that_was_made_anew_do_not_date_the_new_ones_offsets() -> None:
    written = Written().after({ORDERS: (0, 500)}, 100.0).after({ORDERS: (0, 700)}, 160.0)
    assert written.bracket(ORDERS, 600, 0.0).after == (100.0, 500)
    assert written.bracket(ORDERS, 600, 160.0).after is None
    answered = written.with_answers({ORDERS: (50.0, 100)})
    assert answered.bracket(ORDERS, 200, 160.0).after == (50.0, 100)
    assert answered.without(frozenset({"orders"})).bracket(ORDERS, 200, 160.0).after is None


def test_a_partition_without_a_leader_stands_where_it_stood() -> None:
    written = Written().after({ORDERS: (0, 500)}, 0.0).after({ORDERS: None}, 10.0).after({ORDERS: (0, 600)}, 20.0)
    assert written.bracket(ORDERS, 550, 0.0).after == (10.0, 500)
    assert Written().after({ORDERS: None}, 0.0).bracket(ORDERS, 5, 0.0).after is None


def test_healthy_groups_ask_once_and_then_never_again() -> None:
    """What was read a moment ago tells the age of a small backlog: no broker is asked."""
    written, asked = Written(), []
    for second in range(0, 1800, 5):
        now = 30 * DAY + second
        written = written.after({ORDERS: (0, int(now * 10))}, now)
        going = course(int((now - 4) * 10), int(now * 10), now)
        wanted = questions({"g": going}, WEEK, written)
        written = written.with_answers({part: (each.time, int(each.time * 10)) for part, each in wanted.items()})
        asked += [second] * len(wanted)
    assert asked == [0]


def test_a_backlog_from_before_the_first_reading_is_dated_by_asking() -> None:
    start, old = 30 * DAY, 30 * DAY - 3 * HOUR
    written, numbers = Written(), []
    for second in range(0, 120, 5):
        now = start + second
        written = written.after({ORDERS: (0, int(now * 10))}, now)
        going = course(int(old * 10), int(now * 10), now)
        wanted = questions({"g": going}, WEEK, written)
        written = written.with_answers({part: (each.time, int(each.time * 10)) for part, each in wanted.items()})
        numbers.append(len(wanted))
    found = ahead(going, WEEK, written)
    assert not found.at_least
    assert found.late == pytest.approx(now - old, rel=0.02)
    assert sum(numbers) <= 12
    assert numbers[-1] == 0


@settings(max_examples=30, deadline=None)
@given(st.floats(1.0, 90.0))
def test_a_day_of_readings_takes_few_points_and_leaves_no_wide_gap(every: float) -> None:
    written, now = Written(), 0.0
    while now < 1.2 * DAY and len(written.frames) < 200:
        now += every * (1 + now / 2000)  # readings become rarer, so that the test is quick
        written = written.after({ORDERS: (0, int(now))}, now)
    assert len(written.frames) < 100
    ages = [now - frame.at for frame in written.frames]
    assert max(ages) <= DAY
    widest = 2 * every * (1 + now / 2000)
    assert all(old - new <= max(widest, 3 * old / SPREAD) for old, new in pairwise(ages))


def test_questions_come_from_the_worst_group_of_a_partition() -> None:
    now = 30 * DAY
    safe, bad = course(int((now - HOUR) * 10), int(now * 10), now), course(int((now - 6.5 * DAY) * 10), 10**9, now)
    written = Written()
    first = questions({"a": safe, "b": bad}, WEEK, written)
    written = written.with_answers({part: (each.time, int(each.time * 10)) for part, each in first.items()})
    assert questions({"a": safe}, WEEK, written) == {}
    assert questions({"a": safe, "b": bad}, WEEK, written) == questions({"b": bad}, WEEK, written) != {}


def test_a_course_keeps_when_a_partition_was_born() -> None:
    going = follow(None, [Place("orders", 0, 1, 0, 5)], 3.0, {"orders": "a"})
    going = follow(going, [Place("orders", 0, 1, 0, 9)], 8.0, {"orders": "b"})
    assert going.now.traces[ORDERS].born == 8.0
