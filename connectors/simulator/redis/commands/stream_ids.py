"""Ids of stream entries, as written and shown: ``1526919030474-55``, ``1526919030474``, ``-``, ``+``, ``(1-1``."""

from __future__ import annotations

from connectors.simulator.redis.protocol import Failure
from connectors.simulator.redis.stream import HIGHEST, LOWEST, Id

INVALID = "ERR Invalid stream ID specified as stream command argument"
LARGEST = 2**64 - 1


def shown(at: Id) -> bytes:
    return b"%d-%d" % at


def strict(raw: bytes, sequence: int = 0) -> Id:
    """A plain id, ``sequence`` where it has none; a Failure for ``-`` and ``+``."""
    head, dash, tail = raw.partition(b"-")
    return _number(head), _number(tail) if dash else sequence


def _number(raw: bytes) -> int:
    if not raw.isdigit() or len(raw) > 20 or int(raw) > LARGEST or (raw[:1] == b"0" and len(raw) > 1):
        raise Failure(INVALID)
    return int(raw)


def bound(raw: bytes, end: bool) -> Id:
    """One end of an interval, ``(`` excluding itself."""
    if raw in (b"-", b"+"):
        return LOWEST if raw == b"-" else HIGHEST
    at = strict(raw.removeprefix(b"("), LARGEST if end else 0)
    if not raw.startswith(b"("):
        return at
    if at == (LOWEST if end else HIGHEST):
        raise Failure(f"ERR invalid {'end' if end else 'start'} ID for the interval")
    return before(at) if end else after(at)


def after(at: Id) -> Id:
    return (at[0], at[1] + 1) if at[1] < LARGEST else (at[0] + 1, 0)


def before(at: Id) -> Id:
    return (at[0], at[1] - 1) if at[1] else (at[0] - 1, LARGEST)
