"""Time on a simulated estate whose clock may change its speed and stand still.

The estate keeps a file of how its clock ran. The console, a runner in its own process and a script read it alike, so
that ages, rates and ``for`` are counted in the same seconds everywhere. Only for demos: it trusts wall time.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from connectors.simulator.pace import Segments, read, sim_at
from console.clock import SystemClock

LOOK = 0.2  # wall seconds between two looks at the file


class PacedClock(SystemClock):
    """Estate time starts at the wall time at which the clock was made and runs as the estate's does.

    As long as ``file`` is not there or cannot be read, it runs on as it did.
    """

    def __init__(self, speed: float, file: Path) -> None:
        super().__init__(speed)
        self._file = file
        self._looked = 0.0
        self._stamp: tuple[int, int] | None = None
        self._segments: Segments = ((self._start, 0.0, speed),)

    @property
    def speed(self) -> float:
        self._look()
        return next((speed for _, _, speed in reversed(self._segments) if speed > 0), self._speed)

    @property
    def paused(self) -> bool:
        self._look()
        return self._segments[-1][2] == 0

    def now(self) -> float:
        self._look()
        return self._start + sim_at(self._segments, self.wall()) - sim_at(self._segments, self._start)

    async def sleep(self, seconds: float) -> None:
        """In short naps: the pace may change meanwhile."""
        end, left = self.now() + seconds, seconds
        while left > 0:
            await asyncio.sleep(LOOK if self.paused else min(LOOK, left / self.speed))
            left = end - self.now()

    def _look(self) -> None:
        """Reads the file when it has changed, at most once in ``LOOK`` seconds."""
        now = self.monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        try:
            status = self._file.stat()
        except OSError:
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._stamp = stamp
            self._segments = read(self._file) or self._segments
