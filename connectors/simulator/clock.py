"""Simulated time, and its mapping to wall time at the edges.

Inside, everything counts simulated seconds: 0 is when the estate was opened, history lies before it.
On the wires, timestamps are wall time: ``wall`` maps out, ``sim`` maps in, by a list of affine segments,
so that speed and pause may change while running and what was once said stays true.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FASTEST = 200.0  # speed; a simulated second takes one to two milliseconds, and a clock that is left behind lies


class SimClock:
    """Maps wall seconds (epoch) to simulated seconds and back. ``speed`` 0 is a pause."""

    def __init__(self, speed: float = 1.0, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._segments: list[tuple[float, float, float]] = [(wall(), 0.0, speed)]  # (wall, sim, speed) at its start

    @property
    def speed(self) -> float:
        return self._segments[-1][2]

    @speed.setter
    def speed(self, speed: float) -> None:
        now = self._wall()
        self._segments.append((now, self.sim(now), speed))

    def now(self) -> float:
        """Simulated seconds now."""
        return self.sim(self._wall())

    def sim(self, wall: float) -> float:
        """Simulated seconds at a wall time. History, before the first segment, runs at its speed."""
        for start_wall, start_sim, speed in reversed(self._segments):
            if wall >= start_wall:
                return start_sim + (wall - start_wall) * speed
        start_wall, start_sim, speed = self._segments[0]
        return start_sim + (wall - start_wall) * (speed or 1.0)

    def wall(self, sim: float) -> float:
        """Wall time (epoch seconds) at which the simulated clock shows ``sim``."""
        for start_wall, start_sim, speed in reversed(self._segments):
            if sim >= start_sim and speed > 0:
                return start_wall + (sim - start_sim) / speed
        start_wall, start_sim, speed = self._segments[0]
        return start_wall + (sim - start_sim) / (speed or 1.0)
