"""The Redis connector: what an INFO costs to take apart, and twelve servers side by side against one, and one by one.

Every server answers after a wait, as over a network: without it, twelve servers in this process would only measure
this process. What they answer is a recorded INFO of the simulated Redis.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

from bench.result import Result, seconds
from connectors.redis import RedisConnector, open_connector
from connectors.redis.info import counters_of, notes_of, parse, signals_of
from connectors.settings.redis import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.info import info_text
from connectors.simulator.redis.server import Server
from console.clock import SystemClock
from console.model.snapshot import Snapshot

SERVERS = 12
AWAY = 0.04  # wall seconds until an answer: another region
ROUNDS = 15
SLOTS = 16384


def run() -> Iterator[Result]:
    told = info_text(Server(SimClock(), 0, COMMANDS), []).encode()
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
        ports = [await stack.enter_async_context(_server(told)) for _ in range(SERVERS)]
        alone = [open_connector("redis", Settings(url=f"redis://127.0.0.1:{port}"), SystemClock()) for port in ports]
        addresses = {f"10.0.0.{index}:6379": f"127.0.0.1:{port}" for index, port in enumerate(ports)}
        settings = Settings(nodes=("10.0.0.0:6379",), addresses=addresses)
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


@asynccontextmanager
async def _server(told: bytes) -> AsyncIterator[int]:
    """A cluster node that answers the commands of a reading, all that came together after one wait."""
    answers = {
        b"INFO": _bulk(told),
        b"TIME": b"*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n",
        b"SLOWLOG": b"*0\r\n",
        b"HGETALL": b"*0\r\n",
        b"HSCAN": b"*2\r\n$1\r\n0\r\n*0\r\n",
        b"CLIENT": b"+OK\r\n",
        b"CLUSTER NODES": _bulk(_nodes()),
        b"CLUSTER INFO": _bulk(b"cluster_state:ok\r\n"),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(65536):
            await asyncio.sleep(AWAY)
            writer.write(b"".join(answers[name] for name in _commands(asked)))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def _commands(asked: bytes) -> Iterator[bytes]:
    """The names of the commands in what came; of CLUSTER, with its second word."""
    words = asked.split(b"\r\n")
    for index, word in enumerate(words):
        if word.startswith(b"*"):
            name = words[index + 2]
            yield name + b" " + words[index + 4] if name == b"CLUSTER" else name


def _nodes() -> bytes:
    share = SLOTS // SERVERS
    lines = (
        f"{index:040x} 10.0.0.{index}:6379@16379 master - 0 0 1 connected {index * share}-{_last(index, share)}\n"
        for index in range(SERVERS)
    )
    return "".join(lines).encode()


def _last(index: int, share: int) -> int:
    return SLOTS - 1 if index == SERVERS - 1 else (index + 1) * share - 1


def _bulk(said: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(said), said)
