"""State from shape: what a consumer does, not how much there is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.reading import Reading
from console.model.shape import UNDER_WAY, Course, Shape, caught_up, shape, shape_of
from console.model.signal import Unit


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param(Course(None, 10, 10), Shape.UNKNOWN, id="no commit, or nobody answered"),
        pytest.param(Course(0, 10, 10), Shape.OK, id="nothing waits"),
        pytest.param(Course(140, 10, 9), Shape.OK, id="what waits came just now"),
        pytest.param(Course(1, 0, 0), Shape.OK, id="a transaction's marker"),
        pytest.param(Course(8, 0, 0, partitions=8), Shape.OK, id="a marker in each partition"),
        pytest.param(Course(5000, 100, 60), Shape.GROWING, id="moves, and loses ground"),
        pytest.param(Course(5000, 100, 100), Shape.GROWING, id="moves, and will never drain"),
        pytest.param(Course(5000, 60, 100), Shape.SHRINKING, id="moves, and gains ground"),
        pytest.param(Course(5000, None, None), Shape.UNKNOWN, id="one reading"),
        pytest.param(Course(5000, 60, 100, 50, stalled=1), Shape.STALLED, id="one of fifty stands still"),
        pytest.param(Course(5000, 60, 0, 8, stopped=8), Shape.STOPPED, id="nobody is there"),
        pytest.param(Course(5000, 60, 90, 8, 1, 1), Shape.STOPPED, id="nobody there is worse than somebody stuck"),
        pytest.param(Course(5000, 60, 90, 8, 1, 1, 700), Shape.REWOUND, id="set back, whatever else"),
    ],
)
def test_state_from_shape(course: Course, expected: Shape) -> None:
    assert shape(course) is expected


@settings(deadline=None)
@given(st.floats(0, 1e9), st.floats(0, 1e6), st.floats(1, 1000))
def test_less_lag_is_never_further_behind(lag: float, produced: float, partitions: float) -> None:
    if caught_up(lag, produced, partitions):
        assert caught_up(lag / 2, produced, partitions)
    assert caught_up(produced * UNDER_WAY, produced, partitions)


def test_of_readings() -> None:
    def readings(**values: float | None) -> dict[str, Reading]:
        return {name: Reading(name, value, Unit.NONE, 0.0, "kafka") for name, value in values.items()}

    assert shape_of({}) is Shape.UNKNOWN
    assert shape_of(readings(lag=900.0, produced=1.0, consumed=3.0)) is Shape.SHRINKING
    assert shape_of(readings(lag=900.0, produced=1.0, consumed=3.0, stalled=None)) is Shape.SHRINKING
    assert shape_of(readings(lag=900.0, stopped=2.0)) is Shape.STOPPED
