"""The one clock of the program; everything else is handed one."""

from __future__ import annotations

import asyncio
import time


def _elapsed() -> float:
    """Seconds that neither an adjusted nor a suspended machine's clock tears apart, from an origin of its own."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SystemClock:
    """Estate time runs ``speed`` times as fast as wall time, from the moment the clock was made.

    ``speed`` is 1 against real systems; a demo against the simulator may run faster. Wall time that is set back or
    forward moves ``wall`` and not ``now``: ages and rates would be wrong for as long as it was set back.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.time()
        self._origin = _elapsed()

    def now(self) -> float:
        return self._start + (_elapsed() - self._origin) * self.speed

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
