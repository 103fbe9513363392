"""All snapshots joined into layers, with health, pressure and forecasts. Immutable and pure.

``observe(topology, seen)`` is the one way in: it folds one reading of one source into the next topology.
All judgement lives below it; whoever draws or prints a topology only reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.model.alert import Alert
from console.model.change import Fact, Mark
from console.model.component import ComponentId, Health
from console.model.forecast import Forecast
from console.model.history import History, Point
from console.model.layout import Layout
from console.model.pressure import Pressure
from console.model.rates import Tallies
from console.model.reading import Reading
from console.model.rules import Watch
from console.model.snapshot import Observed, Snapshot, Unreachable

STALE_AFTER = 3  # intervals


@dataclass(frozen=True, slots=True)
class Source:
    """One backend as it stands: its last good snapshot stays when it fails, with the reason beside it."""

    name: str
    snapshot: Snapshot | None = None
    failure: Unreachable | None = None  # None: the last reading was good

    def age(self, now: float) -> float | None:
        """Estate seconds since the last good snapshot; None when there never was one."""
        return None if self.snapshot is None else max(0.0, now - self.snapshot.at)


@dataclass(frozen=True, slots=True)
class Component:
    """One line of the topology: everything that is known under one alias."""

    alias: str
    layer: str
    id: ComponentId
    ids: tuple[ComponentId, ...]
    readings: Mapping[str, Reading]
    facts: Mapping[tuple[ComponentId, str], Fact]
    health: Health
    reasons: tuple[str, ...] = ()  # the rules that fire, in words: "cpu 91% above 70% for 60s"
    state: str = ""
    notes: tuple[str, ...] = ()
    show: tuple[str, ...] = ()  # names of the readings for its line, in order
    seen: bool = False  # False: no source has reported it yet, or it is gone

    def value(self, name: str) -> float | None:
        reading = self.readings.get(name)
        return None if reading is None else reading.value

    def fact(self, name: str) -> Fact | None:
        return next((fact for (_, each), fact in self.facts.items() if each == name), None)


@dataclass(frozen=True, slots=True)
class Layer:
    """One row of the request path. Its health is its worst component's."""

    name: str
    components: tuple[Component, ...]

    @property
    def health(self) -> Health:
        return max((component.health for component in self.components), default=Health.UNKNOWN)


@dataclass(frozen=True, slots=True)
class InForce:
    """A change that stands: what was set, by whom, until when, and whether the value is still ours."""

    component: ComponentId
    fact: str
    value: object  # what is there now
    mark: Mark

    @property
    def drifted(self) -> bool:
        return self.value != self.mark.after


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """Compares by identity: a new one is made only when something was seen."""

    layout: Layout
    at: float = 0.0  # estate seconds of the last thing seen
    sources: Mapping[str, Source] = field(default_factory=dict)
    observed: Mapping[ComponentId, Observed] = field(default_factory=dict)  # all that was seen, placed or not
    layers: tuple[Layer, ...] = ()
    history: History = field(default_factory=History)
    tallies: Tallies = field(default_factory=Tallies)
    watches: Mapping[tuple[str, str, int], Watch] = field(default_factory=dict)  # (alias, signal, rule's index)
    pressure: Pressure | None = None
    forecasts: tuple[Forecast, ...] = ()

    @property
    def components(self) -> tuple[Component, ...]:
        """Top to bottom, as drawn."""
        return tuple(component for layer in self.layers for component in layer.components)

    @property
    def health(self) -> Health:
        return max((layer.health for layer in self.layers), default=Health.UNKNOWN)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert of every source, firing first, the oldest first."""
        told = (alert for each in self.sources.values() if each.snapshot is not None for alert in each.snapshot.alerts)
        return tuple(sorted(told, key=lambda alert: (alert.state, alert.since or self.at, alert.name)))

    @property
    def in_force(self) -> tuple[InForce, ...]:
        """Every mark on every fact seen, in order of component and fact; those of one fact oldest first."""
        standing = (
            InForce(observed.id, fact.name, fact.value, mark)
            for observed in self.observed.values()
            for fact in observed.facts
            for mark in fact.marks
        )
        return tuple(sorted(standing, key=lambda each: (each.component, each.fact)))

    def component(self, alias: str) -> Component | None:
        return next((each for each in self.components if each.alias == alias), None)

    def reading(self, name: str) -> Reading | None:
        """The reading of ``alias.signal``; None when there is no such line or signal."""
        alias, _, signal = name.partition(".")
        component = self.component(alias)
        return None if component is None else component.readings.get(signal)

    def points(self, name: str) -> tuple[Point, ...]:
        """The history of ``alias.signal``, oldest first."""
        return self.history.points(name)

    def fact(self, component: ComponentId, name: str) -> Fact | None:
        observed = self.observed.get(component)
        return None if observed is None else next((each for each in observed.facts if each.name == name), None)
