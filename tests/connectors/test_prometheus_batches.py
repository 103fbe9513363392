"""Cheap queries share requests, dear ones do not hold up others: by what they took."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.prometheus.batches import APART, FEWEST, Batches

FORTY = tuple(f"q{n}" for n in range(40))


@given(st.lists(st.text(max_size=3), max_size=80), st.sets(st.text(max_size=3)), st.integers(1, 12))
def test_each_query_goes_out_once_in_a_bounded_number_of_requests(
    exprs: list[str], parted: set[str], most: int
) -> None:
    batches = Batches(most)
    batches.part(tuple(parted), 0.0)
    made = batches.of(exprs, 1.0)
    assert sorted(expr for batch in made for expr in batch) == sorted(set(exprs))
    assert len(made) <= most + len(parted & set(exprs))
    assert all(len(batch) == 1 for batch in made if set(batch) & parted)


def test_the_number_of_requests_does_not_grow_with_the_queries() -> None:
    assert len(Batches(8).of(FORTY, 0.0)) == 8
    assert len(Batches(8).of([f"q{n}" for n in range(1000)], 0.0)) == 8
    assert Batches(8).of(FORTY[:FEWEST], 0.0) == (FORTY[:FEWEST],)


def test_the_same_ones_go_together_each_time() -> None:
    batches = Batches(8)
    assert batches.of(FORTY, 0.0) == batches.of(FORTY, 5.0)


def test_a_dear_batch_is_asked_one_by_one_for_a_while() -> None:
    batches = Batches(8)
    first, second, *_ = batches.of(FORTY, 0.0)
    batches.took(first, 0.01, 0.0)
    batches.took(second, 1.5, 0.0)
    assert len(batches.of(FORTY, 1.0)) == 8  # once may be the machine's mood
    batches.took(second, 1.5, 1.0)
    assert {batch for batch in batches.of(FORTY, 1.0) if len(batch) == 1} == {(expr,) for expr in second}
    assert all(len(batch) > 1 for batch in batches.of(FORTY, APART + 2))


def test_what_is_dear_now_and_then_stays_together() -> None:
    batches = Batches(8)
    first, second, *_ = batches.of(FORTY, 0.0)
    batches.took(first, 0.01, 0.0)
    for took in (1.5, 0.01, 1.5, 0.01, 1.5):
        batches.took(second, took, 0.0)
    assert len(batches.of(FORTY, 1.0)) == 8


def test_a_long_way_there_makes_no_query_dear() -> None:
    batches = Batches(8)
    for batch in batches.of(FORTY, 0.0):
        batches.took(batch, 0.3, 0.0)
    assert len(batches.of(FORTY, 1.0)) == 8
