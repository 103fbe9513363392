"""Twelve nodes of a Redis Cluster that answer the commands of a reading, each after a wait, as over a network.

``python -m bench.redis_estate`` serves them in a process of its own, prints their ports and ends with its standard
input. What they answer is a recorded INFO of the simulated Redis.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.info import info_text
from connectors.simulator.redis.server import Server

SERVERS = 12
AWAY = 0.04  # wall seconds until an answer: another region
SLOTS = 16384


def recorded() -> bytes:
    """What INFO says."""
    return info_text(Server(SimClock(), 0, COMMANDS), []).encode()


@contextmanager
def started() -> Iterator[list[int]]:
    """The nodes in another process; their ports."""
    command = [sys.executable, "-m", "bench.redis_estate"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


@asynccontextmanager
async def server(told: bytes) -> AsyncIterator[int]:
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


async def _serve() -> None:
    told = recorded()
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(server(told)) for _ in range(SERVERS)]
        print(json.dumps(ports), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
