"""How long a server asks us to wait, and what its clock shows: the bounds of many answers meet."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http_head import LONGEST_WAIT, ServerClock, date_of, retry_after

DATE = "Sun, 06 Nov 1994 08:49:30 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("999999999999", LONGEST_WAIT),
        ("Sun, 06 Nov 1994 08:50:00 GMT", 30.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_how_long_to_wait(text: str, seconds: float | None) -> None:
    assert retry_after(text, DATE) == seconds


def test_a_date_to_wait_for_says_nothing_without_the_servers_own() -> None:
    assert retry_after("Sun, 06 Nov 1994 08:50:00 GMT") is None


@pytest.mark.parametrize("text", ["", "yesterday", "Sun, 06 Nov 99999999999 08:49:37 GMT", "\x00"])
def test_dates_that_are_none(text: str) -> None:
    assert date_of(text) is None


@given(
    skew=st.floats(-1000, 1000),
    readings=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 2)), min_size=1, max_size=20),
)
def test_the_true_skew_is_always_within_the_bounds(skew: float, readings: list[tuple[float, float]]) -> None:
    clock, now = ServerClock(), 1_700_000_000.0
    for pause, took in readings:
        now += pause
        made = now + took / 3 + skew  # the server's time at which it wrote its Date
        clock.hear(formatdate(int(made), usegmt=True), now, now + took)
        now += took
    assert clock.bounds is not None
    assert clock.bounds.low - 1e-5 <= skew <= clock.bounds.high + 1e-5
    assert clock.skew is not None
    assert abs(clock.skew - skew) <= clock.bounds.doubt + 1e-5


def test_some_readings_tell_it_far_more_exactly_than_a_date_does() -> None:
    clock, now = ServerClock(), 1_700_000_000.0
    for n in range(40):
        at = now + n * 5.07
        clock.hear(formatdate(int(at + 7.3), usegmt=True), at, at + 0.01)
    assert clock.skew == pytest.approx(7.3, abs=0.1)
    assert clock.bounds is not None
    assert clock.bounds.doubt < 0.1


def test_clocks_that_may_agree_do() -> None:
    clock = ServerClock()
    clock.hear(formatdate(1_700_000_000, usegmt=True), 1_700_000_000.9, 1_700_000_000.95)
    assert clock.skew == 0.0


def test_a_clock_that_was_set_is_known_anew() -> None:
    clock, now = ServerClock(), 1_700_000_000.0
    clock.hear(formatdate(now, usegmt=True), now, now)
    clock.hear(formatdate(now + 60, usegmt=True), now + 1, now + 1)
    assert clock.skew == pytest.approx(59.5, abs=0.51)


@pytest.mark.parametrize("text", ["", "now", "Sun, 06 Nov 99999 08:49:37 GMT", "\x00"])
def test_what_is_no_date_tells_nothing(text: str) -> None:
    clock = ServerClock()
    clock.hear(text, 1.0, 2.0)
    assert clock.skew is None
