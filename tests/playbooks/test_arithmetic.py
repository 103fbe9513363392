"""The scale-up curve at the default policy, against the documented numbers."""

from __future__ import annotations

import pytest

from playbooks.arithmetic import scale_up_seconds, shortfall


@pytest.mark.parametrize(
    ("start", "goal", "seconds"), [(5, 100, 75), (20, 100, 45), (1, 5, 15), (3, 3, 0), (0, 4, 15), (50, 100, 15)]
)
def test_the_default_scale_up(start: int, goal: int, seconds: float) -> None:
    assert scale_up_seconds(start, goal) == seconds


def test_a_hundredfold_crowd() -> None:
    told = shortfall("api", 5, 100)
    assert told is not None
    assert "100 pods carry 20× what the floor of 5 does" in told
    assert "80% must be shed or cached; if it comes within 10m, after 6m30s" in told
    assert shortfall("api", 1, 100) is None
