"""Signals that follow from others: hit rate, memory ratio, growth, time to drain, connections ratio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from console.model.forecast import DAY, time_to_drain, time_to_loss
from console.model.rates import Tallies
from console.model.reading import Reading
from console.model.shape import caught_up
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed
from console.model.units import show

CAUGHT_UP = "caught up"
FEWEST_LOOKUPS = 10.0  # a second; among fewer, the consoles' own look at the flag document once a second would tell


def readings_of(observed: Observed, tallies: Tallies) -> dict[str, Reading]:
    """Every reading of one component: its gauges, its counters as rates, and what follows from them."""
    readings = {signal.name: _gauge(signal) for signal in observed.signals}
    for counter in observed.counters:
        value = tallies.rate(observed.id, counter.name)
        note = "" if value is not None else "needs two readings"
        readings[counter.rate_name] = Reading(counter.rate_name, value, counter.unit, counter.at, counter.source, note)
    return readings | derived(readings)


def derived(readings: Mapping[str, Reading]) -> dict[str, Reading]:
    """The readings that these imply and that nobody measured directly."""
    found = [*_hit_rate(readings), *_ratios(readings), *_queue(readings)]
    found += _loss(readings, next((each.value for each in found if each.name == "drain"), None))
    return {reading.name: reading for reading in found if reading.name not in readings}


def join(parts: Iterable[Mapping[str, Reading]]) -> dict[str, Reading]:
    """One mapping of several components on one line. Where two disagree the first is shown, and says so."""
    joined: dict[str, Reading] = {}
    for part in parts:
        for name, reading in part.items():
            first = joined.get(name)
            joined[name] = reading if first is None else _reconciled(first, reading)
    return joined


def _gauge(signal: Signal) -> Reading:
    return Reading(signal.name, signal.value, signal.unit, signal.at, signal.source, signal.note)


def _reconciled(first: Reading, second: Reading) -> Reading:
    if first.value is None:
        return second
    if second.value is None or show(first.value, first.unit) == show(second.value, second.unit):
        return first
    note = f"{first.source} says {first.text}, {second.source} says {second.text}"
    return Reading(first.name, first.value, first.unit, first.at, first.source, note)


def _hit_rate(readings: Mapping[str, Reading]) -> Iterable[Reading]:
    """Of the whole cache, and of each prefix whose hits and misses the application publishes."""
    for name in readings:
        if name == "hits" or name.startswith("hits."):
            yield from _hit_rate_of(name.removeprefix("hits"), readings)


def _hit_rate_of(part: str, readings: Mapping[str, Reading]) -> Iterable[Reading]:
    name, hits, misses = f"hit_rate{part}", readings[f"hits{part}"], readings.get(f"misses{part}")
    if misses is None:
        return
    if hits.value is None or misses.value is None:
        yield Reading(name, None, Unit.RATIO, hits.at, hits.source, hits.note)
        return
    total = hits.value + misses.value
    if total <= 0 or (total < FEWEST_LOOKUPS and not part):
        note = "hardly any traffic" if total > 0 else "no traffic"
        yield Reading(name, None, Unit.RATIO, hits.at, hits.source, note)
        return
    yield Reading(name, hits.value / total, Unit.RATIO, hits.at, hits.source)


def _ratios(readings: Mapping[str, Reading]) -> Iterable[Reading]:
    for name in ("memory", "connections"):
        used, limit = readings.get(name), readings.get(f"{name}_max")
        if used is None or limit is None:
            continue
        value = used.value / limit.value if used.value is not None and limit.value else None
        yield Reading(f"{name}_ratio", value, Unit.RATIO, used.at, used.source, limit.note)


def _queue(readings: Mapping[str, Reading]) -> Iterable[Reading]:
    lag, consumed, produced = (readings.get(name) for name in ("lag", "consumed", "produced"))
    if lag is None or consumed is None or produced is None:
        return
    if consumed.value is None or produced.value is None:
        return
    if _caught_up(lag.value, produced.value, readings.get("partitions")):
        yield Reading("growth", 0.0, Unit.PER_SECOND, lag.at, lag.source, CAUGHT_UP)
        yield Reading("drain", 0.0, Unit.SECONDS, lag.at, lag.source, CAUGHT_UP)
        return
    yield Reading("growth", produced.value - consumed.value, Unit.PER_SECOND, lag.at, lag.source)
    drain = time_to_drain(lag.value, consumed.value, produced.value)
    yield Reading("drain", drain, Unit.SECONDS, lag.at, lag.source, "" if drain is not None else "not draining")


def _loss(readings: Mapping[str, Reading], drain: float | None) -> Iterable[Reading]:
    kept = readings.get("kept")
    if kept is None:
        return
    loss = time_to_loss(kept.value, drain)
    note = "none within a day" if loss == DAY else kept.note
    yield Reading("loss", loss, Unit.SECONDS, kept.at, kept.source, note)


def _caught_up(lag: float | None, produced: float, partitions: Reading | None) -> bool:
    each = partitions.value if partitions is not None and partitions.value else 1.0
    return lag is not None and caught_up(lag, produced, each)
