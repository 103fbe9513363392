"""A Redis to talk to by hand: the simulated one without the shop's keys, or the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.redis.options import RedisOptions

PATIENCE = 5.0  # wall seconds for a reply


class Line:
    """One connection, typed at: ``say`` and ``hear``, or both by ``ask``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def say(self, command: str) -> None:
        self._writer.write(command.encode() + b"\r\n")

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def hear(self) -> bytes:
        """One reply as it came over the wire; IncompleteReadError when the line is closed instead."""
        return await asyncio.wait_for(self._reply(), PATIENCE)

    async def ask(self, command: str) -> bytes:
        self.say(command)
        return await self.hear()

    async def ended(self) -> bool:
        """The server closes the line, whatever it says before; a reset is how it closes one with more to read."""
        with suppress(ConnectionResetError):
            await asyncio.wait_for(self._reader.read(), PATIENCE)
        return True

    def pause(self) -> None:
        """From now on what the server sends is not read."""
        transport = self._writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()

    def hang_up(self) -> None:
        self._writer.transport.abort()

    async def _reply(self) -> bytes:
        line = await self._reader.readuntil(b"\r\n")
        kind, count = line[:1], line[1:-2]
        if kind in (b"$", b"=") and count != b"-1":
            return line + await self._reader.readexactly(int(count) + 2)
        if kind in (b"*", b">", b"~", b"%") and count != b"-1":
            items = int(count) * (2 if kind == b"%" else 1)
            return line + b"".join([await self._reply() for _ in range(items)])
        return line


@asynccontextmanager
async def lines(url: str, count: int) -> AsyncIterator[list[Line]]:
    """That many connections."""
    host, port = url.rsplit("/", 1)[0].split("//")[1].rsplit(":", 1)
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection(host, int(port))
            stack.callback(writer.close)
            opened.append(Line(reader, writer))
        yield opened


@asynccontextmanager
async def simulated(options: RedisOptions | None = None) -> AsyncIterator[RedisWire]:
    """A wire that is open and holds no key."""
    wire = RedisWire(SimClock(), 1, options or RedisOptions())
    await wire.start()
    try:
        yield wire
    finally:
        await wire.stop()


async def told(line: Line, command: str, wanted: bytes) -> bytes:
    """Asks until the reply holds ``wanted``; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE):
        reply = await line.ask(command)
        while wanted not in reply:
            reply = await line.ask(command)
    return reply
