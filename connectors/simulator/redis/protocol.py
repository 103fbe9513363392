"""RESP2, RESP3 and inline commands as bytes in, commands out, and replies out as bytes. No sockets here.

Limits are the real server's: an inline command or a length line is at most 64 KB, a bulk string 512 MB, an array
2^31 items; before authentication 10 items of 16 KB. What breaks them is a ProtocolError, after which the
connection is closed, because nobody can tell where the next command starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_LINE = 64 * 1024
MAX_BULK = 512 * 1024 * 1024
MAX_ITEMS = 2**31 - 1
MAX_REQUEST = 64 * 1024 * 1024  # bytes held of one that is not complete; the real server gives up at 1 GB
ITEM = 64  # bytes that an item takes besides its content
STRANGER_BULK = 16 * 1024
STRANGER_ITEMS = 10


class ProtocolError(Exception):
    """The peer does not speak RESP. The text is what the real server answers before it closes."""


class Failure(Exception):
    """An error reply: a code word and a sentence, ``WRONGTYPE Operation against …``. Never closes the connection."""


@dataclass(frozen=True, slots=True)
class Status:
    """A simple string reply such as OK."""

    text: str


@dataclass(frozen=True, slots=True)
class Push:
    """A message out of turn: an array in RESP2, a push in RESP3."""

    items: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text for people: a bulk string in RESP2, ``txt:`` in RESP3."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """A map that may name a key twice: an array of pairs in RESP2, a map in RESP3."""

    items: tuple[tuple[bytes, Reply], ...]


class NullArray:
    """The absent array (EXEC after a touched WATCH), which RESP2 tells apart from the absent string."""


class Later:
    """No reply yet: the client waits, and its conversation will say the reply. Never on the wire."""


Reply = (
    Status
    | Failure
    | Push
    | Verbatim
    | Pairs
    | NullArray
    | Later
    | bytes
    | bool
    | int
    | float
    | None
    | Sequence["Reply"]
    | Mapping[bytes, "Reply"]
    | frozenset[bytes]
)
"""bytes is a bulk string, a mapping a map (flat in RESP2), a frozenset a set (an array in RESP2)."""

OK = Status("OK")
QUEUED = Status("QUEUED")


def encode(reply: Reply, protocol: int) -> bytes:
    """The reply on the wire of RESP ``protocol`` 2 or 3."""
    parts: list[bytes] = []
    _write(parts, reply, protocol)
    return b"".join(parts)


def _write(parts: list[bytes], reply: Reply, protocol: int) -> None:
    match reply:
        case bytes():
            parts.append(b"$%d\r\n%b\r\n" % (len(reply), reply))
        case bool() if protocol == 3:
            parts.append(b"#t\r\n" if reply else b"#f\r\n")
        case int():
            parts.append(b":%d\r\n" % reply)
        case Status(text):
            parts.append(b"+%b\r\n" % _line(text))
        case Failure():
            parts.append(b"-%b\r\n" % _line(str(reply)))
        case None:
            parts.append(b"_\r\n" if protocol == 3 else b"$-1\r\n")
        case NullArray():
            parts.append(b"_\r\n" if protocol == 3 else b"*-1\r\n")
        case float():
            _write_double(parts, reply, protocol)
        case Verbatim(text):
            _write_verbatim(parts, text, protocol)
        case _:
            _write_aggregate(parts, reply, protocol)


def _write_double(parts: list[bytes], number: float, protocol: int) -> None:
    text = b"%.17g" % number
    parts.append(b",%b\r\n" % text if protocol == 3 else b"$%d\r\n%b\r\n" % (len(text), text))


def _write_verbatim(parts: list[bytes], text: str, protocol: int) -> None:
    raw = text.encode()
    parts.append(b"=%d\r\ntxt:%b\r\n" % (len(raw) + 4, raw) if protocol == 3 else b"$%d\r\n%b\r\n" % (len(raw), raw))


def _write_aggregate(parts: list[bytes], reply: Reply, protocol: int) -> None:
    match reply:
        case Push(items):
            mark, content = b">" if protocol == 3 else b"*", list(items)
        case Pairs(pairs) if protocol == 2:
            mark, content = b"*", [list(pair) for pair in pairs]
        case Pairs(pairs):
            mark, content = b"%", [item for pair in pairs for item in pair]
        case Mapping():
            mark, content = b"%" if protocol == 3 else b"*", [item for pair in reply.items() for item in pair]
        case frozenset():
            mark, content = b"~" if protocol == 3 else b"*", [*sorted(reply)]  # the same in each process
        case Sequence():
            mark, content = b"*", list(reply)
        case _:
            raise TypeError(f"not a reply: {reply!r}")
    count = len(content) // 2 if mark == b"%" else len(content)
    parts.append(b"%b%d\r\n" % (mark, count))
    for item in content:
        _write(parts, item, protocol)


def _line(text: str) -> bytes:
    return text.replace("\r", " ").replace("\n", " ").encode("utf-8", "surrogateescape")


class Reader:
    """Commands out of a stream of bytes, however it is cut."""

    def __init__(self) -> None:
        self.stranger = False  # not authenticated yet: much smaller limits
        self._buffer = bytearray()
        self._missing = 0  # items of the array that are still to come
        self._items: list[bytes] = []
        self._held = 0  # bytes in these items

    @property
    def unfinished(self) -> bool:
        """A request was begun and more of it must come."""
        return bool(self._buffer) or self._missing > 0

    @property
    def size(self) -> int:
        """Bytes that are held of it."""
        return self._held + len(self._buffer)

    def feed(self, data: bytes) -> Iterator[list[bytes]]:
        """Yields each command that is complete; ProtocolError where the stream is broken."""
        self._buffer += data
        if self.size > MAX_REQUEST:
            raise ProtocolError("too big request")
        while (command := self._next()) is not None:
            if command:
                yield command

    def _next(self) -> list[bytes] | None:
        """One command, an empty one for a blank line, None when more bytes are needed."""
        if self._missing == 0:
            line = self._line("too big inline request" if self._buffer[:1] != b"*" else "too big mbulk count string")
            if line is None:
                return None
            if line[:1] != b"*":
                return split_inline(line)
            self._missing = max(0, self._count(line))
            if self._missing == 0:
                return []
        return self._array()

    def _count(self, line: bytes) -> int:
        count = _integer(line[1:])
        if count is None or count > MAX_ITEMS:
            raise ProtocolError("invalid multibulk length")
        if self.stranger and count > STRANGER_ITEMS:
            raise ProtocolError("unauthenticated multibulk length")
        return count

    def _array(self) -> list[bytes] | None:
        while self._missing:
            item = self._bulk()
            if item is None:
                return None
            self._items.append(item)
            self._held += len(item) + ITEM
            self._missing -= 1
        items, self._items, self._held = self._items, [], 0
        return items

    def _bulk(self) -> bytes | None:
        end = self._find("too big bulk count string")
        if end is None:
            return None
        length = self._length(bytes(self._buffer[:end].removesuffix(b"\r")) or b"\r")
        start = end + 1
        if len(self._buffer) < start + length + 2:
            return None
        item = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length + 2]
        return item

    def _length(self, line: bytes) -> int:
        if line[:1] != b"$":
            raise ProtocolError(f"expected '$', got '{line[:1].decode('latin-1')}'")
        length = _integer(line[1:])
        if length is None or not 0 <= length <= MAX_BULK:
            raise ProtocolError("invalid bulk length")
        if self.stranger and length > STRANGER_BULK:
            raise ProtocolError("unauthenticated bulk length")
        return length

    def _line(self, too_long: str) -> bytes | None:
        end = self._find(too_long)
        if end is None:
            return None
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def _find(self, too_long: str) -> int | None:
        end = self._buffer.find(b"\n", 0, MAX_LINE + 1)
        if end >= 0:
            return end
        if len(self._buffer) > MAX_LINE:
            raise ProtocolError(too_long)
        return None


_INTEGER = re.compile(rb"-?(0|[1-9][0-9]{0,18})\Z")
_WORD = re.compile(rb"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:\\'|[^'])*)'|([^\s"']+))(?=\s|\Z)""", re.DOTALL)
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def _integer(text: bytes) -> int | None:
    return int(text) if _INTEGER.match(text) else None


def split_inline(line: bytes) -> list[bytes]:
    """The words of a typed command, with redis-cli's quotes and escapes; ProtocolError on unbalanced ones."""
    words: list[bytes] = []
    rest = line.strip()
    while rest:
        found = _WORD.match(rest)
        if found is None:
            raise ProtocolError("unbalanced quotes in request")
        double, single, plain = found.groups()
        words.append(_unescape(double) if double is not None else _single(single, plain))
        rest = rest[found.end() :].lstrip()
    return words


def _single(single: bytes | None, plain: bytes) -> bytes:
    return plain if single is None else single.replace(b"\\'", b"'")


def _unescape(text: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        body = found.group(1)
        return bytes([int(body[1:], 16)]) if len(body) == 3 else _ESCAPED.get(body, body)

    return _ESCAPE.sub(one, text)
