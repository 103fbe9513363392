"""redis-py's connections, with a limit on what one reply may be and with the name that a certificate is checked for.

Its parser believes the lengths that the peer says: ``$99999999999`` waits for, and keeps, what comes until the
deadline. Here a reply is refused once it is, or says it will be, more than any answer that we ask for; what was said
so far is let go with the connection. The classes are made on demand, because the package is imported on demand.

A server that wants a certificate of the client says so after the handshake, from TLS 1.3 on, and hangs up: what it said
is often lost with the line. So a line that ends after its handshake and before any answer is taken for that.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable
from functools import cache
from typing import Any

from connectors.failure import kind_of
from console.model.snapshot import FailureKind

MOST_BYTES = 8 * 2**20  # of one reply; INFO with all its sections is 20 KB, a flag document less
MOST_ITEMS = 200_000  # in one reply, and in any list of it
AGGREGATES = b"*%~>"
WANTS_CERTIFICATE = "hung up right after the TLS handshake, as one does that wants another certificate of the client"


@cache
def parser_class(protocol: int) -> Any:
    """The Python parser of RESP 2 or 3, limited. Typed loosely: redis-py exports it under a private name."""
    from redis import _parsers
    from redis.exceptions import InvalidResponse, ResponseError

    base: Any = _parsers._AsyncRESP3Parser if protocol == 3 else _parsers._AsyncRESP2Parser

    class Limited(base):  # type: ignore[misc]
        __slots__ = ("_items", "_left")

        # A server that loads its data still answers INFO: one refused command does not end the others.
        EXCEPTION_CLASSES = {**base.EXCEPTION_CLASSES, "LOADING": ResponseError}  # noqa: RUF012 - redis-py's own form

        async def read_response(self, *args: Any, **kwargs: Any) -> Any:
            self._left, self._items = MOST_BYTES, 0
            return await super().read_response(*args, **kwargs)

        async def _read(self, length: int) -> bytes:
            self._spend(length)
            found: bytes = await super()._read(length)
            return found

        async def _readline(self) -> bytes:
            line: bytes = await super()._readline()
            self._spend(len(line))
            self._items += 1
            if self._items > MOST_ITEMS or (
                line[:1] in AGGREGATES and line[1:].isdigit() and int(line[1:]) > MOST_ITEMS
            ):
                raise InvalidResponse(f"a reply of more than {MOST_ITEMS} items")
            return line

        def _spend(self, length: int) -> None:
            self._left -= length
            if length < -1 or self._left < 0:
                raise InvalidResponse(f"a reply of more than {MOST_BYTES >> 20} MiB")

    return Limited


@cache
def line_class(sealed: bool) -> Any:
    """A connection of redis-py over TCP or TLS whose certificate is checked for ``server_hostname``."""
    from redis import exceptions
    from redis.asyncio.connection import Connection, SSLConnection

    if not sealed:
        return Connection

    class Sealed(SSLConnection):
        def __init__(self, *, server_hostname: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._server_hostname = server_hostname
            self._answered = False

        async def _connect(self) -> None:
            self._answered = False
            await super()._connect()  # type: ignore[no-untyped-call]

        async def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
            await self._told(super().send_packed_command(*args, **kwargs))

        async def read_response(self, *args: Any, **kwargs: Any) -> Any:
            reply = await self._told(super().read_response(*args, **kwargs))
            self._answered = True
            return reply

        async def _told(self, step: Awaitable[Any]) -> Any:
            """ConnectionError for a lack of certificates, where the line ends before anything was answered."""
            secured = self.is_connected  # else the step connects first, and its failure is another
            try:
                return await step
            except exceptions.ConnectionError as error:
                if type(error) is not exceptions.ConnectionError or self._answered or not secured:
                    raise
                if kind_of(error) is FailureKind.TLS:
                    raise
            raise exceptions.ConnectionError(WANTS_CERTIFICATE) from ssl.SSLError(ssl.SSL_ERROR_SSL, WANTS_CERTIFICATE)

        def _connection_arguments(self) -> Any:
            return {**super()._connection_arguments(), "server_hostname": self._server_hostname}

    return Sealed
