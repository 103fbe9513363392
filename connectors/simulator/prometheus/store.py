"""The series of the simulated Prometheus, found by label.

Times are simulated milliseconds (integers, as Prometheus keeps them), appended in order, scrape after scrape. A series
that a scrape no longer shows gets a stale marker at that scrape, so it ends at once and not five minutes later. What
rules record comes in as streams of its own, since rules are evaluated at other times than things are scraped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from operator import attrgetter, eq, is_

from connectors.simulator.prometheus.labels import NAME
from connectors.simulator.prometheus.matcher import Matcher
from connectors.simulator.prometheus.series import Series, Stream
from connectors.simulator.tick import Sample

RETENTION = 3 * 3_600_000  # ms
SWEEP = 600_000  # ms between two prunings
SCRAPES = "scrapes"  # the stream of what is scraped


class Store:
    """All series, and for each label pair the series that carry it."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, tuple[tuple[str, str], ...]], Series] = {}
        self._postings: dict[tuple[str, str], dict[Series, None]] = {}
        self._streams: dict[str, Stream] = {}
        self._swept: int | None = None
        self.latest: tuple[Sample, ...] = ()  # the latest scrape, as it came

    def __len__(self) -> int:
        """How many series there are, ended ones included."""
        return len(self._series)

    def scrape(self, t: int, samples: Iterable[Sample]) -> None:
        """Appends one scrape at ``t`` ms; a series not in it is marked stale. Times must not go back."""
        before, self.latest = self.latest, tuple(samples)
        self.append(SCRAPES, t, self.latest, before)
        self._sweep(t)

    def append(self, source: str, t: int, samples: tuple[Sample, ...], before: tuple[Sample, ...] = ()) -> None:
        """Appends what a source says at ``t`` ms, and ends what it no longer says; nothing unless ``t`` is new.

        ``before`` is what it said last: as long as the same samples stand there, their series need no looking up.
        """
        stream = self._streams.setdefault(source, Stream())
        if stream.times and stream.times[-1] >= t:
            return
        stream.times.append(t)
        if stream.alike and len(stream.shown) == len(samples) and same(before, samples):
            for series, sample in zip(stream.shown, samples, strict=True):
                series.values.append(sample.value)
            return
        shown = [self._series.get((s.name, s.labels)) or self._open(stream, s) for s in samples]
        for series, sample in zip(shown, samples, strict=True):
            series.append(sample.value)
        for series in stream.shown:
            series.end()
        stream.shown, stream.alike = shown, len(set(shown)) == len(shown)

    def select(self, matchers: Iterable[Matcher], check: Callable[[], None] | None = None) -> list[Series]:
        """The series for which every matcher holds, oldest first.

        ``check`` is called between two series where regular expressions are asked, which may take their time.
        """
        matchers = tuple(matchers)
        exact = [m for m in matchers if m.operator == "=" and m.value]
        listed: list[Collection[Series]] = [self._postings.get((m.name, m.value), {}) for m in exact]
        candidates: Collection[Series] = min(listed, key=len) if listed else self._series.values()
        if check is None or all(m.pattern is None for m in matchers):
            return [series for series in candidates if all(m.holds(series.labels) for m in matchers)]
        found = []
        for series in candidates:
            check()
            if all(m.holds(series.labels) for m in matchers):
                found.append(series)
        return found

    def last(self, source: str) -> int | None:
        """When a source gave samples last, in ms."""
        stream = self._streams.get(source)
        return stream.times[-1] if stream and stream.times else None

    def bounds(self) -> tuple[int, int]:
        """The first and the last time of all scrapes that are kept; 0 without one."""
        stream = self._streams.get(SCRAPES)
        return (stream.times[0], stream.times[-1]) if stream and stream.times else (0, 0)

    def _open(self, stream: Stream, sample: Sample) -> Series:
        labels = tuple(sorted([(NAME, sample.name), *((k, v) for k, v in sample.labels if v)]))
        series = Series(labels, stream)
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
        before = t - RETENTION
        cuts = {id(stream): stream.forget(before) for stream in self._streams.values()}
        for key, series in list(self._series.items()):
            series.forget(cuts[id(series.stream)], before)
            if not series.values:
                del self._series[key]
                self._unlist(series)

    def _unlist(self, series: Series) -> None:
        for pair in series.labels:
            carriers = self._postings[pair]
            del carriers[series]
            if not carriers:
                del self._postings[pair]


def same(before: tuple[Sample, ...], after: tuple[Sample, ...]) -> bool:
    """Whether two scrapes show the same series in the same order. Labels are shared, so they are known by identity."""
    if len(before) != len(after):
        return False
    labels, names = attrgetter("labels"), attrgetter("name")
    return all(map(is_, map(labels, before), map(labels, after))) and all(
        map(eq, map(names, before), map(names, after))
    )
