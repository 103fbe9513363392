"""The scale-up curve at the default policy, against the documented numbers."""

from __future__ import annotations

import pytest

from playbooks.arithmetic import scale_up_seconds


@pytest.mark.parametrize(
    ("start", "goal", "seconds"), [(5, 100, 75), (20, 100, 45), (1, 5, 15), (3, 3, 0), (0, 4, 15), (50, 100, 15)]
)
def test_the_default_scale_up(start: int, goal: int, seconds: float) -> None:
    assert scale_up_seconds(start, goal) == seconds
