"""The arithmetic of lag: never negative, what was lost apart, what was never committed unknown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kafka.lag import HOT_FLOOR, Place, epoch_of, sum_up

OFFSET = st.integers(min_value=0, max_value=2**40)
MAYBE = st.none() | OFFSET
PLACES = st.lists(st.builds(Place, st.sampled_from(["a", "b"]), st.integers(0, 9), MAYBE, MAYBE, MAYBE), max_size=8)


@pytest.mark.parametrize(
    ("committed", "low", "end", "lag", "lost", "clamped"),
    [
        (5, 0, 12, 7, 0, False),
        (12, 0, 12, 0, 0, False),
        (5, 8, 12, 4, 3, False),  # three expired unread: they are no work that waits
        (5, 12, 12, 0, 7, False),  # everything expired
        (20, 0, 12, 0, 0, True),  # made anew: fewer than were committed
        (0, 0, 0, 0, 0, False),
        (None, 0, 12, None, None, False),  # never committed is not the whole log
        (5, None, None, None, None, False),  # no leader answered
    ],
)
def test_one_place(
    committed: int | None, low: int | None, end: int | None, lag: int | None, lost: int | None, clamped: bool
) -> None:
    place = Place("orders", 0, committed, low, end)
    assert (place.lag, place.lost, place.clamped) == (lag, lost, clamped)


@settings(max_examples=200, deadline=None)
@given(PLACES)
def test_sums_are_never_negative_and_count_every_place_once(places: list[Place]) -> None:
    lag = sum_up(places)
    counting = [p for p in places if p.committed is not None and p.readable]
    assert (lag.lag is None) == (not counting) == (lag.lost is None)
    assert (lag.lag or 0) >= 0
    assert (lag.lost or 0) >= 0
    assert lag.never_committed == sum(p.committed is None for p in places)
    assert lag.unreadable == sum(not p.readable for p in places)
    assert len(counting) + lag.never_committed + lag.unreadable >= len(places)


@settings(max_examples=200, deadline=None)
@given(committed=OFFSET, low=OFFSET, extra=OFFSET)
def test_lag_and_lost_make_up_the_way_to_the_end(committed: int, low: int, extra: int) -> None:
    end = max(committed, low) + extra
    place = Place("orders", 0, committed, low, end)
    assert (place.lag or 0) + (place.lost or 0) == end - committed


@settings(deadline=None)
@given(PLACES, st.integers(0, 10**6))
def test_a_never_committed_place_does_not_move_the_sums(places: list[Place], end: int) -> None:
    before, after = sum_up(places), sum_up([*places, Place("c", 0, None, 0, end)])
    assert (before.lag, before.lost, before.produced, before.epoch) == (
        after.lag,
        after.lost,
        after.produced,
        after.epoch,
    )


def test_an_empty_group_has_no_lag() -> None:
    assert sum_up([]).lag is None


def test_the_epoch_names_the_places_that_count() -> None:
    whole = [Place("a", 0, 1, 0, 5), Place("a", 1, 1, 0, 5)]
    assert sum_up(whole).epoch == sum_up(whole[::-1]).epoch
    assert sum_up(whole).epoch != sum_up([whole[0], Place("a", 1, 1, None, None)]).epoch
    assert epoch_of([("a", 1)]) != epoch_of([("a", 2)])


def test_hot_is_more_than_half_of_a_lag_worth_naming() -> None:
    def places(*lags: int) -> list[Place]:
        return [Place("a", n, 0, 0, lag) for n, lag in enumerate(lags)]

    hot = sum_up(places(10, HOT_FLOOR, 5)).hot
    assert hot is not None
    assert hot.partition == 1
    assert sum_up(places(HOT_FLOOR, HOT_FLOOR)).hot is None  # just half
    assert sum_up(places(HOT_FLOOR)).hot is None  # there is no other
    assert sum_up(places(1, HOT_FLOOR // 2)).hot is None  # too little to be worth a badge
