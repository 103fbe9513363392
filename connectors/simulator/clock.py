"""Simulated time, and its mapping to wall time at the edges.

Inside, everything counts simulated seconds: 0 is when the estate was opened, history lies before it.
On the wires, timestamps are wall time: ``wall`` maps out, ``sim`` maps in, by a list of affine segments,
so that speed and pause may change while running and what was once said stays true.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from connectors.simulator.pace import Segments, sim_at, wall_at

FASTEST = 200.0  # speed; a simulated second takes one to two milliseconds, and a clock that is left behind lies


def speed_of(text: str) -> float:
    """Simulated seconds a wall second; ValueError where there is no such speed."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise ValueError(f"{text!r} is no number above 0 and at most {FASTEST:g}")
    return speed


class SimClock:
    """Maps wall seconds (epoch) to simulated seconds and back. Its speed may change; in a pause it stands still."""

    def __init__(self, speed: float = 1.0, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._speed = speed
        self.segments: Segments = ((wall(), 0.0, speed),)

    @property
    def speed(self) -> float:
        """Simulated seconds a wall second; in a pause, what they will be after it."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = speed
        if not self.paused:
            self._turn(speed)

    @property
    def paused(self) -> bool:
        return self.segments[-1][2] == 0

    def pause(self) -> None:
        """Time stands still from now on."""
        if not self.paused:
            self._turn(0.0)

    def resume(self) -> None:
        """Time goes on, at ``speed``."""
        if self.paused:
            self._turn(self._speed)

    def now(self) -> float:
        """Simulated seconds now."""
        return self.sim(self._wall())

    def sim(self, wall: float) -> float:
        """Simulated seconds at a wall time."""
        return sim_at(self.segments, wall)

    def wall(self, sim: float) -> float:
        """Wall time (epoch seconds) at which the simulated clock shows ``sim``."""
        return wall_at(self.segments, sim)

    def _turn(self, speed: float) -> None:
        now = self._wall()
        self.segments = (*self.segments, (now, self.sim(now), speed))
