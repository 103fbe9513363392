"""The series of the simulated Prometheus: columns of times and values, found by label.

Times are simulated milliseconds (integers, as Prometheus keeps them), appended in order, scrape after scrape. A series
that a scrape no longer shows gets a stale marker at that scrape, so it ends at once and not five minutes later.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.simulator.prometheus.labels import NAME, Labels, label
from connectors.simulator.tick import Sample

RETENTION = 2 * 3_600_000  # ms
SWEEP = 600_000  # ms between two prunings
LOOKBACK = 300_000  # ms; Prometheus's default --query.lookback-delta


class Series:
    """One series: two columns of equal length, and the times in them that are stale markers."""

    __slots__ = ("labels", "stale", "times", "values")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.times: array[int] = array("q")
        self.values: array[float] = array("d")
        self.stale: set[int] = set()

    def append(self, t: int, value: float) -> None:
        """A second sample for the same time is dropped, as Prometheus drops it; so times rise strictly."""
        if not self.times or self.times[-1] < t:
            self.times.append(t)
            self.values.append(value)

    def end(self, t: int) -> None:
        """Marks the series as ended at ``t`` ms."""
        self.append(t, math.nan)
        self.stale.add(t)

    def at(self, t: int) -> tuple[int, float] | None:
        """The newest sample of the five minutes up to ``t`` ms (both ends included); None when stale or absent."""
        i = bisect_right(self.times, t) - 1
        if i < 0:
            return None
        taken = self.times[i]
        if taken < t - LOOKBACK or taken in self.stale:
            return None
        return taken, self.values[i]

    def between(self, start: int, end: int) -> tuple[array[int], array[float]]:
        """The samples from ``start`` to ``end`` ms, both included, without stale markers."""
        low, high = bisect_left(self.times, start), bisect_right(self.times, end)
        times, values = self.times[low:high], self.values[low:high]
        if not self.stale or self.stale.isdisjoint(times):
            return times, values
        kept = [i for i, t in enumerate(times) if t not in self.stale]
        return array("q", [times[i] for i in kept]), array("d", [values[i] for i in kept])

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any sample lies between ``start`` and ``end`` ms, both included."""
        return bisect_left(self.times, start) < bisect_right(self.times, end)

    def forget(self, before: int) -> None:
        """Drops what is older than ``before`` ms."""
        cut = bisect_left(self.times, before)
        del self.times[:cut]
        del self.values[:cut]
        self.stale = {t for t in self.stale if t >= before}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label: ``=``, ``!=``, ``=~`` or ``!~`` a value; regular expressions are anchored."""

    name: str
    operator: str
    value: str
    pattern: re.Pattern[str] | None = field(default=None, compare=False)

    @classmethod
    def of(cls, name: str, operator: str, value: str) -> Matcher:
        """Raises ``re.error`` for a regular expression that does not compile."""
        return cls(name, operator, value, re.compile(value) if operator in ("=~", "!~") else None)

    def holds(self, labels: Labels) -> bool:
        found = label(labels, self.name)
        same = found == self.value if self.pattern is None else self.pattern.fullmatch(found) is not None
        return same is (self.operator in ("=", "=~"))


class Store:
    """All series, and for each label pair the series that carry it."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, Labels], Series] = {}
        self._postings: dict[tuple[str, str], dict[Series, None]] = {}
        self._shown: list[Series] = []  # by the latest scrape
        self._swept: int | None = None
        self.latest: tuple[Sample, ...] = ()  # the latest scrape, as it came

    def scrape(self, t: int, samples: Iterable[Sample]) -> None:
        """Appends one scrape at ``t`` ms; a series not in it is marked stale. Times must not go back."""
        self.latest = tuple(samples)
        shown = []
        for sample in self.latest:
            series = self._series.get((sample.name, sample.labels)) or self._open(sample)
            series.append(t, sample.value)
            shown.append(series)
        for series in self._shown:
            if series.times[-1] != t:
                series.end(t)
        self._shown = shown
        self._sweep(t)

    def select(self, matchers: Iterable[Matcher]) -> list[Series]:
        """The series for which every matcher holds, oldest first."""
        matchers = tuple(matchers)
        exact = [m for m in matchers if m.operator == "=" and m.value]
        if not exact:
            return [series for series in self._series.values() if all(m.holds(series.labels) for m in matchers)]
        candidates = min((self._postings.get((m.name, m.value), {}) for m in exact), key=len)
        return [series for series in candidates if all(m.holds(series.labels) for m in matchers)]

    def _open(self, sample: Sample) -> Series:
        labels = tuple(sorted([(NAME, sample.name), *((k, v) for k, v in sample.labels if v)]))
        series = Series(labels)
        self._series[sample.name, sample.labels] = series
        for pair in labels:
            self._postings.setdefault(pair, {})[series] = None
        return series

    def _sweep(self, t: int) -> None:
        """Prunes now and then; a series with nothing left is dropped from the index too."""
        self._swept = t if self._swept is None else self._swept
        if t - self._swept < SWEEP:
            return
        self._swept = t
        for key, series in list(self._series.items()):
            series.forget(t - RETENTION)
            if not series.times:
                del self._series[key]
                self._unlist(series)

    def _unlist(self, series: Series) -> None:
        for pair in series.labels:
            carriers = self._postings[pair]
            del carriers[series]
            if not carriers:
                del self._postings[pair]
