"""Requests whose answers stay bytes until they are wanted. Imported in a worker thread only.

The client library takes every answer apart on the loop that all brokers share, into an object for each partition, and
loses the whole of it over one name that is no UTF-8. Here the loop only hears an answer out. Whoever asked takes it
apart: quickly where ``quick.py`` knows how, and not at all where it is, byte for byte, the last one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from kafka.errors import KafkaProtocolError
from kafka.protocol.frame import KafkaBytes

T = TypeVar("T")

_CORRELATION, _THROTTLE = struct.Struct(">i"), struct.Struct(">i")
_AT = 8  # bytes into a framed request: after its length, the API's number and version


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer. ``kind``: the library's class for it, in its version."""

    kind: Any
    body: bytes

    @property
    def version(self) -> int:
        return int(self.kind._class_version)

    @property
    def flexible(self) -> bool:
        """Whether lengths are short and fields may be added (KIP-482)."""
        return bool(self.kind.flexible_version_q(self.version))

    @property
    def throttle_time_ms(self) -> int:
        """Milliseconds for which the broker wants to be left alone. It is the first field where there is one."""
        first = self.kind._struct._fields[0]
        if first.name != "throttle_time_ms" or not first.for_version_q(self.version) or len(self.body) < _THROTTLE.size:
            return 0
        return max(0, int(_THROTTLE.unpack_from(self.body)[0]))

    def read(self) -> Any:
        """As the library has it; what is no UTF-8 is replaced. KafkaProtocolError where it makes no sense."""
        try:
            return self.kind.decode(self.body)
        except UnicodeDecodeError:
            return self._replaced()
        except (ValueError, IndexError, struct.error) as error:
            raise KafkaProtocolError("Unable to decode response") from error

    def _replaced(self) -> Any:
        """By the library's slower way, which reads text piece by piece."""
        body = _Lenient(len(self.body))
        body.write(self.body)
        body.seek(0)
        known = {"compact": self.flexible, "tagged": self.flexible, "data_class": self.kind[None]}
        try:
            return self.kind._struct.decode(body, version=self.version, **known)
        except (ValueError, IndexError, struct.error) as error:
            raise KafkaProtocolError("Unable to decode response") from error


class _Text(bytes):
    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)


class _Lenient(KafkaBytes):  # type: ignore[misc]
    def read(self, nbytes: int | None = None) -> bytes:
        return _Text(super().read(nbytes))


class _Unread:
    """Stands for the library's class of an answer."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def parse_header(self, buffer: Any) -> Any:
        return self._kind.parse_header(buffer)

    def decode(self, buffer: Any) -> Answer:
        return Answer(self._kind, buffer.read())


class _Header:
    """Stands for a request's header."""

    def __init__(self, header: Any) -> None:
        self._header = header

    def __getattr__(self, name: str) -> Any:
        return getattr(self._header, name)

    def get_response_class(self) -> _Unread:
        return _Unread(self._header.get_response_class())


class Last:
    """What the last answers were read as. Most of a cluster stands as it stood: who leads what, the low watermarks.

    What it hands out is handed out again, and so is not to be changed.
    """

    def __init__(self) -> None:
        self._read: dict[tuple[str, int], tuple[Answer, object]] = {}

    def of(self, what: str, broker: int, answer: Answer, read: Callable[[Answer], T]) -> T:
        """``read(answer)``; the same object as before where a broker said the same before."""
        known = self._read.get((what, broker))
        if known is not None and known[0] == answer:
            return cast(T, known[1])
        found = read(answer)
        self._read[what, broker] = (answer, found)
        return found


class Unread:
    """Stands for a request of the client library: what comes back is an ``Answer``."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    @property
    def header(self) -> Any:
        return _Header(self._request.header)

    @property
    def API_VERSION(self) -> Any:  # noqa: N802 - the library's name
        return self._request.API_VERSION

    @API_VERSION.setter
    def API_VERSION(self, version: int) -> None:  # noqa: N802 - the library's name
        self._request.API_VERSION = version


class Repeated(Unread):
    """One that is asked again and again, word for word: it is written down once. Not for two connections at once.

    For ten thousand partitions, writing down which offsets are wanted takes a third of a reading's processor time, and
    it is the same at every reading until a leader changes.
    """

    def __init__(self, request: Any) -> None:
        super().__init__(request)
        self._written: dict[tuple[int, str], bytearray] = {}  # by version and client
        self._client = ""

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
