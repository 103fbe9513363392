"""A small estate in memory for the engine's tests: facts with conditional writes and marks, and a clock that is told.

It implements the ports as a connector does, compare and write and mark in one step, so that the engine's promises
can be tried in thousands of histories; the real connectors prove the same over their wires.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from console.model.change import Applied, Change, Fact, FactValue, Mark, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId, system_of
from console.model.layout import Layout, Placement
from console.model.observe import empty, observe
from console.model.signal import Signal, Unit
from console.model.snapshot import FailureKind, Observed, Snapshot, Unreachable
from console.model.topology import Topology

HPA = "kubernetes/hpa/shop/api"
API = "kubernetes/deployment/shop/api"
WORKERS = "kubernetes/deployment/shop/workers"
CACHE = "redis/cache"

LAYOUT = Layout(
    placements=(
        Placement("gateway", "gateway", "prometheus/gateway"),
        Placement("api", "api", API, (HPA, "prometheus/api")),
        Placement("queue", "queue", "kafka/group/orders"),
        Placement("workers", "workers", WORKERS),
        Placement("cache", "cache", CACHE),
        Placement("database", "database", "prometheus/database"),
    ),
    aliases={"features": CACHE, "edge": CACHE},
    features={
        "P0": ("checkout",),
        "P1": ("search", "wishlist"),
        "P2": ("recommendations", "reviews", "search_suggest"),
    },
)

FACTS: dict[tuple[ComponentId, str], FactValue] = {
    (HPA, "hpa.min"): 5,
    (HPA, "hpa.max"): 20,
    (HPA, "hpa.cpu"): 70,
    (HPA, "hpa.scale_down"): "default",
    (API, "replicas"): 5,
    (WORKERS, "replicas"): 4,
    (CACHE, "flag.read_only"): False,
    (CACHE, "flag.recommendations"): True,
    (CACHE, "flag.reviews"): True,
    (CACHE, "flag.search_suggest"): True,
    (CACHE, "flag.search"): True,
    (CACHE, "flag.wishlist"): False,
    (CACHE, "flag.checkout"): True,
    (CACHE, "ttl.catalog"): 60,
    (CACHE, "rate.user"): None,
}

SIGNALS: dict[tuple[ComponentId, str], tuple[float | None, Unit]] = {
    (API, "ready"): (20, Unit.COUNT),
    (WORKERS, "ready"): (8, Unit.COUNT),
    (HPA, "hpa.current"): (5, Unit.COUNT),
    ("prometheus/api", "cpu"): (0.3, Unit.RATIO),
    ("prometheus/gateway", "p95"): (0.05, Unit.SECONDS),
    ("prometheus/gateway", "errors"): (0.0, Unit.RATIO),
    ("kafka/group/orders", "lag"): (10, Unit.MESSAGES),
    ("kafka/group/orders", "partitions"): (8, Unit.COUNT),
    ("prometheus/database", "connections"): (20, Unit.COUNT),
    ("prometheus/database", "connections_max"): (300, Unit.COUNT),
}


class Killed(BaseException):
    """The process is gone: nothing after this runs."""


class ToldClock:
    """Time moves when someone sleeps; the wall goes with it."""

    speed = 1.0
    paused = False

    def __init__(self, start: float = 1_000_000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Yields once before time moves, so that an observation made meanwhile wins."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.time += seconds


class SmallEstate:
    """Facts with marks, signals, and the two ports of the engine: ``Watch`` and ``Target``.

    ``meddle`` is called before each write with its number, and may do what the world does: change a value, lose
    the reply, kill the process.
    """

    def __init__(self) -> None:
        self.clock = ToldClock()
        self.values = dict(FACTS)
        self.marks: dict[tuple[ComponentId, str], tuple[Mark, ...]] = {}
        self.signals = dict(SIGNALS)
        self.owners: dict[tuple[ComponentId, str], str] = {}
        self.identities: dict[str, str] = {}
        self.down: set[str] = set()
        self.refusing: dict[str, Applied] = {}  # by fact
        self.lost_replies: set[str] = set()  # facts whose writes land and whose replies do not
        self.lost_writes: set[str] = set()  # facts whose writes and replies are lost
        self.forbidden: set[str] = set()
        self.writes: list[Change] = []
        self.step: Callable[[], None] = lambda: None  # called wherever a process could be killed
        self.observed: Callable[[], None] = lambda: None  # the world moves on before each observation
        self.topology = self.look(empty(LAYOUT))

    async def read_now(self) -> Topology:
        self.step()
        self.topology = self.look(self.topology)
        return self.topology

    async def next(self) -> Topology:
        self.step()
        await asyncio.sleep(0)
        self.clock.time += 1
        self.observed()
        return await self.read_now()

    def target(self, component: ComponentId) -> SmallEstate:
        return self

    async def may(self, verb: str, resource: str, namespace: str) -> bool:
        return resource not in self.forbidden

    async def apply(self, change: Change, run: RunContext) -> Applied:
        self.step()
        if change.fact in self.refusing:
            return self.refusing[change.fact]
        if change.fact in self.lost_writes:
            return Applied(Outcome.UNKNOWN, "no reply")
        applied = self._write(change, run)
        self.step()
        if change.fact in self.lost_replies:
            return Applied(Outcome.UNKNOWN, "no reply")
        return applied

    async def probe(self, change: Change, run: RunContext) -> Probed:
        if system_of(change.component) in self.down:
            return Probed(Verdict.UNKNOWN, reason="refused")
        key = (change.component, change.fact)
        value, marked = self.values.get(key), any(mark.run == run.run for mark in self.marks.get(key, ()))
        if marked and value == change.after:
            return Probed(Verdict.OURS, value)
        if marked:
            return Probed(Verdict.SUPERSEDED, value)
        return Probed(Verdict.NOT_APPLIED if value == change.before else Verdict.FOREIGN, value)

    @contextmanager
    def killed_at(self, number: int) -> Iterator[None]:
        """The process dies at the so-manieth place where it could."""
        left = number

        def die() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        self.step = die
        try:
            yield
        finally:
            self.step = lambda: None

    def _write(self, change: Change, run: RunContext) -> Applied:
        key = (change.component, change.fact)
        value, marks = self.values.get(key), self.marks.get(key, ())
        if value != change.before:
            return Applied(Outcome.REJECTED, f"{change.fact} is {value}, not {change.before}")
        if change.undoes:
            if not marks or (marks[-1].run, marks[-1].step) != (run.run, change.step):
                return Applied(Outcome.REJECTED, "no mark of ours on top")
            self.marks[key] = marks[:-1]
        else:
            mark = Mark(run.run, change.step, value, change.after, run.until, change.reason, run.actor, change.seq)
            self.marks[key] = (*marks, mark)
        self.values[key] = change.after
        self.writes.append(change)
        return Applied(Outcome.DONE)

    def look(self, topology: Topology) -> Topology:
        for system in ("kubernetes", "redis", "prometheus", "kafka"):
            topology = observe(topology, self._seen(system))
        return topology

    def _seen(self, system: str) -> Snapshot | Unreachable:
        now = self.clock.now()
        if system in self.down:
            return Unreachable(system, now, FailureKind.REFUSED, f"{system}: connection refused")
        ids = dict.fromkeys(each for each, _ in (*self.values, *self.signals) if system_of(each) == system)
        return Snapshot(
            system,
            now,
            0.0,
            tuple(self._component(each, now) for each in ids),
            identity=self.identities.get(system, system),
        )

    def _component(self, component: ComponentId, now: float) -> Observed:
        facts = tuple(
            Fact(name, value, owner=self.owners.get((each, name), ""), marks=self.marks.get((each, name), ()))
            for (each, name), value in self.values.items()
            if each == component
        )
        signals = tuple(
            Signal(name, value, unit, now, system_of(component))
            for (each, name), (value, unit) in self.signals.items()
            if each == component
        )
        return Observed(component, signals=signals, facts=facts)


def with_layout(topology: Topology, layout: Layout) -> Topology:
    return replace(topology, layout=layout)
