"""The console on a hand-made estate: a session without wires, a clock that stands still, a small engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from console.acting import Happening, Mood, Offer, Parameter, Prepared, Progress, Refused
from console.app import SeawallApp
from console.config import Environment
from console.model.component import ComponentId
from console.model.snapshot import Detail, Unreachable
from console.model.topology import Topology
from tests.panels.estates import START


@dataclass
class StillClock:
    """Time moves only by ``ahead``; estate, wall and monotonic alike."""

    at: float
    speed: float = 1.0
    paused: bool = False

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def ahead(self, seconds: float) -> None:
        self.at += seconds

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class StillSession:
    """Shows one topology, and counts how often it was asked to read."""

    def __init__(self, topology: Topology, changed: Callable[[Topology], None]) -> None:
        self.topology = topology
        self.changed = changed
        self.reads = 0

    async def start(self) -> None:
        self.changed(self.topology)

    async def stop(self) -> None:
        return None

    async def read_now(self) -> Topology:
        self.reads += 1
        self.changed(self.topology)
        return self.topology

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        rows = (("api-7", "Running", "0"), ("api-8\x1b[2J", "CrashLoopBackOff", "6"))
        return Detail(component, self.topology.at, f"pods of {component}", ("POD", "STATE", "RESTARTS"), rows, more=3)


PLAN = (
    "Viral spike, 100x traffic inside ten minutes  (demo)",
    "  with service=api, min_replicas=20, max_replicas=100, cache_ttl=600s, user_rate=100",
    "1. ttl  redis.ttl redis/cache",
    "     ttl.catalog              60 → 600",
    "     ends in 2h by the application itself; verified by: reads back; on failure: undo step",
    "2. features  redis.feature redis/cache",
    "     flag.reviews             on → off",
    "     ends in 1h by the application itself; verified by: reads back; on failure: undo step",
    "3. rate  redis.rate_limit redis/cache",
    "     rate.user                absent → 100",
    "     ends in 30m by the application itself; verified by: reads back; on failure: undo step",
    "4. capacity  kubernetes.hpa kubernetes/hpa/shop/api",
    "     hpa.min                  5 → 20",
    "     ends in 2h by whoever undoes the run; verified by: reads back, api.ready at least 20; on failure: undo step",
    "! redis/cache: keys that live 10× as long need up to 10× their memory; 251Mi used of 1.0Gi",
    "! database: 100 pods × 3.5 connections each (as now) = 345, 115% of its limit of 300",
    "4 changes, plan 3f9a2c",
)
"""As long as the real one: at 80x24 it has to be scrolled."""


@dataclass
class SmallEngine:
    """A playbook engine of one playbook: keeps what it was asked, and tells a run as far as it is let."""

    clock: StillClock
    started: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    told: int = 1  # of the story's four happenings
    hold: asyncio.Event = field(default_factory=asyncio.Event)  # a run is started once it is set

    def __post_init__(self) -> None:
        self.hold.set()

    def problems(self) -> tuple[str, ...]:
        return ()

    def offers(self, topology: Topology) -> tuple[Offer, ...]:
        because = "api.cpu above 70% for 60s" if topology.pressure is not None else ""
        spike = Offer(
            "viral-spike",
            "Viral spike, 100x traffic inside ten minutes",
            "v",
            (Parameter("min_replicas", "20", "int, 5 to 100"), Parameter("cache_ttl", "600s", "duration, 60s to 1h")),
            because,
        )
        return (spike, Offer("read-only", "Stop writes, keep reads", "r"))

    def prepare(self, name: str, given: Mapping[str, str], topology: Topology) -> Prepared:
        if given.get("min_replicas", "20") == "500":
            raise Refused("min_replicas: 500 is above 100")
        return Prepared(name, PLAN, 4, name)

    def prepare_undo(self, topology: Topology) -> Prepared:
        if not self.started:
            raise Refused("nothing to undo: no run of this console is in force")
        return Prepared(f"undo {self.started[-1]}", ("ttl.catalog 600 → 60",), 1, "undo", undoes=self.started[-1])

    async def start(self, prepared: Prepared) -> str:
        await self.hold.wait()
        self.started.append(str(prepared.token))
        self.told = 1
        return f"20261122T140207Z-{prepared.token}-7f3a"

    def progress(self, run: str) -> Progress:
        at = self.clock.wall()
        story = (
            Happening(at, "ttl: redis/cache ttl.catalog 60 → 600 done"),
            Happening(at, "ttl: cache.hit_rate rising: no data, inconclusive", Mood.UNSURE),
            Happening(at, "capacity: api.ready at least 20 passed", Mood.GOOD),
            Happening(at, "in force, verified", Mood.GOOD),
        )
        told = story[: self.told]
        if len(told) < len(story):
            return Progress(run, "viral-spike", "applying", at, told, next="features: flag.reviews on → off")
        return Progress(run, "viral-spike", "in_force", at, told, code=0, result="in force and verified; ends in 2h")

    def stop(self, run: str) -> None:
        self.stopped.append(run)


def environment(topology: Topology, *, armed: bool = False, production: bool = False) -> Environment:
    name = "prod-eu" if production else "demo"
    nowhere = Path("/nonexistent")
    return Environment(name, production, armed, 1.0, None, 1.0, topology.layout, {}, (), nowhere, nowhere)


def console(
    topology: Topology,
    clock: StillClock | None = None,
    *,
    armed: bool = False,
    production: bool = False,
    ascii: bool = False,
) -> SeawallApp:
    """The app as ``run`` would make it, on this topology, two seconds after it was seen."""
    still = StillClock((topology.at or START) + 2.0) if clock is None else clock
    return SeawallApp(
        environment(topology, armed=armed, production=production),
        still,
        lambda changed: StillSession(topology, changed),
        lambda: SmallEngine(still),
        ascii=ascii,
    )
