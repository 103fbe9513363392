"""Rise and fall: healthy after two successes in a row, unhealthy after three failures, as load balancers have it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.probe.standing import Standing


def stand(tries: Iterable[bool], rise: int = 2, fall: int = 3) -> Standing:
    standing = Standing()
    for ok in tries:
        standing = standing.after(ok, rise, fall)
    return standing


@pytest.mark.parametrize(
    ("tries", "up", "words"),
    [
        ("", None, ""),
        ("+", None, "1 of 2 successes"),
        ("++", True, ""),
        ("--", None, "2 of 3 failures"),
        ("---", False, ""),
        ("++--", True, "2 of 3 failures"),
        ("++--+", True, ""),
        ("++---", False, ""),
        ("++---+", False, "1 of 2 successes"),
        ("++---++", True, ""),
        ("+-+-+-+-", None, "1 of 3 failures"),
    ],
)
def test_healthy_after_two_successes_unhealthy_after_three_failures(tries: str, up: bool | None, words: str) -> None:
    standing = stand(each == "+" for each in tries)
    assert standing.up is up
    assert standing.words(2, 3) == words


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_it_says_what_the_last_run_that_was_long_enough_said(tries: list[bool], rise: int, fall: int) -> None:
    expected: bool | None = None
    run = 0
    for index, ok in enumerate(tries):
        run = run + 1 if index and tries[index - 1] is ok else 1
        if run >= (rise if ok else fall):
            expected = ok
    assert stand(tries, rise, fall).up is expected
