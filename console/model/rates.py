"""Counters → rates, over at least two samples of the same thing.

The window smooths what a poll every second would make jump; a reset (the epoch changed, or the counter fell)
starts over, so a rate is never negative and never spans a restart. The same idea as Prometheus' ``rate()``,
without its extrapolation: what is shown is exactly what was counted between two readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from console.model.component import ComponentId
from console.model.signal import Counter
from console.model.snapshot import Observed

WINDOW = 15.0  # estate seconds between the two samples, at the most; further apart only when readings are rarer


def rate(earlier: Counter, later: Counter) -> float | None:
    """Units a second between two samples; None for another epoch, a fall, or no time between them."""
    elapsed = later.at - earlier.at
    if earlier.epoch != later.epoch or elapsed <= 0 or later.value < earlier.value:
        return None
    return (later.value - earlier.value) / elapsed


def extend(samples: tuple[Counter, ...], new: Counter) -> tuple[Counter, ...]:
    """The samples worth keeping with one more: same epoch, never falling, no older than the window needs."""
    if samples and rate(samples[-1], new) is None:
        return (new,) if new.at > samples[-1].at else samples
    kept = (*samples, new)
    while len(kept) > 2 and kept[1].at <= new.at - WINDOW:
        kept = kept[1:]
    return kept


@dataclass(frozen=True, slots=True)
class Tallies:
    """The recent samples of every counter of every component. Persistent; forgets components that are gone."""

    _samples: Mapping[tuple[ComponentId, str], tuple[Counter, ...]] = field(default_factory=dict)

    def rate(self, component: ComponentId, counter: str) -> float | None:
        samples = self._samples.get((component, counter), ())
        return rate(samples[0], samples[-1]) if len(samples) > 1 else None

    def after(self, gone: Iterable[Observed], seen: Iterable[Observed]) -> Tallies:
        """The tallies once ``seen`` has taken the place of ``gone``, the same source's previous reading."""
        new = dict(self._samples)
        for observed in gone:
            for counter in observed.counters:
                new.pop((observed.id, counter.name), None)
        for observed in seen:
            for counter in observed.counters:
                key = (observed.id, counter.name)
                new[key] = extend(self._samples.get(key, ()), counter)
        return Tallies(new)
