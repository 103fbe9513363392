"""One server's listening socket and the conversations on it, which can end as a process ends and come back.

While the server is down its port stays bound without listening: a client is refused, as on a host whose server died,
and no other process can take the port before the server returns.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from connectors.simulator.cutting import cut
from connectors.simulator.redis.conversation import CHUNK, Conversation
from connectors.simulator.redis.server import Server

MAX_UNSENT = 32 * 1024 * 1024  # a listener that lets more pile up is dropped, as the real server does


class Port:
    """Where clients reach ``server``. ``tls`` is the server's side of the line; None: plain."""

    def __init__(self, server: Server, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls
        self._bound: socket.socket | None = None  # while nobody listens on it
        self._listener: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._conversations: dict[asyncio.Task[None], asyncio.Task[None] | None] = {}  # and who waits for their end

    async def open(self, host: str) -> None:
        """Binds a port that the system chooses. Raises OSError."""
        self._server.host = host
        self._bound = _bound_to(host, 0)
        self._server.port = self._bound.getsockname()[1]
        await self._listen()

    def refuse(self) -> None:
        """Ends every conversation and takes no new one; nothing where the port was never opened."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        self.hang_up()
        self._bound = _bound_to(self._server.host, self._server.port)

    def accept(self) -> None:
        """Listens again after ``refuse``, from the loop's next turns on."""
        if self._bound is not None and self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._listen())

    def hang_up(self) -> None:
        """Ends the conversations; the port goes on to listen."""
        for writer in list(self._writers):
            cut(writer.transport)
        for conversation in self._conversations:
            conversation.cancel()  # one that a pause holds would go on after it, with another run of the server

    async def close(self) -> None:
        """Gives the port back."""
        listener = self._listener
        self.refuse()
        if self._bound is not None:
            self._bound.close()
            self._bound = None
        if listener is not None:
            await listener.wait_closed()
        ending = [waiter for waiter in self._conversations.values() if waiter is not None]
        if ending:
            await asyncio.wait(ending)

    async def _listen(self) -> None:
        bound, self._bound = self._bound, None
        self._listener = await asyncio.start_server(
            self._serve, sock=bound, limit=CHUNK, ssl=self._tls, start_serving=False
        )
        self._opening = None  # from here on it is the listener that ``refuse`` ends
        await self._listener.start_serving()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.ensure_future(self._converse(reader, writer))
        self._conversations[conversation] = asyncio.current_task()
        await asyncio.wait([conversation])
        del self._conversations[conversation]
        if not conversation.cancelled():
            conversation.result()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        host, port = writer.get_extra_info("peername")[:2]
        client = self._server.connect(_bounded(writer), f"{host}:{port}")
        client.hang_up = writer.close
        try:
            await Conversation(self._server, client, reader, writer).run()
        except ConnectionError:
            return  # the peer is gone; there is nobody left to tell
        finally:
            self._server.disconnect(client)
            self._writers.discard(writer)
            writer.close()


def _bound_to(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # said, so that asyncio sends at once
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _bounded(writer: asyncio.StreamWriter) -> Callable[[bytes], None]:
    def send(data: bytes) -> None:
        if writer.transport.get_write_buffer_size() > MAX_UNSENT:
            cut(writer.transport)
        elif not writer.transport.is_closing():
            writer.write(data)

    return send
