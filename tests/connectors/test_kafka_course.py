"""From one reading of a group to the next: sums that hold whatever partitions come, go and start over."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kafka.course import NEWS, WINDOW, Course, Trace, begin, follow, step_of
from connectors.kafka.lag import Place, sum_up

OFFSET = st.integers(min_value=0, max_value=2**30)


def place(committed: int, end: int, low: int = 0, topic: str = "orders", partition: int = 0) -> Place:
    return Place(topic, partition, committed, low, end)


def walk(*readings: Sequence[Place], every: float = 1.0, ids: Sequence[str] = ()) -> Course:
    """The course after these readings, so many seconds apart; ``ids``: of the one topic, a reading each."""
    course: Course | None = None
    for number, places in enumerate(readings):
        course = follow(course, places, number * every, {"orders": ids[number]} if ids else {})
    assert course is not None
    return course


@st.composite
def traces(draw: st.DrawFn) -> tuple[Trace, Trace]:
    """Two readings of one partition of the same birth: offsets of the log only grow, the commit goes where it likes."""
    low, kept, committed = draw(OFFSET), draw(OFFSET), draw(OFFSET)
    old = Trace(min(committed, low + kept), low, low + kept, "", 0.0, 0.0)
    end = old.end + draw(OFFSET)
    low = draw(st.integers(old.low, end))
    return old, Trace(draw(st.integers(0, end)), low, end, "", 0.0, 0.0)


@settings(max_examples=300, deadline=None)
@given(traces())
def test_what_was_consumed_and_the_change_of_the_lag_make_up_what_was_produced(pair: tuple[Trace, Trace]) -> None:
    old, new = pair
    step = step_of(old, new)
    assert min(step.produced, step.consumed, step.expired, step.rewound) >= 0
    assert new.lag - old.lag == step.produced - step.consumed - step.expired + step.rewound
    assert new.position - old.position == step.consumed + step.expired - step.rewound


@st.composite
def histories(draw: st.DrawFn) -> list[list[Place]]:
    """Readings of a group whose partitions come, go, move, expire, are rewound, and start over."""
    logs: dict[int, tuple[int, int, int]] = {}
    readings = []
    for _ in range(draw(st.integers(2, 8))):
        for partition in draw(st.lists(st.integers(0, 3), unique=True)):
            low, _, end = logs.get(partition, (0, 0, 0))
            if draw(st.integers(0, 9)) == 0:
                logs[partition] = (0, 0, draw(st.integers(0, 50)))  # made anew
                continue
            end += draw(st.integers(0, 1000))
            low = draw(st.integers(low, end))
            logs[partition] = (low, draw(st.integers(0, end)), end)
        shown = draw(st.lists(st.sampled_from(sorted(logs)), unique=True)) if logs else []
        readings.append([place(logs[n][1], logs[n][2], logs[n][0], partition=n) for n in shown])
    return readings


@settings(max_examples=200, deadline=None)
@given(histories())
def test_totals_never_fall_and_rates_are_never_negative(readings: list[list[Place]]) -> None:
    course: Course | None = None
    for number, places in enumerate(readings):
        before, course = course, follow(course, places, number * 5.0, {})
        if before is not None:
            assert course.consumed >= before.consumed
            assert course.produced >= before.produced
            assert course.expired >= before.expired
        for part in course.now.traces:
            pace = course.pace(part)
            assert pace is None or min(pace.consumed, pace.produced) >= 0


@settings(max_examples=200, deadline=None)
@given(histories())
def test_totals_move_by_the_partitions_that_both_readings_have(readings: list[list[Place]]) -> None:
    """Never from different sets of partitions: what the totals gain is what those that stayed have done."""
    course: Course | None = None
    for number, places in enumerate(readings):
        before, course = course, follow(course, places, number * 5.0, {})
        if before is None:
            continue
        stayed = {
            part: (before.now.traces[part], trace)
            for part, trace in course.now.traces.items()
            if part in before.now.traces and trace.born == before.now.traces[part].born
        }
        gained = sum(new.end - old.end for old, new in stayed.values())
        assert course.produced - before.produced == gained
        lag = sum(new.lag - old.lag for old, new in stayed.values())
        rewound = course.rewound if course.rewound_at == course.now.at else 0
        assert lag == gained - (course.consumed - before.consumed) - (course.expired - before.expired) + rewound


def test_the_first_totals_are_the_offsets_of_the_places_that_count() -> None:
    places = [place(5, 12), place(0, 9, partition=1), Place("orders", 2, None, 0, 7)]
    course = begin(places, 0.0, {})
    assert (course.consumed, course.produced) == (sum_up(places).consumed, sum_up(places).produced) == (5, 21)


def test_a_partition_that_is_added_makes_no_spike_and_no_fall() -> None:
    one, more = [place(100, 200)], [place(110, 220), place(0, 5_000_000, partition=1)]
    course = walk(one, more, [more[0]])
    assert (course.consumed, course.produced) == (110, 220)


def test_a_topic_made_anew_starts_over_also_when_its_end_already_passed_the_old_one() -> None:
    course = walk([place(100, 200)], [place(150, 900)], ids=["a", "b"])
    assert (course.consumed, course.produced) == (100, 200)
    assert course.renewed_now == {"orders"}
    assert course.pace(("orders", 0)) is None
    assert walk([place(100, 200)], [place(150, 900)], ids=["a", "a"]).renewed_now == set()
    assert walk([place(100, 200)], [place(150, 900)], ids=["", "b"]).renewed_now == set()  # an id that was not told


def test_an_end_that_fell_starts_over_where_brokers_have_no_ids() -> None:
    course = walk([place(100, 200)], [place(100, 20)], [place(100, 50)])
    assert (course.consumed, course.produced) == (100, 230)
    assert course.renewed_now == {"orders"}


def test_a_group_set_back_tells_by_how_much_for_a_minute() -> None:
    course = walk([place(100, 200)], [place(40, 200)])
    assert (course.consumed, course.rewound_now) == (100, 60)
    later = follow(course, [place(50, 200)], 1.0 + NEWS, {})
    assert (later.consumed, later.rewound_now) == (110, 0)


def test_what_retention_deleted_is_not_consumed() -> None:
    course = walk([place(10, 100)], [place(10, 100, low=60)], [place(70, 100, low=60)])
    assert (course.consumed - 10, course.expired) == (10, 50)


@pytest.mark.parametrize("every", [0.5, 1.0, 5.0, 60.0])
def test_a_partitions_own_rate_looks_back_a_window(every: float) -> None:
    readings = [[place(int(30 * every * n), int(50 * every * n) + 1)] for n in range(80)]
    course = walk(*readings, every=every)
    pace = course.pace(("orders", 0))
    assert pace is not None
    assert (pace.consumed, pace.produced) == pytest.approx((30, 50))
    assert len(course.marks) <= 2
    assert course.now.at - course.marks[0].at <= max(WINDOW, 2 * every)


def test_the_same_reading_twice_changes_nothing() -> None:
    course = walk([place(1, 5)], [place(2, 6)])
    assert follow(course, [place(9, 9)], course.now.at, {}) is course
