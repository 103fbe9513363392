"""A signal as judged: the value with its age, its source, and whether a rule objects."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.component import Health
from console.model.signal import Unit
from console.model.units import show


@dataclass(frozen=True, slots=True)
class Reading:
    """``stale``: the value is the last that is known, and older than three intervals."""

    name: str
    value: float | None
    unit: Unit
    at: float
    source: str
    note: str = ""
    health: Health = Health.OK
    stale: bool = False

    @property
    def text(self) -> str:
        """``71%``, ``180ms``, ``?``; without the name."""
        return show(self.value, self.unit)
