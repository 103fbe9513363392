"""The one clock of the program; everything else is handed one."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Estate time runs ``speed`` times as fast as wall time, from the moment the clock was made.

    ``speed`` is 1 against real systems; a demo against the simulator may run faster.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.time()

    def now(self) -> float:
        return self._start + (time.time() - self._start) * self.speed

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
