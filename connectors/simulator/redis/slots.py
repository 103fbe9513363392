"""The 16,384 slots of a cluster: which one a key is in, and who has which.

A key's slot is CRC16 of it, or of what stands between its first braces if there is anything (the cluster
specification of Redis), modulo 16,384; the CRC is XMODEM's: polynomial 0x1021, from 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

SLOTS = 16384


@lru_cache(maxsize=65536)
def slot_of(key: bytes) -> int:
    """The slot of a key, 0..16383."""
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    crc = 0
    for byte in key:
        crc = (crc << 8) & 0xFFFF ^ _TABLE[(crc >> 8) ^ byte]
    return crc % SLOTS


def evenly(parts: int) -> tuple[tuple[int, int], ...]:
    """Slots in so many ranges (first and last of each), as ``redis-cli --cluster create`` parts them."""
    each = SLOTS / parts
    edges = [round(each * index) for index in range(parts + 1)]
    return tuple((edges[index], edges[index + 1] - 1) for index in range(parts))


def ranges_text(ranges: Sequence[tuple[int, int]]) -> str:
    """As CLUSTER NODES writes them."""
    return " ".join(f"{first}-{last}" if first != last else f"{first}" for first, last in ranges)


def _table() -> Iterator[int]:
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        yield crc & 0xFFFF


_TABLE = tuple(_table())
