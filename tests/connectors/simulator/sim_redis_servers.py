"""A simulated Redis and a real one under the same assertions: both are waited for until something holds.

Simulated time is turned by hand, a second a look; the real servers are looked at ten times a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.tick import Cache, Tick
from tests.real.redis_sets import RealSet, start_replicated

CACHE = Cache(900, 100, 3, 4, 2000, 5_000_000, 9_000_000, 7, 1, 2, 50_000, 0.9)
LOOKS = 150

Condition = Callable[[], Awaitable[bool]]


class Time:
    """Wall time by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Servers(Protocol):
    """What the tests need of either."""

    ports: Sequence[int]
    sentinel: int

    async def later(self) -> None: ...

    def kill_primary(self) -> None: ...


class Simulated:
    """A wire, its clock and its seconds."""

    def __init__(self, options: RedisOptions, seed: int = 1) -> None:
        self.time = Time()
        self.wire = RedisWire(SimClock(1.0, self.time), seed, options)
        self.t = 0
        self.cache = CACHE
        self.ports: Sequence[int] = ()
        self.sentinel = 0

    async def start(self) -> None:
        await self.wire.start()
        self.ports = [int(url.rsplit(":", 1)[1].split("/")[0]) for url in self.wire.urls]
        self.sentinel = self.wire.sentinel[1] if self.wire.sentinel else 0

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.t += 1
            self.time.now += 1
            self.wire.step(self.t, Tick(self.t, self.cache, ()))

    async def later(self) -> None:
        self.run(1)
        await asyncio.sleep(0.005)

    def kill_primary(self) -> None:
        self.wire.losses.lose_primary()


class Real:
    """The real servers of a test."""

    def __init__(self, servers: RealSet) -> None:
        self.ports: Sequence[int] = servers.ports
        self.sentinel = servers.sentinel
        self._servers = servers

    async def later(self) -> None:
        await asyncio.sleep(0.1)

    def kill_primary(self) -> None:
        self._servers.processes[0].kill()


@asynccontextmanager
async def simulated(options: RedisOptions, seed: int = 1) -> AsyncIterator[Simulated]:
    """Between start and stop, with a second behind it."""
    servers = Simulated(options, seed)
    servers.run(1)
    await servers.start()
    try:
        yield servers
    finally:
        await servers.wire.stop()


@asynccontextmanager
async def replicated(kind: str, directory: Path) -> AsyncIterator[Servers]:
    """A primary with two replicas that are linked and known to the Sentinel; ``kind`` is simulated or real."""
    if kind == "simulated":
        async with simulated(RedisOptions(replicas=2)) as servers:
            yield servers
        return
    with start_replicated(directory, 2) as started:
        real = Real(started)
        await until(real, lambda: _all_linked(real))
        yield real


async def _all_linked(servers: Servers) -> bool:
    states = [await info(port, "replication") for port in servers.ports]
    replicas = await sentinel_command(servers.sentinel, "replicas", "mymaster")
    online = [states[0].get(f"slave{index}", {}).get("state") for index in (0, 1)]  # type: ignore[attr-defined]
    linked = all(state.get("master_link_status", "up") == "up" for state in states)
    return linked and online == ["online", "online"] and len(replicas) == 2


async def until(servers: Servers, condition: Condition) -> None:
    """Lets time pass until it holds."""
    for _ in range(LOOKS):
        if await condition():
            return
        await servers.later()
    raise AssertionError("it never held")


def client(port: int, protocol: int = 2) -> redis.asyncio.Redis:
    """Without the library's own retries: a refused connection is what some of the tests wait for."""
    once: Any = Retry(NoBackoff(), 0)
    return redis.asyncio.Redis(port=port, decode_responses=True, protocol=protocol, socket_timeout=5, retry=once)


async def info(port: int, section: str) -> dict[str, object]:
    async with client(port) as opened:
        return dict(await opened.info(section))


async def said(port: int, *words: str) -> object:
    """The reply to one command; an error reply is returned as its text."""
    async with client(port) as opened:
        try:
            reply: object = await opened.execute_command(*words)  # type: ignore[no-untyped-call]
            return "OK" if reply is True else reply
        except redis.ResponseError as error:
            return str(error)


async def sentinel_command(port: int, *words: str) -> list[object]:
    async with client(port) as opened:
        found = await opened.execute_command("SENTINEL", *words)  # type: ignore[no-untyped-call]
        return list(found)


async def cli(port: int, *words: str) -> str:
    """What redis-cli prints, errors too."""
    process = await asyncio.create_subprocess_exec(
        "redis-cli", "-p", str(port), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    return output.decode()
