"""The wire itself: one listening socket, a reader a client, and a step a simulated second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.protocol import Failure, ProtocolError, Reader, encode
from connectors.simulator.redis.server import Client, Server
from connectors.simulator.redis.shop import Shop
from connectors.simulator.tick import Tick

CHUNK = 64 * 1024
MAX_UNSENT = 32 * 1024 * 1024  # a listener that lets more pile up is dropped, as the real server does


class RedisWire:
    """The simulated shop's Redis. ``clock`` and ``seed`` decide everything that is not sent by a client."""

    def __init__(self, clock: SimClock, seed: int, password: str | None = None) -> None:
        self._server = Server(clock, seed, COMMANDS)
        self._shop = Shop(self._server.keyspace(0), seed, self._server.wall)
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._host = "127.0.0.1"
        self.require_password(password)

    @property
    def url(self) -> str:
        return f"redis://{self._host}:{self._server.port}/0"

    def require_password(self, password: str | None) -> None:
        """From now on new connections must authenticate (user ``default``); None: they need not."""
        self._server.password = password.encode() if password else None

    def flags(self) -> Mapping[str, Mapping[str, object]]:
        """The flag document, decoded, without the marks; a field that is not a JSON object is left out."""
        return self._shop.flags()

    def step(self, t: int, tick: Tick) -> None:
        """One simulated second: what INFO shows from now on, and the keys that expire or come back."""
        before = self._server.cache
        self._server.cache = tick.cache
        self._server.operations = max(0, tick.cache.commands - before.commands) if before else 0
        self._shop.step(t)

    async def start(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._listener = await asyncio.start_server(self._serve, host, 0, limit=CHUNK)
        self._server.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._listener is None:
            return
        self._listener.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._listener.wait_closed()
        self._listener = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        host, port = writer.get_extra_info("peername")[:2]
        client = self._server.connect(_bounded(writer), f"{host}:{port}")
        try:
            await self._converse(client, reader, writer)
        except ConnectionError:
            return  # the peer is gone; there is nobody left to tell
        finally:
            self._server.disconnect(client)
            self._writers.discard(writer)
            writer.close()

    async def _converse(self, client: Client, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        commands = Reader()
        while not client.closing and (data := await reader.read(CHUNK)):
            commands.stranger = not client.authenticated
            try:
                for words in commands.feed(data):
                    client.send(encode(self._server.execute(client, words), client.protocol))
                    if client.closing:
                        break
            except ProtocolError as error:
                client.send(encode(Failure(f"ERR Protocol error: {error}"), client.protocol))
                client.closing = True
            await writer.drain()


def _bounded(writer: asyncio.StreamWriter) -> Callable[[bytes], None]:
    def send(data: bytes) -> None:
        if writer.transport.get_write_buffer_size() > MAX_UNSENT:
            writer.transport.abort()
        elif not writer.transport.is_closing():
            writer.write(data)

    return send
