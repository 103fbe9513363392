"""What a benchmark says: a number, its budget, and what it was measured against."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """``value`` must not be over ``budget``; both in ``unit``. ``beside`` says what the baseline was."""

    name: str
    value: float
    unit: str
    budget: float
    beside: str = ""

    @property
    def kept(self) -> bool:
        return self.value <= self.budget

    def line(self) -> str:
        verdict = "ok" if self.kept else "OVER"
        return f"{self.name:<46} {self.value:>10.3f} {self.unit:<6} ≤ {self.budget:>9.3f}  {verdict:<5} {self.beside}"


def seconds(function: Callable[[], object], rounds: int) -> float:
    """The median wall seconds of one call."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
