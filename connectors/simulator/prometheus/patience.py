"""A server that waits for its clients, but not for ever.

aiohttp closes a connection that stays idle between two requests. It waits without end for the first request of one,
byte by byte if need be, and for a body: here both have a time by which they must have come.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from connectors.simulator.prometheus.answers import Handler, plain

SECONDS = 30.0  # wall seconds
LARGEST = 1 << 20  # bytes of a body


class Patience:
    """Knows which connections have not sent a whole request's head yet."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._unheard: set[asyncio.BaseProtocol] = set()

    @web.middleware
    async def bounded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Reads the body before anything is done: 408 when it does not come, 413 when it is too long."""
        self._unheard.discard(request.protocol)
        try:
            async with asyncio.timeout(self._seconds):
                await request.read()
        except TimeoutError:
            return plain(408, "Request Timeout\n", Connection="close")
        except web.HTTPRequestEntityTooLarge:
            return plain(413, "http: request body too large\n", Connection="close")
        return await handler(request)

    async def listen(self, runner: web.AppRunner, host: str) -> asyncio.Server:
        """On a free port of ``host``."""
        loop = asyncio.get_running_loop()

        def opened() -> asyncio.Protocol:
            assert runner.server is not None
            connection = runner.server()
            self._unheard.add(connection)
            loop.call_later(self._seconds, self._expire, connection)
            return connection

        return await loop.create_server(opened, host, 0)

    def _expire(self, connection: web.RequestHandler) -> None:
        if connection in self._unheard:
            self._unheard.discard(connection)
            if connection.transport is not None:
                connection.transport.abort()
