"""What the tests of the Kafka connector share: the simulated estate, an opened connector, and readings looked into."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from connectors import Connector
from connectors.kafka import open_connector
from connectors.settings.kafka import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.tick import Cache, Group, Partition, Tick
from console.clock import SystemClock
from console.model.snapshot import Detail, Observed, Seen, Snapshot, Unreachable

CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
FIRST = {"stalled": None, "stopped": None, "rewound": 0, "late": None, "kept": 108000}  # of a backlog read once
PATIENCE = 20.0  # wall seconds for a condition on a busy machine


def wire() -> KafkaWire:
    made = KafkaWire(SimClock(), seed=7)
    orders = tuple(Partition("orders", n, 0, 1000, 900 if n else None) for n in range(8))
    others = tuple(Partition("notifications", n, 0, 10, 4) for n in range(4))
    groups = (Group("orders", "Stable", 9, orders), Group("notifications", "Empty", 0, others))
    made.step(0, Tick(0, CACHE, groups, counters={"dead_letters": 12}))
    return made


@asynccontextmanager
async def estate() -> AsyncIterator[KafkaWire]:
    made = wire()
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def opened(bootstrap: tuple[str, ...], **settings: Any) -> AsyncIterator[Connector]:
    made = open_connector("kafka", Settings(bootstrap=bootstrap, **settings), SystemClock())
    try:
        yield made
    finally:
        await made.close()


def good(seen: Seen) -> Snapshot:
    assert isinstance(seen, Snapshot), seen
    return seen


def bad(seen: Seen | Detail) -> Unreachable:
    assert isinstance(seen, Unreachable), seen
    assert "\n" not in seen.reason
    return seen


def component(seen: Seen, id: str) -> Observed:
    return next(observed for observed in good(seen).components if observed.id == id)


def values(observed: Observed) -> dict[str, float | None]:
    return {signal.name: signal.value for signal in observed.signals}


async def until(connector: Connector, holds: Callable[[Snapshot], bool]) -> Snapshot:
    """Reads until it holds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = await connector.read()
        if isinstance(seen, Snapshot) and holds(seen):
            return seen
        await asyncio.sleep(0.1)
    raise AssertionError(seen)
