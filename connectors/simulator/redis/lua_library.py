"""The libraries of scripts that are easier in Python than in Lua: sha1hex, math.random, and the bit operations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it was sent, what of it is Lua, and whether it may only read."""

    body: bytes
    code: bytes
    reads: bool = False

    @property
    def sha1(self) -> bytes:
        return sha1_of(self.body)


class Random:
    """POSIX's ``lrand48`` as the real server draws from it, started anew for each script: runs are repeatable."""

    LARGEST = 2**31 - 1

    def __init__(self) -> None:
        self._state = 0
        self.seed(0)

    def seed(self, number: float = 0, *_: object) -> None:
        self._state = ((int(number) & WORD) << 16) + 0x330E

    def draw(self, *_: object) -> float:
        """From 0 to below 1."""
        self._state = (self._state * 0x5DEECE66D + 0xB) & (2**48 - 1)
        return ((self._state >> 17) % self.LARGEST) / self.LARGEST


def sha1_of(raw: bytes) -> bytes:
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest().encode()


def signed(number: float) -> int:
    """The number's lowest 32 bits as Lua's bit library shows them."""
    low = int(number) & WORD
    return low - 2**32 if low >= 2**31 else low


def _hexadecimal(number: float, digits: float = 8) -> bytes:
    shown = f"{int(number) & WORD:08x}"
    count = min(8, abs(int(digits)))
    return (shown[8 - count :].upper() if digits < 0 else shown[8 - count :]).encode()


def _rotated(number: float, by: float) -> int:
    low, places = int(number) & WORD, int(by) % 32
    return signed(low << places | low >> (32 - places))


BITS: Mapping[bytes, Callable[..., object]] = {
    b"tobit": signed,
    b"tohex": _hexadecimal,
    b"bnot": lambda number: signed(~int(number)),
    b"band": lambda *numbers: signed(reduce(lambda one, other: one & other, map(int, numbers))),
    b"bor": lambda *numbers: signed(reduce(lambda one, other: one | other, map(int, numbers))),
    b"bxor": lambda *numbers: signed(reduce(lambda one, other: one ^ other, map(int, numbers))),
    b"lshift": lambda number, by: signed(int(number) << int(by) % 32),
    b"rshift": lambda number, by: signed((int(number) & WORD) >> int(by) % 32),
    b"arshift": lambda number, by: signed(signed(number) >> int(by) % 32),
    b"rol": _rotated,
    b"ror": lambda number, by: _rotated(number, -int(by)),
    b"bswap": lambda number: signed(int.from_bytes((int(number) & WORD).to_bytes(4, "big"), "little")),
}
