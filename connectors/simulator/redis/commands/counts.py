"""Counts that clients send: of items to take, and of the keys that follow them (``ZMPOP 2 a b MIN COUNT 3``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.simulator.redis.call import SYNTAX, integer
from connectors.simulator.redis.protocol import Failure


def positive(raw: bytes) -> int:
    """A count from 0 on, as pops take it."""
    return at_least(raw, 0, "ERR value is out of range, must be positive")


def at_least(raw: bytes, least: int, otherwise: str) -> int:
    """A number no less than ``least``; else a Failure of that text."""
    try:
        number = integer(raw)
    except Failure:
        raise Failure(otherwise) from None
    if number < least:
        raise Failure(otherwise)
    return number


def first_keys(args: list[bytes], sides: Sequence[bytes]) -> tuple[list[bytes], bytes, int]:
    """The arguments of ZMPOP and LMPOP: keys, a side in lower case, and how many (1 by default)."""
    count = at_least(args[0], 1, "ERR numkeys should be greater than 0")
    keys, rest = args[1 : 1 + count], args[1 + count :]
    if len(keys) < count or not rest or rest[0].lower() not in sides:
        raise Failure(SYNTAX)
    wanted = 1
    if len(rest) > 1:
        if rest[1].lower() != b"count" or len(rest) < 3:
            raise Failure(SYNTAX)
        wanted = at_least(rest[2], 1, "ERR count should be greater than 0")
    if len(rest) > 3:
        raise Failure(SYNTAX)
    return keys, rest[0].lower(), wanted


def keys_after_count(at: int) -> Callable[[list[bytes]], list[bytes]]:
    """For ``Command.locate``: the words after a count of keys, which stands at ``at``."""

    def locate(words: list[bytes]) -> list[bytes]:
        try:
            count = integer(words[at])
        except (Failure, IndexError):
            return []
        return words[at + 1 : at + 1 + max(0, count)]

    return locate
