"""A simulated Kafka in a process of its own, near and, through relays that take their time, far away.

``python -m bench.kafka_estate`` prints where it is, as JSON, and ends with its standard input. In the process that
measures, it would share the interpreter with what is measured.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from connectors.simulator.clock import SimClock
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.tick import Cache, Group, Partition, Tick

GROUPS, PARTITIONS, BROKERS = 200, 50, (1, 2, 3, 4, 5, 6)
BEHIND = 100  # messages in each partition
ONE_WAY = 0.01  # wall seconds to those far away: 20 ms there and back
CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0)


@dataclass(frozen=True, slots=True)
class Places:
    """``far``: the relay of each address."""

    near: tuple[str, ...]
    far: Mapping[str, str]


@contextmanager
def started() -> Iterator[Places]:
    command = [sys.executable, "-m", "bench.kafka_estate"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            yield Places(tuple(told), told)
        finally:
            process.stdin.close()


def _group(number: int) -> Group:
    parts = tuple(
        Partition(f"topic-{number}", index, 0, 1_000_000 + index, 1_000_000 + index - BEHIND)
        for index in range(PARTITIONS)
    )
    return Group(f"group-{number}", "Stable", 4, parts)


async def _serve() -> None:
    groups = tuple(_group(number) for number in range(GROUPS))
    wire = KafkaWire(SimClock(), 7, KafkaOptions(brokers=BROKERS, groups=groups))
    wire.step(0, Tick(0, CACHE, ()))
    await wire.start()
    far = {}
    for address in wire.bootstrap:
        relay = await asyncio.start_server(partial(_carried, address), "127.0.0.1", 0)
        far[address] = f"127.0.0.1:{relay.sockets[0].getsockname()[1]}"
    print(json.dumps(far), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await wire.stop()


async def _carried(address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = address.rpartition(":")
    there_reader, there_writer = await asyncio.open_connection(host, int(port))
    try:
        await asyncio.gather(_late(reader, there_writer), _late(there_reader, writer))
    except (OSError, asyncio.CancelledError):
        there_writer.close()  # one of both has gone, or the estate ends


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while chunk := await reader.read(2**18):
        loop.call_later(ONE_WAY, writer.write, chunk)
    loop.call_later(ONE_WAY, writer.close)


if __name__ == "__main__":
    asyncio.run(_serve())
