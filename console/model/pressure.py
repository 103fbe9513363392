"""Which layer saturated, with the evidence: the cause is looked for from the bottom of the request path up.

A slow or full layer backs up into those above it, so among saturated layers the one furthest downstream is
named. Saturation is measured, not inferred: utilisation against a limit, work that grows faster than it is
done, or a cache that sends its readers to the layer below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
}
SATURATED_BELOW: Mapping[str, float] = {"hit_rate": 0.5}
LOOK_BACK = 300.0  # estate seconds, for "was"


@dataclass(frozen=True, slots=True)
class Pressure:
    """Where it starts: ``layer`` and ``alias`` are names of the layout, ``evidence`` a line for a person."""

    layer: str
    alias: str
    signal: str
    evidence: str


def find(path: Iterable[tuple[str, str, Mapping[str, Reading]]], history: History, now: float) -> Pressure | None:
    """The saturated component furthest down ``path`` (layer, alias, readings; top to bottom)."""
    found = None
    for layer, alias, readings in path:
        for name, reading in readings.items():
            if _saturated(name, reading):
                found = Pressure(layer, alias, name, _evidence(alias, reading, history, now))
                break
    return found


def _saturated(name: str, reading: Reading) -> bool:
    if reading.value is None or reading.stale:
        return False
    above, below = SATURATED_ABOVE.get(name), SATURATED_BELOW.get(name)
    return (above is not None and reading.value > above) or (below is not None and reading.value < below)


def _evidence(alias: str, reading: Reading, history: History, now: float) -> str:
    text = f"pressure starts at {alias}: {reading.name} {reading.text}"
    before = history.since(f"{alias}.{reading.name}", now - LOOK_BACK)
    if before and show(before[0].value, reading.unit) != reading.text:
        text = f"pressure starts at {alias}: {reading.name} {show(before[0].value, reading.unit)} → {reading.text}"
    return text
