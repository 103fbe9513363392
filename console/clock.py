"""The one clock of the program; everything else is handed one."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path


def _elapsed() -> float:
    """Seconds that neither an adjusted nor a suspended machine's clock tears apart, from an origin of its own."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SystemClock:
    """Estate time runs ``speed`` times as fast as wall time, from the moment the clock was made.

    ``speed`` is 1 against real systems. Wall time that is set back or forward moves ``wall`` and not ``now``: ages and
    rates would be wrong for as long as it was set back.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = time.time()
        self._origin = _elapsed()

    @property
    def speed(self) -> float:
        """Estate seconds a wall second, above 0; in a pause, what they will be after it."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether estate time stands still; real time never does."""
        return False

    def now(self) -> float:
        return self._start + (_elapsed() - self._origin) * self._speed

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


def clock_of(speed: float, pace: Path | None) -> SystemClock:
    """The clock of an environment: the system's own, or one that follows the pace of a simulated estate."""
    if pace is None:
        return SystemClock(speed)
    from console.pace import PacedClock  # it knows the simulator, which a console on real systems never loads

    return PacedClock(speed, pace)
