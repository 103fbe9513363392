"""A tap on the wire to Kafka's brokers: what was asked and what was answered, in one order for all of them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest

FETCH_COMMITS = OffsetFetchRequest.API_KEY
LIST_OFFSETS = ListOffsetsRequest.API_KEY


@dataclass(slots=True)
class Wiretap:
    """``heard``: ("asked" or "answered", the API's key), as it passed. ``map``: each broker's relay.

    ``altered``: what becomes of an answer on its way.
    """

    heard: list[tuple[str, int]] = field(default_factory=list)
    map: Mapping[str, str] = field(default_factory=dict)
    altered: Callable[[bytes], bytes] = bytes

    def of(self, *keys: int) -> list[tuple[str, int]]:
        return [each for each in self.heard if each[1] in keys]

    async def _relay(self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = address.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        asked: dict[int, int] = {}

        async def there() -> None:
            while True:
                frame = await _frame(reader)
                key, _, correlation = struct.unpack_from(">hhi", frame)
                asked[correlation] = key
                self.heard.append(("asked", key))
                await _send(far_writer, frame)

        async def back() -> None:
            while True:
                frame = await _frame(far_reader)
                self.heard.append(("answered", asked.get(struct.unpack_from(">i", frame)[0], -1)))
                await _send(writer, self.altered(frame))

        both = [asyncio.create_task(there()), asyncio.create_task(back())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for each in (writer, far_writer):
                each.close()


@asynccontextmanager
async def tapped(brokers: Sequence[str]) -> AsyncIterator[Wiretap]:
    """A relay for each broker, for as long as the block lasts."""
    tap = Wiretap()
    running: set[asyncio.Task[None]] = set()
    async with AsyncExitStack() as stack:
        mapped = {}
        for address in brokers:

            async def connected(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str = address
            ) -> None:
                task = asyncio.current_task()
                assert task is not None
                running.add(task)
                try:
                    await tap._relay(address, reader, writer)
                except (OSError, asyncio.CancelledError):
                    writer.close()  # the broker or the test is over
                finally:
                    running.discard(task)

            server = await stack.enter_async_context(await asyncio.start_server(connected, "127.0.0.1", 0))
            mapped[address] = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        tap.map = mapped
        yield tap
        for task in tuple(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


async def _send(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(struct.pack(">i", len(frame)) + frame)
    await writer.drain()
