"""Numbers as people read and write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.signal import Unit
from console.model.units import parse_duration, parse_quantity, show, show_duration, show_number


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("2m", 120), ("1h30m", 5400), ("200ms", 0.2), ("1d", 86400), ("1.5s", 1.5)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "90", "2 m", "m", "1:30", "0600", "-5s", "5s!", "1e3s"])
def test_what_is_not_a_duration_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "value"), [("70%", 0.7), ("200ms", 0.2), ("100/s", 100), ("1.5", 1.5), ("2m", 120)])
def test_quantities_are_read_in_base_units(text: str, value: float) -> None:
    assert parse_quantity(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.RATIO, "?"),
        (0.71, Unit.RATIO, "71%"),
        (0.004, Unit.RATIO, "0.4%"),
        (0.18, Unit.SECONDS, "180ms"),
        (18600, Unit.SECONDS, "5h10m"),
        (8400, Unit.PER_SECOND, "8.4k/s"),
        (48200, Unit.MESSAGES, "48.2k"),
        (512 * 2**20, Unit.BYTES, "512Mi"),
        (12, Unit.COUNT, "12"),
        (0, Unit.COUNT, "0"),
    ],
)
def test_values_are_shown_with_their_unit(value: float | None, unit: Unit, text: str) -> None:
    assert show(value, unit) == text


@given(st.floats(0.01, 1e12))
def test_a_shown_number_is_short_and_within_a_twentieth(value: float) -> None:
    text = show_number(value)
    assert len(text) <= 7
    factor = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1], 1.0)
    assert float(text.rstrip("kMG")) * factor == pytest.approx(value, rel=0.06, abs=0.006)


@given(st.integers(0, 10**7))
def test_a_shown_duration_reads_back_within_a_thirtieth(seconds: int) -> None:
    text = show_duration(seconds)
    assert parse_duration(text) == pytest.approx(seconds, rel=0.05)
