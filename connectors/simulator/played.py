"""A crisis played through on any architecture without wires: what comes of doing nothing, the right thing or another.

The moves go through the flag document and the pods as an operator's would; the roles in them become names here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from connectors.simulator.architecture import Architecture, architecture_named
from connectors.simulator.levers import Document, levers_of
from connectors.simulator.model import Model
from connectors.simulator.rehearsal import Fleet, Rehearsal
from connectors.simulator.scenarios import FAULT, Move, Role, Scenario
from connectors.simulator.tick import REPORTED, Reported, Tick

CALM_BEFORE = 120  # seconds before 0: the cache is filled by then
LASTS = 900  # seconds after the fault that are looked at


class Hand:
    """The operator's hand: the flag document, the pods and what was done to the servers."""

    def __init__(self, plant: Architecture) -> None:
        self.plant = plant
        self.cluster = Rehearsal(plant)
        self.flags: dict[str, Document] = dict(plant.flags)
        self.reported: Reported = REPORTED

    def do(self, move: Move, t: int, tick: Tick | None) -> None:
        """One move, at second ``t``."""
        for field, document in move.set.items():
            self.flags |= dict.fromkeys(fields_of(field, self.plant), document)
        for name, feature in self.plant.features.items():
            if feature.tier in move.off:
                self.flags[f"flag.{name}"] = {"on": False}
        for role, bounds in move.autoscale.items():
            for fleet, share in zip(self._fleets(role), shares_of(role, self.plant), strict=True):
                fleet.low, fleet.high = max(round(bounds.low * share), 1), max(round(bounds.high * share), 1)
        for role, count in move.scale.items():
            for fleet in self._fleets(role):
                fleet.low = fleet.high = count
                fleet.scale(count, t)
        for role in move.restart:
            for fleet in self._fleets(role):
                fleet.restart()
        if move.skip and tick:
            self.reported = replace(self.reported, seeks=_skip(tick))

    def _fleets(self, role: Role) -> list[Fleet]:
        return [self.cluster.fleets[name] for name in workloads_of(role, self.plant)]


def workloads_of(role: Role, plant: Architecture) -> tuple[str, ...]:
    """The names of the workloads that have a role."""
    if role == "front":
        return tuple(front.workload for front in plant.fronts)
    if role == "services":
        return tuple(service.workload for service in plant.services)
    if role == "workers":
        return (plant.consumed[0].workload,)
    return (plant.database.replicas,) if plant.database.replicas else ()


def shares_of(role: Role, plant: Architecture) -> tuple[float, ...]:
    """How what is meant for a role is dealt to the workloads that have it."""
    return tuple(front.share for front in plant.fronts) if role == "front" else (1.0,) * len(workloads_of(role, plant))


def fields_of(field: str, plant: Architecture) -> Iterator[str]:
    """A field of the flag document for each name that a role in it stands for."""
    names: Mapping[str, Iterable[str]] = {
        "front": workloads_of("front", plant),
        "cache": [group.name for group in plant.cache.groups if group.share > 0],
        "third_party": [party.name for party in plant.third_parties[:1]],
        "service": [service.workload for service in plant.services],
    }
    roles = [role for role in names if "{" + role + "}" in field]
    for chosen in product(*(names[role] for role in roles)):
        yield field.format_map(dict(zip(roles, chosen, strict=True)))


def _skip(tick: Tick) -> dict[tuple[str, str, int], int]:
    group = tick.groups[0]
    head = group.partitions[0]
    return {(group.name, head.topic, 0): (head.committed or 0) + 1}


def play(
    scenario: Scenario,
    moves: Iterable[Move] = (),
    architecture: str = "shop",
    seed: int = 0,
    end: int = int(FAULT) + LASTS,
) -> Iterator[Tick]:
    """Every second of the scenario from some minutes before the fault, with these moves in it."""
    plant = architecture_named(architecture)
    model, hand, tick = Model(scenario, seed, architecture=plant), Hand(plant), None
    coming = sorted(moves, key=lambda move: move.at)
    for t in range(-CALM_BEFORE, end):
        while coming and coming[0].at <= t:
            hand.do(coming.pop(0), t, tick)
        hand.cluster.step(t, tick)
        levers = levers_of(hand.cluster.pods(t), hand.flags, float(t), plant.features, hand.reported)
        tick = model.step(t, levers)
        yield tick
