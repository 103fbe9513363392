"""A TCP proxy that fails as networks do: each way can be switched on and off while connections stand.

Loss is what an application sees of it: a segment in twenty comes late by a retransmission, twice as late when that is
lost too; TCP itself never shows the gap.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

CHUNK = 65536
LATENCY = 0.3  # seconds there and back
RETRANSMITTED = 0.2  # seconds: Linux's least timeout
LOST = 0.05


class Fault(Enum):
    NONE = "none"
    BLACK_HOLE = "black hole"  # connects, and nothing comes through any more, on old connections and new ones
    RESET = "reset"  # old connections are reset, and new ones once they have said something
    DRIP = "1 byte/s"  # of what the server says
    HALF_OPEN = "half-open"  # the peer of old connections is gone and nobody said so; new ones are well
    LATENCY = "300 ms"
    LOSS = "5 % loss"
    CLOSED = "closed"  # nobody listens


class Proxy:
    """Relays to ``port`` on loopback. ``fault`` may be set at any time."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.port = 0
        self.connections = 0
        self._fault = Fault.NONE
        self._server: asyncio.Server | None = None
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._random = random.Random(4)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def set(self, fault: Fault) -> None:
        if fault is not Fault.CLOSED and self._server is None:
            await self.start()
        self._fault = fault
        if fault in (Fault.RESET, Fault.CLOSED):
            for pair in tuple(self._open):
                for writer in pair:
                    _reset(writer)
        if fault is Fault.CLOSED and self._server is not None:
            self._server.close()
            self._server = None
        if fault is Fault.HALF_OPEN:
            self._silent = {writer for pair in self._open for writer in pair}
        elif fault is Fault.NONE:
            self._silent = set()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            pair = (writer, far_writer)
            self._open.add(pair)
            try:
                await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer, said=True))
            finally:
                self._open.discard(pair)
                far_writer.close()
        except (OSError, asyncio.CancelledError):
            pass  # one of them went away, or the test is over
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bool = False) -> None:
        """Each piece is sent when it is due, so that a delay costs no bandwidth. ``said``: by the server."""
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending = asyncio.create_task(self._send(due, writer, said))
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(CHUNK):
                await due.put((loop.time() + self._delay(said), data))
            await due.put((loop.time(), b""))
            await sending
        finally:
            sending.cancel()

    async def _send(self, due: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, said: bool) -> None:
        loop = asyncio.get_running_loop()
        while True:
            at, data = await due.get()
            await asyncio.sleep(max(0.0, at - loop.time()))
            if self._fault is Fault.RESET:
                _reset(writer)
                return
            if self._fault is Fault.BLACK_HOLE or writer in self._silent:
                await asyncio.Event().wait()
            if not data:
                writer.write_eof()
                return
            if self._fault is Fault.DRIP and said:
                await self._drip(writer, data)
            else:
                writer.write(data)
                await writer.drain()

    async def _drip(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        for index in range(len(data)):
            writer.write(data[index : index + 1])
            await asyncio.sleep(1.0)
            if self._fault is not Fault.DRIP:
                writer.write(data[index + 1 :])
                return

    def _delay(self, said: bool) -> float:
        if self._fault is Fault.LATENCY:
            return LATENCY if said else 0.0
        late, wait = 0.0, RETRANSMITTED
        while self._fault is Fault.LOSS and self._random.random() < LOST:
            late, wait = late + wait, wait * 2
        return late


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes with RST and not with FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxy]:
    """A proxy to a loopback port for as long as the block lasts."""
    proxy = Proxy(port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
