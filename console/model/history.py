"""The last minutes of every placed signal: what sparklines, forecasts and playbook checks look back on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LENGTH = 360  # points kept of one signal: six minutes at 1 Hz


@dataclass(frozen=True, slots=True)
class Point:
    at: float  # estate seconds
    value: float


@dataclass(frozen=True, slots=True)
class History:
    """Persistent: ``with_points`` shares what did not change. Keys are ``alias.signal``."""

    _points: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)

    def points(self, name: str) -> tuple[Point, ...]:
        return self._points.get(name, ())

    def since(self, name: str, at: float) -> tuple[Point, ...]:
        """The points no older than ``at``, oldest first."""
        points = self.points(name)
        start = len(points)
        while start and points[start - 1].at >= at:
            start -= 1
        return points[start:]

    def with_points(self, new: Mapping[str, Point]) -> History:
        """The history with one more point a signal; a point no newer than the last is left out."""
        merged = dict(self._points)
        for name, point in new.items():
            old = merged.get(name, ())
            if not old or point.at > old[-1].at:
                merged[name] = (*old[-(LENGTH - 1) :], point)
        return History(merged)
