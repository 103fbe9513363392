"""The Redis connector: what an INFO costs to take apart, and twelve servers side by side against one, and one by one.

Every server answers after a wait, as over a network: without it, twelve servers in this process would only measure
this process.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

from bench.redis_estate import SERVERS, recorded, server
from bench.result import Result, seconds
from connectors.redis import RedisConnector, open_connector
from connectors.redis.info import counters_of, notes_of, parse, signals_of
from connectors.settings.redis import Settings
from console.clock import SystemClock
from console.model.snapshot import Snapshot

ROUNDS = 15


def run() -> Iterator[Result]:
    told = recorded()
    ours, theirs = seconds(lambda: _taken_apart(told), 200), _by_the_library(told)
    yield Result("redis: INFO as signals", ours * 1000, "ms", 2.0, f"redis-py's parser alone {theirs * 1000:.3f} ms")
    yield Result("redis: INFO as signals, of the library's parser", ours / theirs, "×", 3.0)
    one, twelve, by_turns = asyncio.run(_readings(told))
    yield Result("redis: 12 servers side by side, of one", twelve / one, "×", 2.0, f"one {one * 1000:.0f} ms")
    yield Result(
        "redis: 12 servers side by side, of by turns", twelve / by_turns, "×", 0.3, f"{by_turns * 1000:.0f} ms"
    )


def _taken_apart(told: bytes) -> object:
    info = parse(told)
    return signals_of(info, 0.0, "redis", 0.0), counters_of(info, 0.0, "redis"), notes_of(info)


def _by_the_library(told: bytes) -> float:
    from redis._parsers.helpers import parse_info

    return seconds(lambda: parse_info(told), 200)  # type: ignore[no-untyped-call]


async def _readings(told: bytes) -> tuple[float, float, float]:
    """Wall seconds of a reading of one server, of twelve as one cluster, and of twelve connectors by turns."""
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(server(told)) for _ in range(SERVERS)]
        alone = [open_connector("redis", Settings(url=f"redis://127.0.0.1:{port}"), SystemClock()) for port in ports]
        addresses = {f"10.0.0.{index}:6379": f"127.0.0.1:{port}" for index, port in enumerate(ports)}
        settings = Settings(nodes=("10.0.0.0:6379",), address_map=addresses)
        together = open_connector("redis", settings, SystemClock())
        one = await _median(alone[:1])
        twelve = await _median([together])
        by_turns = await _median(alone)
        for connector in (*alone, together):
            await connector.close()
    return one, twelve, by_turns


async def _median(connectors: list[RedisConnector]) -> float:
    taken = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        for connector in connectors:
            seen = await connector.read()
            assert isinstance(seen, Snapshot), seen
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])  # the first one imports the client and opens the lines
