"""One series, and the times that all series of a stream share.

A scrape gives some thousand series a sample each at the same time, so the times are kept once a stream (the scrapes, or
one group of rules) and a series is a column of values that begins at one of them: eight bytes a sample.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right

from connectors.simulator.prometheus.labels import Labels

LOOKBACK = 300_000  # ms; Prometheus's default --query.lookback-delta


class Stream:
    """The times (simulated ms, rising strictly) at which a source gave samples, and the series it gave last."""

    __slots__ = ("alike", "shown", "times")

    def __init__(self) -> None:
        self.times: array[int] = array("q")
        self.shown: list[Series] = []
        self.alike = False  # whether each of them was shown once only, so that the next samples may follow at once

    def forget(self, before: int) -> int:
        """Drops the times before ``before`` ms; how many they were."""
        cut = bisect_left(self.times, before)
        del self.times[:cut]
        return cut


class Series:
    """The value of sample ``i`` was taken at ``stream.times[first + i]``; ``stale`` are the times of markers."""

    __slots__ = ("first", "labels", "stale", "stream", "values")

    def __init__(self, labels: Labels, stream: Stream) -> None:
        self.labels = labels
        self.stream = stream
        self.first = 0
        self.values: array[float] = array("d")
        self.stale: set[int] = set()

    @property
    def times(self) -> array[int]:
        """The times of its samples and markers, in ms."""
        return self.stream.times[self.first : self.first + len(self.values)]

    def append(self, value: float) -> None:
        """At the stream's latest time. A second sample for the same time is dropped, as Prometheus drops it."""
        missed = len(self.stream.times) - 1 - self.first - len(self.values)
        if missed < 0:
            return
        if missed:
            self._skip(missed)
        self.values.append(value)

    def end(self) -> None:
        """Marks the series as ended at the stream's latest time, unless it has a sample there."""
        if len(self.stream.times) > self.first + len(self.values):
            self.stale.add(self.stream.times[-1])
            self.append(math.nan)

    def at(self, t: int) -> tuple[int, float] | None:
        """The newest sample of the five minutes up to ``t`` ms (both ends included); None when stale or absent."""
        times = self.stream.times
        i = min(bisect_right(times, t) - self.first, len(self.values)) - 1
        if i < 0:
            return None
        taken = times[self.first + i]
        if taken < t - LOOKBACK or taken in self.stale:
            return None
        return taken, self.values[i]

    def between(self, start: int, end: int) -> tuple[array[int], array[float]]:
        """The samples from ``start`` to ``end`` ms, both included, without stale markers."""
        low, high = self._span(start, end)
        times, values = self.stream.times[self.first + low : self.first + high], self.values[low:high]
        if not self.stale or self.stale.isdisjoint(times):
            return times, values
        kept = [i for i, t in enumerate(times) if t not in self.stale]
        return array("q", [times[i] for i in kept]), array("d", [values[i] for i in kept])

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any sample or marker lies between ``start`` and ``end`` ms, both included."""
        low, high = self._span(start, end)
        return low < high

    def forget(self, cut: int, before: int) -> None:
        """Follows its stream, which has dropped its first ``cut`` times: all before ``before`` ms."""
        self.first -= cut
        if self.first < 0:
            del self.values[: -self.first]
            self.first = 0
        if self.stale:
            self.stale = {t for t in self.stale if t >= before}

    def _span(self, start: int, end: int) -> tuple[int, int]:
        """The indices of its own samples between two times; the second is not included."""
        low = max(bisect_left(self.stream.times, start) - self.first, 0)
        return low, max(min(bisect_right(self.stream.times, end) - self.first, len(self.values)), low)

    def _skip(self, missed: int) -> None:
        """Over times without a sample: before its first one nothing was there, between two it was gone."""
        if not self.values:
            self.first += missed
            return
        begin = self.first + len(self.values)
        self.stale.update(self.stream.times[begin : begin + missed])
        self.values.extend([math.nan] * missed)
