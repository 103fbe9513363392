"""A simulated Kafka for tests: a few seconds of history, one dictated group, and time that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from connectors.simulator.clock import SimClock
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.kafka.brokers import NOBODY
from connectors.simulator.kafka.options import KafkaOptions, Security
from connectors.simulator.tick import Cache, Group, Partition, Tick
from tests.connectors.simulator.kafka_clients import Access

USERS = {"keeper": "keeper's", "viewer": "looks", "watcher": "sees"}
CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)


def tick(t: int, produced: int = 1000, consumed: int = 900) -> Tick:
    parts = tuple(Partition("orders", n, 0, produced + n, consumed) for n in range(8))
    return Tick(t, CACHE, (Group("orders", "Stable", 4, parts),))


class Estate:
    """A wire whose simulated seconds pass when ``run`` says so."""

    def __init__(self, options: KafkaOptions | None = None) -> None:
        self.wire = KafkaWire(SimClock(), 7, options)
        self.t = -11
        self.run(10)

    @property
    def bootstrap(self) -> str:
        return ",".join(self.wire.bootstrap)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.t += 1
            self.wire.step(self.t, tick(self.t))


def under_replicated(wire: KafkaWire) -> int:
    """Partitions with a replica that is lost or not yet in sync again."""
    return sum(len(at.isr) < len(at.replicas) for at in wire.placements().values())


def offline(wire: KafkaWire) -> int:
    """Partitions that nobody leads."""
    return sum(at.leader == NOBODY for at in wire.placements().values())


@asynccontextmanager
async def estate(options: KafkaOptions | None = None) -> AsyncIterator[Estate]:
    made = Estate(options)
    await made.wire.start()
    try:
        yield made
    finally:
        await made.wire.stop()


def secured(security: Security, **more: Any) -> KafkaOptions:
    """For USERS."""
    return KafkaOptions(security=security, users=USERS, **more)


def way_in(at: Estate, protocol: str, mechanism: str = "", ca: Path | None = None, user: str = "keeper") -> Access:
    named = {"user": user, "password": USERS[user], "mechanism": mechanism} if mechanism else {}
    return Access(at.bootstrap, protocol, ca=str(ca) if ca else "", **named)
