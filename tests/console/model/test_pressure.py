"""Where the pressure starts: furthest down, but at the cache that sends its readers on; never where all is well."""

from __future__ import annotations

from dataclasses import replace

from console.model.layout import Layout, Placement
from console.model.observe import empty, observe
from console.model.pressure import LINGER
from console.model.rules import DEFAULT_RULES
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed, Snapshot
from console.model.topology import Topology

UNITS = {"latency": Unit.SECONDS, "growth": Unit.PER_SECOND}
LAYOUT = Layout(
    placements=tuple(
        Placement(name, name, f"{'host' if name == 'console' else 'prometheus'}/{name}")
        for name in ("cdn", "api", "queue", "cache", "database", "console")
    ),
    rules=tuple(replace(rule, hold=0) for rule in DEFAULT_RULES),
)


def after(*readings: dict[str, float], every: float = 10, layout: Layout = LAYOUT) -> Topology:
    """The topology after so many readings of ``alias.signal``, ``every`` seconds apart."""
    topology = empty(layout)
    for index, values in enumerate(readings):
        for system in ("prometheus", "host"):
            observed = tuple(
                Observed(placement.id, _signals(placement.alias, values, index * every))
                for placement in layout.placements
                if placement.id.startswith(system)
            )
            topology = observe(topology, Snapshot(system, index * every, 0.1, observed))
    return topology


def _signals(alias: str, values: dict[str, float], at: float) -> tuple[Signal, ...]:
    own = [(name.partition(".")[2], value) for name, value in values.items() if name.startswith(f"{alias}.")]
    return tuple(Signal(name, value, UNITS.get(name, Unit.RATIO), at, "x") for name, value in own)


def start(topology: Topology) -> str:
    return "" if topology.pressure is None else f"{topology.pressure.alias}.{topology.pressure.signal}"


def test_the_saturated_layer_furthest_down_is_named_with_its_evidence() -> None:
    calm = {"api.cpu": 0.26, "database.latency": 0.019}
    spike = {"api.cpu": 1.11, "database.latency": 0.919}
    topology = after(calm, spike)
    assert topology.pressure is not None
    assert topology.pressure.evidence == "pressure starts at database: latency 19ms → 919ms"
    assert start(after(calm, {**spike, "database.latency": 0.019})) == "api.cpu"
    assert start(after(calm)) == ""


def test_a_cache_that_sends_its_readers_down_is_the_cause_of_what_happens_right_below_it() -> None:
    assert start(after({"cache.hit_rate": 0.61, "database.connections_ratio": 0.97})) == "cache.hit_rate"
    assert start(after({"cdn.hit_rate": 0.42, "database.connections_ratio": 0.97})) == "database.connections_ratio"


def test_no_layer_is_blamed_that_is_shown_as_healthy() -> None:
    patient = replace(LAYOUT, rules=DEFAULT_RULES)
    hot = {"api.cpu": 0.99}
    assert start(after(hot, hot, layout=patient)) == ""
    assert start(after(*[hot] * 5, layout=patient)) == "api.cpu"


def test_a_saw_tooth_around_the_bound_does_not_flicker() -> None:
    saw = [{"api.cpu": value} for value in (0.99, 0.89, 0.88, 0.94, 0.89, 0.97, 0.89)]
    assert {start(after(*saw[:count])) for count in range(1, len(saw) + 1)} == {"api.cpu"}
    rest = [{"api.cpu": 0.8}] * (int(LINGER / 10) + 1)
    assert start(after(*saw, *rest)) == ""


def test_the_machine_of_the_console_is_no_part_of_the_path() -> None:
    assert start(after({"console.memory_ratio": 0.99, "api.cpu": 0.99})) == "api.cpu"
