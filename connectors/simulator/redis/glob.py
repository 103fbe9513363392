"""Redis's own glob: ``*``, ``?``, ``[a-z]``, ``[^…]`` and backslash, on bytes, without fnmatch's case rules."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=256)
def matcher(pattern: bytes) -> re.Pattern[bytes]:
    """A compiled pattern whose ``fullmatch`` is what KEYS, SCAN MATCH and PSUBSCRIBE ask."""
    parts: list[bytes] = []
    at = 0
    while at < len(pattern):
        part, at = _part(pattern, at)
        if not (part == b".*" and parts[-1:] == [b".*"]):  # "**" must not make the match slow
            parts.append(part)
    return re.compile(b"".join(parts), re.DOTALL)


def matches(pattern: bytes, text: bytes) -> bool:
    return matcher(pattern).fullmatch(text) is not None


def _part(pattern: bytes, at: int) -> tuple[bytes, int]:
    char = pattern[at : at + 1]
    if char == b"*":
        return b".*", at + 1
    if char == b"?":
        return b".", at + 1
    if char == b"[":
        return _charset(pattern, at + 1)
    if char == b"\\" and at + 1 < len(pattern):
        return re.escape(pattern[at + 1 : at + 2]), at + 2
    return re.escape(char), at + 1


def _charset(pattern: bytes, at: int) -> tuple[bytes, int]:
    """The set that opens before ``at``; one that is never closed reaches to the end, as in the real server."""
    negated = pattern[at : at + 1] == b"^"
    at += negated
    members: list[bytes] = []
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        low, at = _member(pattern, at)
        high = low
        if pattern[at : at + 1] == b"-" and at + 1 < len(pattern) and pattern[at + 1 : at + 2] != b"]":
            high, at = _member(pattern, at + 1)
        low, high = min(low, high), max(low, high)
        members.append(re.escape(low) + b"-" + re.escape(high))
    if not members:
        return (b"." if negated else b"(?!)"), at + 1
    return b"[" + (b"^" if negated else b"") + b"".join(members) + b"]", at + 1


def _member(pattern: bytes, at: int) -> tuple[bytes, int]:
    if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
        at += 1
    return pattern[at : at + 1], at + 1
