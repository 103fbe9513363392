"""A thousand readings of what is sick leave nothing behind: no thread, no socket, no memory to speak of."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from connectors import Connector
from console.model.snapshot import Snapshot, Unreachable
from tests.connectors.faults import closed_port, serving
from tests.connectors.kafka_estate import PATIENCE, estate, good, opened
from tests.connectors.test_kafka_sick import garbage, hang_up

MANY, FEW = 1000, 100
POOL = 4  # threads and sockets by which pools may still grow to their size; a leak would be one a reading
GROWTH = 256 * 2**10  # bytes in FEW readings: the interpreter's own caches move, too


@dataclass(frozen=True, slots=True)
class Held:
    threads: int
    sockets: int


def held() -> Held:
    """Without asyncio's own pool, which grows to its size once."""
    links = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    return Held(len(threads), sum("socket:" in link for link in links))


async def settled(before: Held) -> Held:
    """What is held once the threads that close things have ended."""
    deadline = time.monotonic() + PATIENCE
    now = held()
    while (now.threads > before.threads + POOL or now.sockets > before.sockets + POOL) and time.monotonic() < deadline:
        gc.collect()
        await asyncio.sleep(0.05)
        now = held()
    return now


async def unchanged(cycle: Callable[[], Awaitable[object]], times: int) -> None:
    """After five cycles, which fill what is filled once, no more is held than before."""
    for _ in range(5):
        await cycle()
    before = held()
    for _ in range(times):
        await cycle()
    after = await settled(before)
    assert after.threads <= before.threads + POOL, after
    assert after.sockets <= before.sockets + POOL, after


async def bad_one(connector: Connector) -> None:
    assert isinstance(await connector.read(), Unreachable)


async def test_a_closed_port() -> None:
    async with opened((f"127.0.0.1:{closed_port()}",), timeout=1.0) as connector:
        await unchanged(lambda: bad_one(connector), MANY)
        gc.collect()
        tracemalloc.start()
        try:
            for _ in range(FEW):
                await bad_one(connector)
            gc.collect()
            first = tracemalloc.get_traced_memory()[0]
            for _ in range(FEW):
                await bad_one(connector)
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] - first < GROWTH
        finally:
            tracemalloc.stop()


async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers nothing, and lets go with the client: both ends are in this process."""
    while await reader.read(4096):
        pass


@pytest.mark.parametrize(("server", "times"), [(hang_up, 200), (garbage, 200), (swallow, 30)])
async def test_servers_that_hang_up_babble_or_hang(server: Callable[..., Awaitable[None]], times: int) -> None:
    async with serving(server) as url, opened((url.removeprefix("http://"),), timeout=0.05) as connector:
        await unchanged(lambda: bad_one(connector), times)


async def test_brokers_that_are_cut_off_again_and_again() -> None:
    async with estate() as at, opened(at.bootstrap, timeout=1.0) as connector:
        good(await connector.read())

        async def cycle() -> None:
            at.ports.drop()
            assert isinstance(await connector.read(), Snapshot | Unreachable)

        await unchanged(cycle, 60)


async def test_one_hung_broker_of_three() -> None:
    async with estate() as at, opened(at.bootstrap, timeout=0.06) as connector:
        at.ports.silence(2)

        async def cycle() -> None:
            assert isinstance(await connector.read(), Snapshot | Unreachable)

        await unchanged(cycle, 30)
