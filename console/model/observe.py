"""The one way in: ``observe(topology, seen)`` folds one reading of one source into the next topology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from console.model import pressure
from console.model.change import Fact
from console.model.component import ComponentId, Health, system_of
from console.model.derive import join, readings_of
from console.model.forecast import DAY, WINDOW, Forecast, slope, time_to_reach
from console.model.history import History, Point
from console.model.layout import Layout, Placement
from console.model.reading import Reading
from console.model.rules import Watch, judge
from console.model.snapshot import Observed, Seen, Snapshot, Unreachable
from console.model.topology import STALE_AFTER, Component, Layer, Source, Topology

WatchKey = tuple[str, str, int]


def empty(layout: Layout) -> Topology:
    """The topology before anything was seen: every line is there, and unknown."""
    components = tuple(_unseen(placement) for placement in layout.placements)
    return Topology(layout, layers=_layers(layout, components))


def observe(topology: Topology, seen: Seen) -> Topology:
    """The topology once ``seen`` is known. Reading the same thing twice changes ages and nothing else."""
    at = max(topology.at, seen.at)
    old = topology.sources.get(seen.source, Source(seen.source))
    if isinstance(seen, Unreachable):
        source = replace(old, failure=seen)
        return _rebuilt(replace(topology, at=at, sources={**topology.sources, seen.source: source}))
    gone = old.snapshot.components if old.snapshot is not None else ()
    return _rebuilt(
        replace(
            topology,
            at=at,
            sources={**topology.sources, seen.source: Source(seen.source, seen)},
            observed=_replaced(topology.observed, gone, seen),
            tallies=topology.tallies.after(gone, seen.components),
        )
    )


def _replaced(
    observed: Mapping[ComponentId, Observed], gone: tuple[Observed, ...], seen: Snapshot
) -> dict[ComponentId, Observed]:
    """What is observed now: the source's previous components make way, so what was deleted leaves at once."""
    kept = dict(observed)
    for each in gone:
        kept.pop(each.id, None)
    kept.update((each.id, each) for each in seen.components)
    return kept


def _rebuilt(topology: Topology) -> Topology:
    """Everything that follows from the readings: lines, history, rules, pressure, forecasts."""
    measured = {each.alias: _measure(topology, each) for each in topology.layout.placements}
    history = topology.history.with_points(_points(measured))
    watches: dict[WatchKey, Watch] = {}
    components = tuple(
        _component(topology, placement, measured[placement.alias], watches) for placement in topology.layout.placements
    )
    path = [(each.layer, each.alias, each.readings) for each in components]
    return replace(
        topology,
        layers=_layers(topology.layout, components),
        history=history,
        watches=watches,
        pressure=pressure.find(path, history, topology.at),
        forecasts=tuple(forecast for each in components for forecast in _forecasts(each, history, topology.at)),
    )


def _measure(topology: Topology, placement: Placement) -> dict[str, Reading]:
    parts = []
    for each in placement.ids:
        observed = topology.observed.get(each)
        if observed is not None:
            parts.append(readings_of(observed, topology.tallies))
    return {name: _aged(reading, topology) for name, reading in join(parts).items()}


def _aged(reading: Reading, topology: Topology) -> Reading:
    stale = topology.at - reading.at > STALE_AFTER * topology.layout.interval
    return replace(reading, stale=True) if stale else reading


def _points(measured: Mapping[str, Mapping[str, Reading]]) -> dict[str, Point]:
    return {
        f"{alias}.{name}": Point(reading.at, reading.value)
        for alias, readings in measured.items()
        for name, reading in readings.items()
        if reading.value is not None and not reading.stale
    }


def _component(
    topology: Topology, placement: Placement, readings: Mapping[str, Reading], watches: dict[WatchKey, Watch]
) -> Component:
    parts = [topology.observed[each] for each in placement.ids if each in topology.observed]
    if not parts:
        return _unseen(placement)
    judged, reasons = _judged(topology, placement.alias, readings, watches)
    worst = max((reading.health for reading in judged.values()), default=Health.OK)
    return Component(
        placement.alias,
        placement.layer,
        placement.id,
        placement.ids,
        readings=judged,
        facts=_facts(parts),
        health=max(worst, Health.UNKNOWN) if _blind(topology, placement, judged) else worst,
        reasons=reasons,
        state=next((part.state for part in parts if part.state), ""),
        notes=tuple(note for part in parts for note in part.notes),
        show=placement.show,
        seen=True,
    )


def _judged(
    topology: Topology, alias: str, readings: Mapping[str, Reading], watches: dict[WatchKey, Watch]
) -> tuple[dict[str, Reading], tuple[str, ...]]:
    """The readings with their health, and the rules that fire in words. Fills ``watches`` with the next states."""
    judged: dict[str, Reading] = {}
    reasons: list[str] = []
    for name, reading in readings.items():
        health = Health.OK
        for index, rule in enumerate(topology.layout.rules):
            if not rule.matches(alias, name):
                continue
            key = (alias, name, index)
            value = None if reading.stale else reading.value
            watches[key] = watch = judge(rule, topology.watches.get(key, Watch()), value, reading.at)
            if watch.firing:
                health = max(health, rule.health)
                reasons.append(f"{name} {reading.text} {rule.text(reading.unit)}")
        judged[name] = replace(reading, health=health)
    return judged, tuple(reasons)


def _blind(topology: Topology, placement: Placement, readings: Mapping[str, Reading]) -> bool:
    """Whether a part of this line cannot be trusted now: a source too old, a component gone, or nothing known."""
    if any(_missing(topology, each) for each in placement.ids):
        return True
    return all(reading.value is None or reading.stale for reading in readings.values())


def _missing(topology: Topology, component: ComponentId) -> bool:
    source = topology.sources.get(system_of(component))
    age = source.age(topology.at) if source is not None else None
    too_old = age is None or age > STALE_AFTER * topology.layout.interval
    return too_old or component not in topology.observed


def _facts(parts: list[Observed]) -> dict[tuple[ComponentId, str], Fact]:
    return {(part.id, fact.name): fact for part in parts for fact in part.facts}


def _unseen(placement: Placement) -> Component:
    return Component(
        placement.alias, placement.layer, placement.id, placement.ids, {}, {}, Health.UNKNOWN, show=placement.show
    )


def _layers(layout: Layout, components: tuple[Component, ...]) -> tuple[Layer, ...]:
    return tuple(Layer(name, tuple(each for each in components if each.layer == name)) for name in layout.layers)


def _forecasts(component: Component, history: History, now: float) -> list[Forecast]:
    found = []
    drain = component.value("drain")
    if drain is not None and 0 < drain < DAY and component.value("lag"):
        found.append(Forecast(component.alias, "drained", drain, WINDOW))
    for name, what in (("memory", "full"), ("connections", "connection limit")):
        growth = slope(history.since(f"{component.alias}.{name}", now - WINDOW))
        left = time_to_reach(component.value(name), component.value(f"{name}_max"), growth)
        if left is not None:
            found.append(Forecast(component.alias, what, left, WINDOW))
    return found
