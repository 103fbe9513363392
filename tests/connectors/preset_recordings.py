"""The recorded replies of exporters, read by our own few lines, and laid into a Prometheus a minute apart.

What a preset's queries must answer is computed here from the two scrapes by plain sums and differences, by nothing that
Prometheus shares, so that a query that asks for the wrong thing has nowhere to hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from connectors.presets import preset_named

FOLDER = Path(__file__).with_name("presets")
AT = 1_795_350_000  # when the second scrape is laid; the recordings are of that week
APART = 59.999  # seconds: the first scrape is just inside the minute that rates look back on
_LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Series = tuple[str, str]  # the name, and what stands in its braces


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exporter's two scrapes; ``head`` says what was recorded, and how."""

    head: str
    first: dict[Series, float]
    second: dict[Series, float]

    def now(self, name: str, **labels: str) -> float:
        """The sum over the series of that name and those labels, all regular expressions, in the second scrape."""
        return sum(self.each(name, **labels))

    def each(self, name: str, **labels: str) -> list[float]:
        return [self.second[series] for series in self._select(name, labels)]

    def rate(self, name: str, **labels: str) -> float:
        """By how much that sum has grown, a second. A series that is new has no rate yet: nobody knows since when."""
        known = (series for series in self._select(name, labels) if series in self.first)
        return sum(self.second[series] - self.first[series] for series in known) / APART

    def rates(self, name: str, by: str, **labels: str) -> dict[str, float]:
        """The same, for each value of one label."""
        values = {dict(_LABEL.findall(braces))[by] for _, braces in self._select(name, labels)}
        return {value: self.rate(name, **labels, **{by: re.escape(value)}) for value in values}

    def quantile(self, share: float, name: str, **labels: str) -> float:
        """Of a histogram's growth between the scrapes: linear within the bucket, as everybody does it."""
        grown = self.rates(f"{name}_bucket", "le", **labels)
        buckets = sorted((float(bound), count) for bound, count in grown.items())
        rank, low, below = share * buckets[-1][1], 0.0, 0.0
        for bound, count in buckets:
            if count >= rank:
                return low + (bound - low) * (rank - below) / (count - below) if bound != float("inf") else low
            low, below = bound, count
        raise ValueError(f"{name} has no last bucket")

    def _select(self, name: str, wanted: dict[str, str]) -> Iterator[Series]:
        for series in self.second:
            labels = dict(_LABEL.findall(series[1]))
            if re.fullmatch(name, series[0]) and all(
                re.fullmatch(each, labels.get(key, "")) for key, each in wanted.items()
            ):
                yield series


@cache
def recorded(preset: str) -> Recorded:
    """The recording beside this file."""
    text = (FOLDER / f"{preset}.txt").read_text(encoding="utf-8")
    head, first, second = re.split(r"^# --- .*$", text, flags=re.MULTILINE)
    return Recorded(head, dict(_read(first)), dict(_read(second)))


def _read(text: str) -> Iterator[tuple[Series, float]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            found = _LINE.match(line)
            assert found, line
            yield (found[1], found[2] or ""), float(found[3])


@dataclass(frozen=True, slots=True)
class Laid:
    """A recording in a Prometheus, under a job of its own."""

    job: str
    first: dict[Series, float]
    second: dict[Series, float]
    instances: tuple[str, ...] = ("a",)


def laid(preset: str) -> tuple[Laid, ...]:
    """The recording as it is; two of it; one that restarts in between; one that stands still; one with gaps."""
    one = recorded(preset)
    names = sorted({name for name, _ in one.second})
    kept = set(names[::2])
    return (
        Laid(preset, one.first, one.second),
        Laid(f"{preset}-twice", one.first, one.second, ("a", "b")),
        Laid(f"{preset}-reset", *_restarted(preset, one)),
        Laid(f"{preset}-still", one.second, one.second),
        Laid(f"{preset}-gaps", _only(kept, one.first), _only(kept, one.second)),
    )


def _only(names: set[str], scrape: dict[Series, float]) -> dict[Series, float]:
    return {series: value for series, value in scrape.items() if series[0] in names}


def _restarted(preset: str, one: Recorded) -> tuple[dict[Series, float], dict[Series, float]]:
    """Counters, which are what the preset takes rates of, as if they had begun anew at the first scrape."""
    counters = {
        name for signal in preset_named(preset).signals.values() for name in re.findall(r"rate\((\w+)", signal.query)
    }
    counted = [series for series, value in one.second.items() if series[0] in counters and value >= 0]
    before = {series: one.second[series] + 1e9 for series in counted}
    since = {series: one.second[series] - one.first.get(series, 0.0) for series in counted}
    return one.second | before, one.second | since


def openmetrics(all_laid: Iterable[Laid]) -> str:
    """All of them with their times, as promtool reads it."""
    lines: list[str] = []
    for each in all_laid:
        for instance in each.instances:
            where = f'job="{each.job}",instance="{instance}"'
            lines += _lines(each.first, where, AT - APART)
            lines += _lines(each.second, where, AT)
    return "\n".join([*lines, "# EOF\n"])


def _lines(scrape: dict[Series, float], where: str, at: float) -> Iterator[str]:
    for (name, braces), value in scrape.items():
        inner = f"{braces.rstrip(',')},{where}" if braces else where
        yield f"{name}{{{inner}}} {value!r} {at:.3f}".replace(" inf ", " +Inf ").replace(" nan ", " NaN ")
