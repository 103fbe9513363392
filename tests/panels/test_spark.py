"""The sweeping sparkline: every moment has its column, and few cells change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.history import Point
from panels.spark import BLOCKS, READINGS, block, nice, sweep


def points(*values: float, step: float = READINGS) -> tuple[Point, ...]:
    return tuple(Point(index * step, value) for index, value in enumerate(values))


def test_columns_stand_still_and_a_gap_leads() -> None:
    assert sweep(points(1, 2, 3), 2 * READINGS, 5) == "▂▄▅  "
    assert sweep(points(1, 2, 3, 4, 5), 4 * READINGS, 5) == " ▄▅▇█"  # the gap has swept on to the first
    assert sweep(points(1, 2, 3, 4, 5, 5), 5 * READINGS, 5) == "█ ▅▇█"


def test_one_more_reading_in_the_same_column_changes_one_cell_at_most() -> None:
    before = points(1, 2, 3)
    after = (*before, Point(2 * READINGS + 1, 5.0))
    old, new = sweep(before, 2 * READINGS, 8), sweep(after, 2 * READINGS + 1, 8)
    assert sum(a != b for a, b in zip(old, new, strict=True)) <= 3  # the scale grew from 5 to 5: only the newest
    assert old[:2] == new[:2]


def test_what_is_too_old_or_was_never_seen_is_blank() -> None:
    assert sweep((), 100.0, 4) == "    "
    assert sweep(points(5.0), 1000.0, 4) == "    "


def test_slower_readings_make_wider_columns() -> None:
    assert sweep(points(1, 2, step=READINGS * 20), READINGS * 20, 4, interval=20.0) == "▅█  "


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 1), (0.3, 0.5), (1, 1), (1.1, 2), (41, 50), (99, 100), (5300, 10000)]
)
def test_the_scale_is_a_round_number(value: float, ceiling: float) -> None:
    assert nice(value) == pytest.approx(ceiling)


@settings(max_examples=100)
@given(st.floats(min_value=-1e12, max_value=1e12), st.floats(min_value=1e-6, max_value=1e12))
def test_any_value_has_a_block(value: float, ceiling: float) -> None:
    assert block(value, ceiling) in BLOCKS
    assert nice(max(value, 0)) >= value * 0.999


def test_a_minute_of_readings_fills_twelve_columns_but_the_gap() -> None:
    points = tuple(Point(float(second), 1.0) for second in range(120))
    assert sweep(points, 119.0, 12).count(" ") == 1
    assert sweep(points[:60], 59.0, 13).count(" ") == 1
