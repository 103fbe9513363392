"""The Kafka wire with an ordinary estate behind it, for tests of groups and logs with real clients."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from kafka import KafkaAdminClient

from connectors.simulator.clock import SimClock
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.tick import Cache, Group, Partition, Tick

T = TypeVar("T")
PATIENCE = 20.0  # wall seconds for a client on a busy machine
_CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)


def tick(
    t: int, state: str = "Stable", members: int = 4, produced: int = 1000, consumed: int | None = 900, low: int = 0
) -> Tick:
    """One second in which the model's group ``orders`` has eight partitions at these offsets."""
    parts = tuple(Partition("orders", n, low, produced + n, consumed) for n in range(8))
    return Tick(t, _CACHE, (Group("orders", state, members, parts),))


@asynccontextmanager
async def served(seed: int = 7, state: str = "Stable", members: int = 4) -> AsyncIterator[KafkaWire]:
    """A wire on loopback ports with ten seconds behind it."""
    wire = KafkaWire(SimClock(), seed)
    for t in range(-10, 1):
        wire.step(t, tick(t, state, members, produced=1000 + 10 * t))
    await wire.start()
    try:
        yield wire
    finally:
        await wire.stop()


async def kcat(wire: KafkaWire, *arguments: str, given: str = "") -> str:
    """What kcat prints. It is left out where there is none; in CI that is a failure."""
    code, out, errors = await kcat_ended(wire, *arguments, given=given)
    assert code == 0, errors
    return out


async def kcat_ended(wire: KafkaWire, *arguments: str, given: str = "") -> tuple[int | None, str, str]:
    """Exit code, what it printed, and its complaints."""
    if shutil.which("kcat") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("kcat is not installed")
        pytest.skip("kcat is not installed")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "kcat", "-b", wire.bootstrap[0], *arguments, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(given.encode()), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, out.decode(), errors.decode()


async def with_admin(wire: KafkaWire, use: Callable[[KafkaAdminClient], T]) -> T:
    def run() -> T:
        admin = KafkaAdminClient(bootstrap_servers=list(wire.bootstrap), bootstrap_timeout_ms=PATIENCE * 1000)
        try:
            return use(admin)
        finally:
            admin.close()

    return await asyncio.to_thread(run)


async def create(wire: KafkaWire, topic: str, partitions: int = 1, **configs: str) -> None:
    """A topic for clients; underscores in the names of settings stand for dots."""
    settings = {name.replace("_", "."): value for name, value in configs.items()}
    wish = {topic: {"num_partitions": partitions, "replication_factor": 1, "configs": settings}}
    await with_admin(wire, lambda admin: admin.create_topics(wish))


def until(done: Callable[[], bool]) -> None:
    """Asks again and again, in a client's thread, until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, "it never came to be"
