"""How many different things were counted, in 12 KB whatever their number: PFADD and its sisters.

The real server's own hash, registers and estimator (hyperloglog.c, after Heule et al. 2013 and Ertl 2017), so that the
estimates are its estimates to the last digit. A value is a string, as there, always in the dense form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf, sqrt

from connectors.simulator.redis.call import Call, Command
from connectors.simulator.redis.protocol import OK, Failure, Reply

INDEX_BITS = 14
REGISTERS = 1 << INDEX_BITS
RANKS = 64 - INDEX_BITS  # bits of a hash that are left to count zeros in
WIDTH = 6  # bits of a register
SEED = 0xADC83B19
ALPHA = 0.721347520444481703680  # 1 / (2 ln 2)
HEADER = b"HYLL" + bytes(4) + bytes(7) + b"\x80"  # dense, and no cached count
SIZE = len(HEADER) + REGISTERS * WIDTH // 8
NOT_ONE = "WRONGTYPE Key is not a valid HyperLogLog string value."
_WORD = (1 << 64) - 1
_MULTIPLIER = 0xC6A4A7935BD1E995


def add(call: Call) -> Reply:
    """1 where the estimate may have changed, or the key is new."""
    held = _held(call, call.args[0])
    number = 0 if held is None else held
    grown = number
    for element in call.args[1:]:
        index, rank = _place(element)
        shift = index * WIDTH
        if grown >> shift & 63 < rank:
            grown = grown & ~(63 << shift) | rank << shift
    if held is not None and grown == number:
        return 0
    _keep(call, call.args[0], grown)
    return 1


def count(call: Call) -> Reply:
    held = [number for key in call.args if (number := _held(call, key)) is not None]
    return _estimate(_merged(map(_registers, held))) if held else 0


def merge(call: Call) -> Reply:
    held = [number for key in call.args if (number := _held(call, key)) is not None]
    registers = _merged(map(_registers, held))
    _keep(call, call.args[0], sum(rank << index * WIDTH for index, rank in enumerate(registers) if rank))
    return OK


def _held(call: Call, key: bytes) -> int | None:
    """All registers of a key as one number, the first in its lowest bits; None where there is no key."""
    value = call.keys.of_type(key, bytes)
    if value is None:
        return None
    if len(value) != SIZE or not value.startswith(HEADER[:5]):
        raise Failure(NOT_ONE)
    return int.from_bytes(value[len(HEADER) :], "little")


def _keep(call: Call, key: bytes, number: int) -> None:
    call.keys.put(key, HEADER + number.to_bytes(SIZE - len(HEADER), "little"), keep_ttl=True)


def _registers(number: int) -> Sequence[int]:
    data = number.to_bytes(SIZE - len(HEADER), "little")
    ranks: list[int] = []
    for start in range(0, len(data), 3):  # four registers in three bytes
        four = int.from_bytes(data[start : start + 3], "little")
        ranks += (four & 63, four >> 6 & 63, four >> 12 & 63, four >> 18)
    return ranks


def _merged(all_registers: Iterable[Sequence[int]]) -> Sequence[int]:
    merged: Sequence[int] = bytes(REGISTERS)
    for registers in all_registers:
        merged = list(map(max, merged, registers))
    return merged


def _place(element: bytes) -> tuple[int, int]:
    """The element's register, and its rank: the zeros at the end of the rest of its hash, and one."""
    hashed = _murmur(element)
    rest = hashed >> INDEX_BITS | 1 << RANKS
    return hashed & (REGISTERS - 1), (rest & -rest).bit_length()


def _murmur(data: bytes) -> int:
    """MurmurHash64A, little endian (Appleby, public domain)."""
    hashed = SEED ^ (len(data) * _MULTIPLIER & _WORD)
    whole = len(data) - len(data) % 8
    for start in range(0, whole, 8):
        word = int.from_bytes(data[start : start + 8], "little") * _MULTIPLIER & _WORD
        word = (word ^ word >> 47) * _MULTIPLIER & _WORD
        hashed = (hashed ^ word) * _MULTIPLIER & _WORD
    if data[whole:]:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _WORD
    hashed = (hashed ^ hashed >> 47) * _MULTIPLIER & _WORD
    return hashed ^ hashed >> 47


def _estimate(registers: Sequence[int]) -> int:
    """Ertl 2017, "New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6."""
    histogram = [0] * (RANKS + 2)
    for rank in registers:
        histogram[rank] += 1
    z = REGISTERS * _tau((REGISTERS - histogram[RANKS + 1]) / REGISTERS)
    for rank in range(RANKS, 0, -1):
        z = 0.5 * (z + histogram[rank])
    z += REGISTERS * _sigma(histogram[0] / REGISTERS)
    return int(ALPHA * REGISTERS * REGISTERS / z + 0.5)


def _sigma(x: float) -> float:
    if x == 1.0:
        return inf
    y, z, before = 1.0, x, 0.0
    while z != before:
        x, before = x * x, z
        z, y = z + x * y, y + y
    return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1 - x, 0.0
    while z != before:
        x, before, y = sqrt(x), z, y * 0.5
        z -= (1 - x) ** 2 * y
    return z / 3


TABLE: Mapping[bytes, Command] = {
    b"pfadd": Command(add, -2, True, 1, 1, 1),
    b"pfcount": Command(count, -2, False, 1, -1, 1),
    b"pfmerge": Command(merge, -2, True, 1, -1, 1),
}
