"""Quantities, times and ages of the API as numbers; what is none of them is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kubernetes.quantities import amount
from connectors.kubernetes.times import age, epoch, spoken
from tests.connectors.kubernetes_objects import NOW, stamp


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("100m", 0.1),
        ("1.5Gi", 1.5 * 2**30),
        ("2e3", 2000.0),
        ("1E", 1e18),
        ("5k", 5000.0),
        (3, 3.0),
        ("250000000n", 0.25),
        ("", None),
        ("lots", None),
        ("1 Gi", None),
        (True, None),
        (None, None),
        ("9" * 70_000, None),
    ],
)
def test_quantities(text: object, number: float | None) -> None:
    found = amount(text)
    assert found == (None if number is None else pytest.approx(number))


@settings(max_examples=50)
@given(st.integers(0, 10**9), st.sampled_from(["", "m", "k", "Ki", "Mi", "G"]))
def test_a_quantity_grows_with_its_number(number: int, suffix: str) -> None:
    first, second = amount(f"{number}{suffix}"), amount(f"{number + 1}{suffix}")
    assert first is not None
    assert second is not None
    assert 0 <= first < second


def test_times_and_ages() -> None:
    assert epoch("2025-10-09T08:53:20Z") == NOW
    assert age(stamp(-5), NOW) == 0.0  # the cluster's clock is ahead
    assert (epoch(""), epoch(None), epoch("soon"), age("soon", NOW)) == (None, None, None, None)
    assert [spoken(seconds) for seconds in (45, 119, 120, 7200, 90_000, 200_000)] == [
        "45s",
        "119s",
        "2m",
        "2h",
        "25h",
        "2d",
    ]
