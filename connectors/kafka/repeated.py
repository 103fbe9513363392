"""A request that is asked again and again, word for word: it is written down once. Imported in a worker thread only.

For ten thousand partitions, writing down which offsets are wanted takes a third of a reading's processor time, and it
is the same at every reading until a leader changes.
"""

from __future__ import annotations

import struct
from typing import Any

_CORRELATION = struct.Struct(">i")
_AT = 8  # bytes into a framed request: after its length, the API's number and version


class Repeated:
    """Stands for a request of the client library, which is not changed any more. Not for two connections at once."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._written: dict[tuple[int, str], bytearray] = {}  # by version and client
        self._client = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    @property
    def API_VERSION(self) -> Any:  # noqa: N802 - the library's name
        return self._request.API_VERSION

    @API_VERSION.setter
    def API_VERSION(self, version: int) -> None:  # noqa: N802 - the library's name
        self._request.API_VERSION = version

    def with_header(self, correlation_id: int = 0, client_id: str = "") -> None:
        self._client = client_id
        self._request.with_header(correlation_id=correlation_id, client_id=client_id)

    def encode(self, **options: Any) -> bytes:
        key = (self.API_VERSION, self._client)
        if key not in self._written:
            self._written[key] = bytearray(self._request.encode(**options))
        written = self._written[key]
        _CORRELATION.pack_into(written, _AT, self._request.header.correlation_id)
        return bytes(written)
