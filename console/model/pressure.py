"""Which layer saturated, with the evidence: the cause is looked for from the bottom of the request path up.

A slow or full layer backs up into those above it, so among saturated layers the one furthest downstream is
named; but a cache that sends its readers to the layer right below it is the cause of what happens there.
Saturation is measured, not inferred: utilisation against a limit, work that grows faster than it is done, a backend
whose answers take as long as if they waited. It is named only where a rule objects too, so that no layer is blamed
that is shown as healthy, and it is remembered for half a minute, so that the name does not flicker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from console.model.component import Health
from console.model.history import History
from console.model.reading import Reading
from console.model.units import show

# A signal whose bound means "no room left", and the bound in base units. CPU is of the request: over 1 it is
# borrowed; the others are shares of a hard limit.
SATURATED_ABOVE: Mapping[str, float] = {
    "cpu": 0.9,
    "connections_ratio": 0.9,
    "memory_ratio": 0.95,
    "drain": 3600.0,
    "growth": 1.0,
    "latency": 0.2,
}
SATURATED_BELOW: Mapping[str, float] = {"hit_rate": 0.8}
LINGER = 30.0  # estate seconds that a layer counts as saturated after it was
LOOK_BACK = 300.0  # estate seconds, for "was"


@dataclass(frozen=True, slots=True)
class Pressure:
    """Where it starts: ``layer`` and ``alias`` are names of the layout, ``evidence`` a line for a person."""

    layer: str
    alias: str
    signal: str
    evidence: str


def find(path: Iterable[tuple[str, str, Mapping[str, Reading]]], history: History, now: float) -> Pressure | None:
    """The saturated component furthest down ``path`` (layer, alias, readings; top to bottom), or the cache over it."""
    found = [_of(layer, alias, readings, history, now) for layer, alias, readings in path]
    above: Pressure | None = None
    last: Pressure | None = None
    for before, each in zip((None, *found), found, strict=False):
        if each is not None:
            above, last = before, each
    return above if above is not None and above.signal in SATURATED_BELOW else last


def _of(layer: str, alias: str, readings: Mapping[str, Reading], history: History, now: float) -> Pressure | None:
    for name, reading in readings.items():
        if _saturated(alias, reading, history, now):
            return Pressure(layer, alias, name, _evidence(alias, reading, history, now))
    return None


def _saturated(alias: str, reading: Reading, history: History, now: float) -> bool:
    """Whether it is, or was within ``LINGER``, while a rule still objects to it."""
    if reading.value is None or reading.stale or reading.health is Health.OK:
        return False
    above, below = SATURATED_ABOVE.get(reading.name), SATURATED_BELOW.get(reading.name)
    if above is None and below is None:
        return False
    values = (reading.value, *(point.value for point in history.since(f"{alias}.{reading.name}", now - LINGER)))
    return (above is not None and max(values) > above) or (below is not None and min(values) < below)


def _evidence(alias: str, reading: Reading, history: History, now: float) -> str:
    text = f"pressure starts at {alias}: {reading.name} {reading.text}"
    before = history.since(f"{alias}.{reading.name}", now - LOOK_BACK)
    if before and show(before[0].value, reading.unit) != reading.text:
        text = f"pressure starts at {alias}: {reading.name} {show(before[0].value, reading.unit)} → {reading.text}"
    return text
