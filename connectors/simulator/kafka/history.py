"""When a log reached which offset, for look-ups by time. Two plain arrays: sixteen bytes a step, found by halving."""

from __future__ import annotations

from array import array
from bisect import bisect_left

KEPT = 7200  # steps that are remembered at least


class History:
    """Times rise, and so do ends; a step in which nothing was written is not kept."""

    __slots__ = ("_ends", "_times")

    def __init__(self) -> None:
        self._times = array("d")  # wall milliseconds
        self._ends = array("q")

    def add(self, at: float, end: int) -> None:
        """At wall milliseconds ``at`` the log ended at ``end``."""
        if end <= (self._ends[-1] if self._ends else 0):
            return
        self._times.append(max(at, self._times[-1]) if self._times else at)
        self._ends.append(end)
        if len(self._times) > 2 * KEPT:
            del self._times[:KEPT], self._ends[:KEPT]

    def time_of(self, offset: int) -> float:
        """Wall milliseconds at which this offset had been written, as far back as is remembered; 0.0: nothing is."""
        if not self._ends:
            return 0.0
        return self._times[min(bisect_left(self._ends, offset + 1), len(self._ends) - 1)]

    def offset_at(self, at: float) -> int | None:
        """First offset written at or after wall milliseconds ``at``, 0 for the first one; None: nothing has been."""
        place = bisect_left(self._times, at)
        if place == len(self._times):
            return None
        return self._ends[place - 1] if place else 0
