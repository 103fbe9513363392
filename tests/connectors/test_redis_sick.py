"""A sick Redis: it drips, hangs half-way, says absurd lengths, or one of many is gone; calls end, nothing grows."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import redis.asyncio

from connectors.redis import open_connector
from connectors.redis.lines import MOST_BYTES, MOST_ITEMS
from connectors.settings.redis import Settings
from connectors.simulator.redis.options import RedisOptions
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.faults import Handler, black_hole, serving
from tests.connectors.redis_servers import emptied, failure, opening, simulated, snapshot
from tests.connectors.simulator.sim_redis_servers import simulated as simulated_set
from tests.real.redis_sets import start_replicated

RUN = RunContext("r1", "ann", "spike", until=None)
READ_ONLY = Change("redis/cache", "flag.read_only", False, True, step="ro")
TIMEOUT = 0.3


def saying(*said: bytes, over: bool = False) -> Handler:
    """Answers whatever comes with these bytes; ``over``: and hangs up."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            for part in said:
                writer.write(part)
                await writer.drain()
            if over:
                return

    return handler


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reply that begins at once and comes a byte each 50 ms: no socket timeout ever fires."""
    await reader.read(65536)
    writer.write(b"$1000\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A list that never ends."""
    await reader.read(65536)
    writer.write(b"*%d\r\n" % MOST_ITEMS)
    while True:
        writer.write(b":1\r\n" * 1000)
        await writer.drain()


ABSURD = [
    pytest.param(saying(b"$99999999999\r\nx"), id="a string of 100 GB"),
    pytest.param(saying(b"*1000000000\r\n:1\r\n"), id="a list of a milliard"),
    pytest.param(saying(b"*-7\r\n"), id="a list of less than none"),
    pytest.param(saying(b"$-7\r\n"), id="a string of less than none"),
    pytest.param(saying(b"$many\r\n"), id="a length that is no number"),
    pytest.param(saying(b"*1\r\n" * 5000), id="lists in lists without end"),
    pytest.param(saying(b"+" + b"x" * 300_000), id="a line without an end"),
    pytest.param(saying(b"%1000000000\r\n"), id="a map of a milliard"),
    pytest.param(saying(b"\x00\xff\x1b[31m\r\n"), id="no protocol at all"),
    pytest.param(saying(b":9" * 10_000 + b"\r\n"), id="a number of ten thousand digits"),
    pytest.param(saying(b"-MOVED 1 nonsense\r\n"), id="moved to nowhere"),
    pytest.param(saying(b"$100\r\nhalf", over=True), id="truncated"),
    pytest.param(saying(b"", over=True), id="closed at once"),
    pytest.param(flood, id="a list that never ends"),
    pytest.param(drip, id="a byte each 50 ms"),
    pytest.param(black_hole, id="half-open"),
]


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("handler", ABSURD)
async def test_an_absurd_reply_ends_within_the_deadline(handler: Handler, protocol: int) -> None:
    async with serving(handler) as address:
        started = time.monotonic()
        seen = await failure(address.replace("http", "redis"), timeout=TIMEOUT, protocol=protocol)
        took = time.monotonic() - started
    assert seen.kind in (FailureKind.PROTOCOL, FailureKind.TIMED_OUT, FailureKind.REFUSED)
    assert seen.reason.isprintable()
    assert len(seen.reason) < 300
    assert took < 5  # the client is imported in it


async def test_what_comes_is_not_kept_beyond_the_limit() -> None:
    """A server that promises, and sends, more than any answer may be."""
    sent = 0

    async def pours(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.read(65536)
        writer.write(b"$%d\r\n" % (50 * MOST_BYTES))
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with serving(pours) as address:
        seen = await failure(address.replace("http", "redis"), timeout=2)
    assert "a reply of more than" in seen.reason
    assert sent < 2 * MOST_BYTES


@pytest.mark.real("redis")
async def test_a_flag_document_of_ten_megabytes_is_a_problem_and_the_rest_is_read(real_redis: str) -> None:
    connector = opening(await emptied(real_redis))
    async with redis.asyncio.Redis.from_url(real_redis) as other:
        await other.hset("seawall:flags", "flag.huge", b"x" * (10 * 2**20))
        first, second = await snapshot(connector), await snapshot(connector)
        await other.flushall()
    await connector.close()
    assert first.problems == (
        "flags: seawall:flags is more than is read",
        "hits: seawall:hits is more than is read",
    )
    assert sorted(second.problems) == sorted(first.problems)
    for seen in (first, second):
        values = {each.name: each.value for each in seen.components[0].signals}
        assert values["memory"]


@pytest.mark.real("redis")
async def test_a_server_that_is_stopped_hides_nothing_of_the_others(tmp_path: Path) -> None:
    with start_replicated(tmp_path, 1) as servers:
        settings = Settings(sentinels=(f"127.0.0.1:{servers.sentinel}",), master="mymaster", timeout=TIMEOUT)
        connector = open_connector("redis", settings, SystemClock())
        await snapshot(connector)
        servers.processes[0].send_signal(signal.SIGSTOP)
        seen = await snapshot(connector)
        servers.processes[0].send_signal(signal.SIGCONT)
        await connector.close()
    values = {each.name: (each.value, each.note) for each in seen.components[0].signals}
    assert values["memory"] == (None, f"without 127.0.0.1:{servers.ports[0]}")
    assert values["writable_primaries"] == (None, "a primary cannot be reached")  # it may well take writes
    assert any("did not answer" in problem for problem in seen.problems)


async def test_a_write_whose_reply_is_absurd_is_not_called_done() -> None:
    async with serving(saying(b"*1000000000\r\n")) as address:
        connector = opening(address.replace("http", "redis"), timeout=TIMEOUT)
        applied = await connector.apply(READ_ONLY, RUN)
        await connector.close()
    assert applied.outcome is Outcome.REJECTED  # its fields could not even be read


@asynccontextmanager
async def with_one_sick(handler: Handler) -> AsyncIterator[tuple[Settings, int]]:
    """A cluster one of whose nodes is reached through a hole in the wall, and its port."""
    async with simulated_set(RedisOptions(cluster=True)) as servers, serving(handler) as hole:
        first, sick, _ = (f"127.0.0.1:{port}" for port in servers.ports)
        yield (
            Settings(nodes=(first,), address_map={sick: hole.removeprefix("http://")}, timeout=TIMEOUT),
            servers.ports[1],
        )


@pytest.mark.parametrize("handler", [black_hole, drip, saying(b"*1000000000\r\n")])
async def test_one_sick_server_leaves_the_others_fresh(handler: Handler) -> None:
    async with with_one_sick(handler) as (settings, sick):
        connector = open_connector("redis", settings, SystemClock())
        await snapshot(connector)
        started = time.monotonic()
        seen = await snapshot(connector)
        took = time.monotonic() - started
        await connector.close()
    states = {part.id.rsplit(":", 1)[1]: part.state for part in seen.components[1:]}
    assert states.pop(str(sick)) == "unreachable"
    assert list(states.values()) == ["master", "master"]
    assert any(str(sick) in problem for problem in seen.problems)
    assert took < 3  # one deadline, and a busy machine


async def test_recovery_is_seen_at_the_next_reading() -> None:
    sick = True
    wire = await simulated()
    port = int(wire.url.rsplit(":", 1)[1].split("/")[0])

    async def moody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if sick:
            return
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        while asked := await reader.read(65536):
            forth.write(asked)
            writer.write(await back.read(65536))
        forth.close()

    async with serving(moody) as address:
        connector = opening(address.replace("http", "redis"), timeout=TIMEOUT)
        assert isinstance(await connector.read(), Unreachable)
        sick = False
        assert isinstance(await connector.read(), Snapshot)
        await connector.close()
    await wire.stop()


@pytest.mark.parametrize("handler", [saying(b"*1000000000\r\n"), saying(b"", over=True)])
async def test_a_thousand_failures_leave_no_thread_and_no_socket(handler: Handler) -> None:
    async with serving(handler) as address:
        connector = opening(address.replace("http", "redis"), timeout=TIMEOUT)
        for _ in range(20):
            await connector.read()
        before = _held()
        for _ in range(1000):
            assert isinstance(await connector.read(), Unreachable)
        await asyncio.sleep(0)
        threads, sockets, memory = (now - then for now, then in zip(_held(), before, strict=True))
        await connector.close()
    assert (threads, sockets <= 4, memory < 20 * 2**20) == (0, True, True)


async def test_hundreds_of_readings_leave_no_thread_and_no_socket() -> None:
    async with simulated_set(RedisOptions(replicas=2)) as servers:
        settings = Settings(sentinels=(f"127.0.0.1:{servers.sentinel}",), master="mymaster")
        connector = open_connector("redis", settings, SystemClock())
        await snapshot(connector)
        before = _held()
        for _ in range(100):
            await snapshot(connector)
        threads, sockets, memory = (now - then for now, then in zip(_held(), before, strict=True))
        await connector.close()
    assert (threads, sockets, memory < 20 * 2**20) == (0, 0, True)


def _held() -> tuple[int, int, int]:
    gc.collect()
    process = psutil.Process(os.getpid())
    return threading.active_count(), process.num_fds(), process.memory_info().rss
