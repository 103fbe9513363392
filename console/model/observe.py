"""The one way in: ``observe(topology, seen)`` folds one reading of one source into the next topology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from console.model import pressure, skew
from console.model.change import Fact
from console.model.component import ComponentId, Health, source_of, system_of
from console.model.derive import join, readings_of
from console.model.forecast import DAY, WINDOW, Forecast, growth, time_to_reach
from console.model.history import History, Point
from console.model.layout import Layout, Placement
from console.model.reading import Reading
from console.model.rules import Rule, Watch, judge, matching
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
        known = replace(topology, at=at, sources={**topology.sources, seen.source: source})
        return _judged_anew(known, seen.source)
    gone = old.snapshot.components if old.snapshot is not None else ()
    known = replace(
        topology,
        at=at,
        sources={**topology.sources, seen.source: Source(seen.source, seen)},
        observed=_replaced(topology.observed, gone, seen),
        tallies=topology.tallies.after(gone, seen.components),
    )
    return _judged_anew(known, seen.source)


def aged(topology: Topology, now: float) -> Topology:
    """The topology at ``now`` although nobody has told anything since: what has become stale is not well any more."""
    known = replace(topology, at=max(topology.at, now))
    if any(_has_aged(known, each) for each in known.components):
        return _judged_anew(known, "")
    return topology


def _replaced(
    observed: Mapping[ComponentId, Observed], gone: tuple[Observed, ...], seen: Snapshot
) -> dict[ComponentId, Observed]:
    """What is observed now: the source's previous components make way, so what was deleted leaves at once."""
    kept = dict(observed)
    for each in gone:
        kept.pop(each.id, None)
    kept.update((each.id, each) for each in seen.components)
    return kept


def _judged_anew(topology: Topology, source: str) -> Topology:
    """Everything that follows from the readings; lines that ``source`` has no part in are kept while fresh."""
    before = {each.alias: each for each in topology.components}
    watches = dict(topology.watches)
    components, new_points = [], {}
    for placement in topology.layout.placements:
        old = before[placement.alias]
        if not _touched(placement, source) and not _has_aged(topology, old):
            components.append(old)
            continue
        component = _component(topology, placement, watches)
        components.append(component)
        new_points.update(_points(component))
    return _concluded(replace(topology, watches=watches), tuple(components), new_points)


def _concluded(topology: Topology, components: tuple[Component, ...], points: Mapping[str, Point]) -> Topology:
    """The topology with its lines, their history, the pressure and the forecasts that they imply."""
    history = topology.history.with_points(points)
    # The machine that the console runs on is drawn below the request path and is no part of it.
    path = [(each.layer, each.alias, each.readings) for each in components if system_of(each.id) != "host"]
    return replace(
        topology,
        layers=_layers(topology.layout, components),
        history=history,
        pressure=pressure.find(path, history, topology.at),
        forecasts=tuple(forecast for each in components for forecast in _forecasts(each, history, topology.at)),
    )


def _touched(placement: Placement, source: str) -> bool:
    return any(source_of(each) == source for each in placement.ids)


def _has_aged(topology: Topology, component: Component) -> bool:
    """Whether a line must be judged again although nobody reported on it: something on it has become stale."""
    if any(not each.stale and _too_old(topology, each.source, each.at) for each in component.readings.values()):
        return True
    return component.health < Health.UNKNOWN and any(_missing(topology, each) for each in component.ids)


def _too_old(topology: Topology, source: str, at: float) -> bool:
    return topology.at - at > STALE_AFTER * topology.layout.interval_of(source)


def _measure(topology: Topology, placement: Placement) -> dict[str, Reading]:
    parts = []
    for each in placement.ids:
        observed = topology.observed.get(each)
        if observed is not None:
            parts.append(readings_of(observed, topology.tallies))
    if any(system_of(each) == "host" for each in placement.ids):
        parts.append(skew.worst(topology.sources.values()))
    return {name: _aged(reading, topology) for name, reading in join(parts).items()}


def _aged(reading: Reading, topology: Topology) -> Reading:
    return replace(reading, stale=True) if _too_old(topology, reading.source, reading.at) else reading


def _points(component: Component) -> dict[str, Point]:
    return {
        f"{component.alias}.{name}": Point(reading.at, reading.value)
        for name, reading in component.readings.items()
        if reading.value is not None and not reading.stale
    }


def _component(topology: Topology, placement: Placement, watches: dict[WatchKey, Watch]) -> Component:
    parts = [topology.observed[each] for each in placement.ids if each in topology.observed]
    if not parts:
        return _unseen(placement)
    judged, reasons = _judged(topology, placement.alias, _measure(topology, placement), watches)
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
    """The readings with their health, and the rules that fire in words. Moves this line's ``watches`` on."""
    judged: dict[str, Reading] = {}
    reasons: list[str] = []
    for name, reading in readings.items():
        worst = _worst(topology, alias, reading, watches)
        judged[name] = reading if worst is None else replace(reading, health=worst.health)
        if worst is not None:
            reasons.append(f"{name} {reading.text} {_because(worst, reading)}")
    return judged, tuple(reasons)


def _because(rule: Rule, reading: Reading) -> str:
    """``above 95% for 30s``; ``was`` so, where the value is back inside by less than the slack."""
    within = reading.value is not None and not rule.passed(reading.value, firing=False)
    return f"was {rule.text(reading.unit)}" if within else rule.text(reading.unit)


def _worst(topology: Topology, alias: str, reading: Reading, watches: dict[WatchKey, Watch]) -> Rule | None:
    """The worst rule that fires on this reading, if any."""
    rules = topology.layout.rules
    value = None if reading.stale else reading.value
    firing = []
    for index in matching(topology.layout.patterns, f"{alias}.{reading.name}"):
        if f"{alias}.{reading.name}" in rules[index].besides:
            continue
        key = (alias, reading.name, index)
        watches[key] = watch = judge(rules[index], watches.get(key, Watch()), value, reading.at)
        if watch.firing:
            firing.append(rules[index])
    return max(firing, key=lambda rule: rule.health, default=None)


def _blind(topology: Topology, placement: Placement, readings: Mapping[str, Reading]) -> bool:
    """Whether a part of this line cannot be trusted now: a source too old, a component gone, or nothing known."""
    if any(_missing(topology, each) for each in placement.ids):
        return True
    return all(reading.value is None or reading.stale for reading in readings.values())


def _missing(topology: Topology, component: ComponentId) -> bool:
    source = topology.sources.get(source_of(component))
    if source is None or source.snapshot is None or component not in topology.observed:
        return True
    return _too_old(topology, source.name, source.snapshot.at)


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
    loss = component.value("loss")
    if loss is not None and loss < DAY and component.value("lag"):
        found.append(Forecast(component.alias, "loss", loss, WINDOW))
    for name, what in (("memory", "full"), ("connections", "connection limit")):
        rising = growth(history.since(f"{component.alias}.{name}", now - WINDOW))
        left = time_to_reach(component.value(name), component.value(f"{name}_max"), rising)
        if left is not None:
            found.append(Forecast(component.alias, what, left, WINDOW))
    return found
