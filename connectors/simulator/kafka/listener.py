"""One broker's port, and the connections on it: it can be closed and opened again at the same place."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from connectors.simulator.cutting import cut

MOST_CONNECTIONS = 1000  # of one broker; further ones are hung up on
PARTING = 1.0  # wall seconds that a peer has to take what is on its way to it
_SENT_AHEAD = 100 * 2**10  # bytes in the kernel; socket.send.buffer.bytes of a real broker
_BUFFER = 2**14  # bytes that are read ahead of a request's handling

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Open between ``open`` and ``close``. ``shut`` refuses connections and keeps the port for ``reopen``."""

    def __init__(self, converse: Converse, tls: ssl.SSLContext | None, handshake: float) -> None:
        """``handshake`` is the wall seconds that TLS may take."""
        self._converse = converse
        self._tls = tls
        self._handshake = handshake if tls else None
        self._server: asyncio.Server | None = None
        self._kept: socket.socket | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self, host: str) -> int:
        """Takes connections; answers the port that the system chose."""
        return await self._listen(host, 0)

    async def shut(self) -> None:
        """Refuses connections from now on and cuts those there are. The port stays ours: bound, not listening."""
        if self._server is None:
            return
        host, port = self._server.sockets[0].getsockname()[:2]
        await self._end()
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind((host, port))

    async def reopen(self) -> None:
        """No-op where it was not shut."""
        if self._kept is not None:
            host, port = self._kept.getsockname()
            await self._listen(host, port)
            self._release()

    async def close(self) -> None:
        await self._end()
        self._release()

    def cut(self) -> None:
        """Ends every connection there is."""
        for writer in self._connections.values():
            cut(writer.transport)

    async def _listen(self, host: str, port: int) -> int:
        self._server = await asyncio.start_server(
            self._serve, host, port, limit=_BUFFER, ssl=self._tls, ssl_handshake_timeout=self._handshake
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._server is None or len(self._connections) >= MOST_CONNECTIONS:  # None: it came as we were closing
            cut(writer.transport)
            return
        self._connections[task] = writer
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT_AHEAD)
        try:
            await self._converse(reader, writer)
            await _part(writer)
        except asyncio.CancelledError:
            pass  # by _end, which waits for it; passed on, the streams of Python 3.11 would log it as a fault
        finally:
            cut(writer.transport)
            del self._connections[task]

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        for task in self._connections:
            task.cancel()  # it may be waiting for an answer that nobody will give
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _release(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


async def _part(writer: asyncio.StreamWriter) -> None:
    """Closes it; what a peer does not take would else be kept for as long as it likes."""
    writer.close()
    try:
        async with asyncio.timeout(PARTING):
            await writer.wait_closed()
    except OSError:  # which is also how the time runs out, and how a peer ends that was cut
        return
