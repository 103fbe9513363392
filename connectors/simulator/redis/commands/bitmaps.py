"""Strings as rows of bits, the first bit of the first byte being bit 0: who was here today, which features are on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_, xor

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.commands.strings import MAX_STRING
from connectors.simulator.redis.protocol import Failure, Reply

BAD_OFFSET = "ERR bit offset is not an integer or out of range"
BAD_BIT = "ERR bit is not an integer or out of range"
TWO_OPERANDS: Mapping[bytes, Callable[[int, int], int]] = {b"and": and_, b"or": or_, b"xor": xor}


def set_bit(call: Call) -> Reply:
    """The bit as it was."""
    place, bit = _offset(call.args[1]), _bit(call.args[2])
    value = bytearray(call.keys.of_type(call.args[0], bytes) or b"")
    index, shift = place // 8, 7 - place % 8
    value.extend(bytes(max(0, index + 1 - len(value))))
    before = value[index] >> shift & 1
    value[index] = value[index] & ~(1 << shift) | bit << shift
    call.keys.put(call.args[0], bytes(value), keep_ttl=True)
    return before


def get_bit(call: Call) -> Reply:
    place = _offset(call.args[1])
    value = call.keys.of_type(call.args[0], bytes) or b""
    return value[place // 8] >> (7 - place % 8) & 1 if place // 8 < len(value) else 0


def _offset(raw: bytes) -> int:
    try:
        offset = integer(raw)
    except Failure:
        raise Failure(BAD_OFFSET) from None
    if not 0 <= offset < MAX_STRING * 8:
        raise Failure(BAD_OFFSET)
    return offset


def _bit(raw: bytes) -> int:
    if raw not in (b"0", b"1"):
        raise Failure(BAD_BIT)
    return int(raw)


@dataclass(frozen=True, slots=True)
class _Range:
    """Bits of a string, both ends included, as one number; none where ``last`` is before ``first``."""

    value: bytes
    first: int
    last: int

    @property
    def width(self) -> int:
        return max(0, self.last - self.first + 1)

    @property
    def number(self) -> int:
        head = self.value[: self.last // 8 + 1]
        return int.from_bytes(head) >> (7 - self.last % 8) & ((1 << self.width) - 1) if self.width else 0


def _range(value: bytes, start: int, end: int, by_bit: bool) -> _Range:
    """Inclusive bounds, negative ones from the end."""
    total = len(value) * 8 if by_bit else len(value)
    start = max(0, start + total if start < 0 else start)
    end = min(max(0, end + total if end < 0 else end), total - 1)
    return _Range(value, start, end) if by_bit else _Range(value, start * 8, end * 8 + 7)


def _by_bit(unit: list[bytes]) -> bool:
    if unit not in ([], [b"bit"], [b"byte"]):
        raise Failure(SYNTAX)
    return unit == [b"bit"]


def count_bits(call: Call) -> Reply:
    value = call.keys.of_type(call.args[0], bytes)
    if value is None:
        return 0
    if len(call.args) == 1:
        return int.from_bytes(value).bit_count()
    if len(call.args) == 2:
        raise Failure(SYNTAX)
    start, end = call.integer(1), call.integer(2)
    if start < 0 and end < 0 and start > end:
        return 0
    return _range(value, start, end, _by_bit(call.options(3))).number.bit_count()


def find_bit(call: Call) -> Reply:
    """BITPOS: behind the string there are zeros, unless an end was said."""
    bit = call.integer(1)
    if bit not in (0, 1):
        raise Failure("ERR The bit argument must be 1 or 0.")
    value = call.keys.of_type(call.args[0], bytes)
    if value is None:
        return -1 if bit else 0
    start = call.integer(2) if len(call.args) > 2 else 0
    by_bit = _by_bit(call.options(4))
    end = call.integer(3) if len(call.args) > 3 else -1
    place = _first(_range(value, start, end, by_bit), bit)
    if place is None:
        return -1
    return -1 if place == len(value) * 8 and len(call.args) > 3 else place


def _first(bits: _Range, bit: int) -> int | None:
    """Place of the first such bit; of the one behind the string, which is 0, where the string ends without."""
    if not bits.width:
        return None
    number = bits.number if bit else bits.number ^ ((1 << bits.width) - 1)
    if number:
        return bits.last + 1 - number.bit_length()
    return None if bit else len(bits.value) * 8


def combine(call: Call) -> Reply:
    """BITOP: the length of what was stored."""
    name, target, *sources = call.args
    operation = name.lower()
    if operation not in TWO_OPERANDS and operation != b"not":
        raise Failure(SYNTAX)
    if operation == b"not" and len(sources) != 1:
        raise Failure("ERR BITOP NOT must be called with a single source key.")
    values = [call.keys.of_type(source, bytes) or b"" for source in sources]
    longest = max(map(len, values))
    if not longest:
        call.keys.delete(target)
        return 0
    numbers = [int.from_bytes(value.ljust(longest, b"\0")) for value in values]
    whole = (1 << longest * 8) - 1
    result = whole ^ numbers[0] if operation == b"not" else reduce(TWO_OPERANDS[operation], numbers)
    call.keys.put(target, result.to_bytes(longest))
    return longest


TABLE: Mapping[bytes, Command] = {
    b"setbit": Command(set_bit, 4, True, 1, 1, 1),
    b"getbit": Command(get_bit, 3, False, 1, 1, 1),
    b"bitcount": Command(count_bits, -2, False, 1, 1, 1),
    b"bitpos": Command(find_bit, -3, False, 1, 1, 1),
    b"bitop": Command(combine, -4, True, 2, -1, 1),
}
