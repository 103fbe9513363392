"""redis-py's connections, with a limit on what one reply may be and with the name that a certificate is checked for.

Its parser believes the lengths that the peer says: ``$99999999999`` waits for, and keeps, what comes until the
deadline. Here a reply is refused once it is, or says it will be, more than any answer that we ask for; what was said
so far is let go with the connection. The classes are made on demand, because the package is imported on demand.
"""

from __future__ import annotations

from functools import cache
from typing import Any

MOST_BYTES = 8 * 2**20  # of one reply; INFO with all its sections is 20 KB, a flag document less
MOST_ITEMS = 200_000  # in one reply, and in any list of it
AGGREGATES = b"*%~>"


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
    from redis.asyncio.connection import Connection, SSLConnection

    if not sealed:
        return Connection

    class Sealed(SSLConnection):
        def __init__(self, *, server_hostname: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._server_hostname = server_hostname

        def _connection_arguments(self) -> Any:
            return {**super()._connection_arguments(), "server_hostname": self._server_hostname}

    return Sealed
