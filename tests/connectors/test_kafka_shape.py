"""Which partitions stand still, and whether anybody is there: stalled and stopped told apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.kafka.course import Course, follow
from connectors.kafka.lag import Place
from connectors.kafka.seen import GroupView
from connectors.kafka.shape import QUIET, STILL, Standing, shape_at, standing
from console.model.shape import Shape

ORDERS = ("orders", 0)
HELD = GroupView("orders", "Stable", 1, frozenset({ORDERS}))
EMPTY = GroupView("orders", "Empty", 0, frozenset())


def watched(seconds: float, committed: Callable[[int], int], end: Callable[[int], int], every: float = 5.0) -> Course:
    """The course of one partition, read every so many seconds; the functions are of the second."""
    course: Course | None = None
    for number in range(int(seconds / every) + 1):
        at = number * every
        course = follow(course, [Place("orders", 0, committed(int(at)), 0, end(int(at)))], at, {})
    assert course is not None
    return course


def test_commits_that_do_not_move_are_stalled_where_a_member_holds_the_partition() -> None:
    course = watched(STILL, lambda _: 100, lambda t: 200 + 10 * t)
    assert standing(HELD, course) == Standing(stalled=(ORDERS,))
    assert shape_at(HELD, course, ORDERS) is Shape.STALLED


@pytest.mark.parametrize(
    "group",
    [
        EMPTY,
        GroupView("orders", "Dead", 0),
        GroupView("orders", "Stable", 1, frozenset({("orders", 1)})),  # held by nobody in a group that is there
    ],
)
def test_no_commits_are_stopped_where_nobody_holds_the_partition(group: GroupView) -> None:
    course = watched(QUIET, lambda _: 100, lambda t: 200 + 10 * t)
    assert standing(group, course) == Standing(stopped=(ORDERS,))
    assert shape_at(group, course, ORDERS) is Shape.STOPPED


def test_a_consumer_that_assigns_by_hand_commits_without_being_a_member_and_is_not_stopped() -> None:
    course = watched(120, lambda t: 100 + 5 * t, lambda t: 2000 + 10 * t)
    assert standing(EMPTY, course) == Standing()
    assert shape_at(EMPTY, course, ORDERS) is Shape.GROWING


def test_what_was_not_watched_for_long_enough_is_unknown_not_fine() -> None:
    course = watched(STILL - 5, lambda _: 100, lambda _: 200)
    assert standing(HELD, course) == Standing(unsure=1)
    assert shape_at(HELD, course, ORDERS) is Shape.GROWING  # nothing came, nothing went: it does not drain
    assert shape_at(HELD, watched(0, lambda _: 100, lambda _: 200), ORDERS) is Shape.UNKNOWN


def test_who_moved_a_moment_ago_does_not_stand_still() -> None:
    course = watched(90, lambda t: 100 + min(t, 60), lambda t: 2000 + t)
    assert standing(HELD, course) == Standing()


def test_a_group_that_has_nothing_to_read_stands_still_for_ever_and_is_fine() -> None:
    course = watched(600, lambda _: 200, lambda _: 200)
    assert standing(HELD, course) == standing(EMPTY, course) == Standing()
    assert shape_at(EMPTY, course, ORDERS) is Shape.OK


def test_a_constant_lag_of_one_is_a_transactions_end_and_counts_as_caught_up() -> None:
    course = watched(600, lambda _: 199, lambda _: 200)
    assert standing(HELD, course) == Standing()
    assert shape_at(HELD, course, ORDERS) is Shape.OK


def test_work_after_a_long_rest_is_not_a_standstill_at_once() -> None:
    course = watched(610, lambda _: 200, lambda t: 200 if t <= 600 else 260)
    assert standing(HELD, course) == Standing()
    assert shape_at(HELD, course, ORDERS) is not Shape.STALLED
    assert shape_at(HELD, watched(610, lambda _: 200, lambda t: 200 if t < 300 else 260), ORDERS) is Shape.STALLED


@pytest.mark.parametrize(
    ("committed", "expected"), [(lambda t: 100 + 5 * t, Shape.GROWING), (lambda t: 100 + 20 * t, Shape.SHRINKING)]
)
def test_behind_is_told_apart_by_whether_it_gains(committed: Callable[[int], int], expected: Shape) -> None:
    course = watched(60, committed, lambda t: 5000 + 10 * t)
    assert shape_at(HELD, course, ORDERS) is expected
