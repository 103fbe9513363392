"""The simulated Redis: what a console's poll costs it, a hundred clients at once, and how long a scan holds the others.

A poll is what the connector asks each second: INFO, CONFIG GET and the flag document. The wire runs in this process, so
the processor time of both sides is in it: the baseline is the same number of PINGs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

from bench.result import Result
from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.protocol import encode
from connectors.simulator.redis.replicated import Replicated
from connectors.simulator.tick import Cache, Tick

CACHE = Cache(900, 100, 3, 4, 2000, 500_000_000, 2**30, 20, 0, 0, 150_000, 0.9)
POLL = (b"INFO\r\n", b"CONFIG GET maxmemory*\r\n", b"HGETALL seawall:flags\r\n")
CLIENTS = 100
ROUNDS = 10
KEYS = 30_000  # scanned; the shop's sample has a tenth of them
STEPS = 100

Ask = Callable[[bytes], Awaitable[None]]


def run() -> Iterator[Result]:
    poll, ping = asyncio.run(_polls(POLL)), asyncio.run(_polls((b"PING\r\n",) * 3))
    yield Result("simulated redis: a poll, 100 clients", poll * 1000, "ms", 3.0, f"three PINGs {ping * 1000:.3f} ms")
    yield Result("simulated redis: one poller at 1 Hz", asyncio.run(_polls(POLL, 1)) * 100, "% core", 1.0)
    step, walk = _scan()
    yield Result("simulated redis: a step of SCAN COUNT 500", step * 1000, "ms", 5.0, f"{KEYS} keys in {walk:.2f} s")
    for name, options in (
        ("one", RedisOptions()),
        ("three", RedisOptions(replicas=2)),
        ("cluster", RedisOptions(cluster=True)),
    ):
        yield Result(f"simulated redis: a simulated second, {name}", _second(options) * 1000, "ms", 1.0)


async def _polls(commands: tuple[bytes, ...], clients: int = CLIENTS) -> float:
    """Processor seconds a poll, both sides of it, when that many clients ask at once."""
    wire = _wire()
    await wire.start()
    asks = [await _connected(wire) for _ in range(clients)]
    start = time.process_time()
    await asyncio.gather(*(_rounds(ask, commands) for ask in asks))
    taken = time.process_time() - start
    await wire.stop()
    return taken / (clients * ROUNDS)


async def _rounds(ask: Ask, commands: tuple[bytes, ...]) -> None:
    for _ in range(ROUNDS):
        for command in commands:
            await ask(command)


def _scan() -> tuple[float, float]:
    """Processor seconds for which a step holds the loop, at the worst but one in a hundred, and of the whole walk."""
    server = Replicated(SimClock(), 0, RedisOptions(), ()).nodes[0].server
    for number in range(KEYS):
        server.keyspace(0).put(b"scanned:%d" % number, b"1")
    client, cursor, taken = server.connect(lambda data: None, ""), b"", []
    while cursor != b"0":
        begun = time.process_time()
        reply = server.door.execute(client, [b"SCAN", cursor or b"0", b"COUNT", b"500"])
        encode(reply, 2)
        taken.append(time.process_time() - begun)
        assert isinstance(reply, list)
        cursor = bytes(reply[0])
    return sorted(taken)[len(taken) * 99 // 100], sum(taken)


def _second(options: RedisOptions) -> float:
    wire = _wire(options)
    start = time.perf_counter()
    for t in range(STEPS):
        wire.step(t, Tick(t, CACHE, ()))
    return (time.perf_counter() - start) / STEPS


def _wire(options: RedisOptions = RedisOptions()) -> RedisWire:  # noqa: B008  # frozen
    wire = RedisWire(SimClock(), 0, options)
    wire.step(0, Tick(0, CACHE, ()))
    return wire


async def _connected(wire: RedisWire) -> Ask:
    port = int(wire.url.rsplit(":", 1)[1].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)

    async def ask(command: bytes) -> None:
        writer.write(command)
        await _reply(reader)

    return ask


async def _reply(reader: asyncio.StreamReader) -> None:
    line = await reader.readline()
    if line[:1] == b"$" and line != b"$-1\r\n":
        await reader.readexactly(int(line[1:]) + 2)
    elif line[:1] == b"*":
        for _ in range(int(line[1:])):
            await _reply(reader)
