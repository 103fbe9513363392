"""TCP relays on loopback that make the way to a server long. What goes through is not looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.connectors.faults import serving


@dataclass(frozen=True, slots=True)
class Ways:
    """``bootstrap``: the relays' addresses; ``map``: from what is relayed to its relay."""

    bootstrap: tuple[str, ...]
    map: Mapping[str, str]


@asynccontextmanager
async def slowed(addresses: tuple[str, ...], seconds: float) -> AsyncIterator[Ways]:
    """A relay to each address; every byte arrives so many seconds late, in either direction."""
    async with AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(_relay(address, seconds)) for address in addresses]
        yield Ways(tuple(relays), dict(zip(addresses, relays, strict=True)))


@asynccontextmanager
async def _relay(address: str, seconds: float) -> AsyncIterator[str]:
    host, _, port = address.rpartition(":")

    async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_late(reader, there_writer, seconds))
                tasks.create_task(_late(there_reader, writer, seconds))
        finally:
            there_writer.close()

    async with serving(carried) as url:
        yield url.removeprefix("http://")


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    while chunk := await reader.read(2**16):
        loop.call_later(seconds, writer.write, chunk)
    loop.call_later(seconds, writer.close)
