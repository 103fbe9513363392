"""Noise without a generator's state: a pure function of seed, purpose and time.

A stateful generator would give other noise to everything after an operator's action, and two runs could not be
compared. Here the noise of second t is the same whatever was done before it.
"""

from __future__ import annotations

from functools import cache
from zlib import crc32

_MASK = (1 << 64) - 1


def noise(seed: int, purpose: str, t: int) -> float:
    """A number in [-1, 1), uniform, fixed by its three arguments."""
    return _mixed(_stream(seed, purpose) + t * 0x9E3779B97F4A7C15) / (1 << 63) - 1.0


@cache
def _stream(seed: int, purpose: str) -> int:
    return _mixed(seed ^ (crc32(purpose.encode()) << 32))


def _mixed(value: int) -> int:
    """The output function of splitmix64 (Steele, Lea and Flood, 2014)."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
