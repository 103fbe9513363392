"""Replies as they came, whichever protocol and server they came from: RESP 3 has maps where RESP 2 has flat lists.

What is not of the expected shape is nothing, never an error: a proxy or a newer server may say more than we know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.failure import one_line

LONGEST = 200  # characters of a name that is shown


def pairs(reply: object) -> Mapping[bytes, object]:
    """A map, or a flat list of names and values."""
    if isinstance(reply, Mapping):
        return {name: value for name, value in reply.items() if isinstance(name, bytes)}
    if not isinstance(reply, list):
        return {}
    return {name: value for name, value in zip(reply[::2], reply[1::2], strict=False) if isinstance(name, bytes)}


def fields(reply: object) -> Mapping[bytes, bytes]:
    """A hash."""
    return {name: value for name, value in pairs(reply).items() if isinstance(value, bytes)}


def items(reply: object) -> Sequence[object]:
    return reply if isinstance(reply, list) else ()


def text(raw: object) -> str:
    """Text from outside on one printable line; "" for what is none."""
    if isinstance(raw, bytes):
        return one_line(raw[: 4 * LONGEST].decode("utf-8", "replace"), LONGEST)
    return one_line(raw, LONGEST) if isinstance(raw, str) else str(raw) if isinstance(raw, int) else ""


def integer(raw: object) -> int | None:
    if isinstance(raw, int):
        return raw
    if isinstance(raw, bytes) and raw.removeprefix(b"-").isdigit() and len(raw) < 20:
        return int(raw)
    return None


def scanned(reply: object) -> tuple[bytes, Sequence[object]]:
    """A cursor, b"0" at the end, and what was found."""
    if isinstance(reply, list) and len(reply) == 2 and isinstance(reply[0], bytes):
        return reply[0], items(reply[1])
    return b"0", ()


def clock(reply: object) -> float | None:
    """TIME, in wall seconds since the epoch."""
    seconds, micros = (integer(each) for each in reply) if isinstance(reply, list) and len(reply) == 2 else (None, None)
    return None if seconds is None or micros is None else seconds + micros / 1e6


@dataclass(frozen=True, slots=True)
class Slow:
    """One entry of the slow log. ``began`` in wall epoch seconds, ``took`` in seconds."""

    id: int
    began: float
    took: float
    command: str


def slow_log(reply: object) -> tuple[Slow, ...]:
    """SLOWLOG GET; an entry that is not understood is left out."""
    return tuple(slow for slow in map(_slow, items(reply)) if slow is not None)


def _slow(entry: object) -> Slow | None:
    if not isinstance(entry, list) or len(entry) < 4:
        return None
    number, began, took = (integer(each) for each in entry[:3])
    if number is None or began is None or took is None:
        return None
    return Slow(number, float(began), took / 1e6, one_line(" ".join(map(text, items(entry[3])[:8]))))
