"""Strings and the numbers in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.commands.keys import LATEST
from connectors.simulator.redis.floats import is_infinite, parse_wide, show_wide, widened
from connectors.simulator.redis.protocol import OK, Failure, Reply

NOT_A_FLOAT = "ERR value is not a valid float"
MAX_STRING = 64 * 1024 * 1024  # the real server's is 512 MB; a simulated one has no room for that
_UNITS = {b"ex": 1.0, b"px": 0.001, b"exat": 1.0, b"pxat": 0.001}


def get(call: Call) -> Reply:
    return call.keys.of_type(call.args[0], bytes)


@dataclass(slots=True)
class _SetOptions:
    condition: bytes = b""  # nx, xx
    keep_ttl: bool = False
    get: bool = False
    deadline: float | None = None


def set_(call: Call) -> Reply:
    key, value = call.args[:2]
    options = _set_options(call)
    previous = call.keys.of_type(key, bytes) if options.get else None
    present = call.keys.get(key) is not None
    if (options.condition == b"nx" and present) or (options.condition == b"xx" and not present):
        return previous
    call.keys.put(key, value, options.keep_ttl)
    if options.deadline is not None:
        call.keys.set_deadline(key, options.deadline)
    return previous if options.get else OK


def _set_options(call: Call) -> _SetOptions:
    options, words = _SetOptions(), call.args[2:]
    while words:
        word, words = words[0].lower(), words[1:]
        if word in (b"nx", b"xx") and options.condition in (b"", word):
            options.condition = word
        elif word == b"get":
            options.get = True
        elif word == b"keepttl" and options.deadline is None:
            options.keep_ttl = True
        elif word in _UNITS and words and options.deadline is None and not options.keep_ttl:
            options.deadline, words = _deadline(call, word, words[0]), words[1:]
        else:
            raise Failure(SYNTAX)
    return options


def _deadline(call: Call, unit: bytes, raw: bytes) -> float:
    amount = integer(raw)
    if amount <= 0 or amount * _UNITS[unit] > LATEST:
        raise Failure(f"ERR invalid expire time in '{call.name}' command")
    seconds = amount * _UNITS[unit]
    return call.server.deadline_in(seconds - call.server.wall() if unit.endswith(b"at") else seconds)


def set_if_absent(call: Call) -> Reply:
    if call.keys.get(call.args[0]) is not None:
        return 0
    call.keys.put(call.args[0], call.args[1])
    return 1


def _set_for(unit: bytes) -> Callable[[Call], Reply]:
    def set_for(call: Call) -> Reply:
        deadline = _deadline(call, unit, call.args[1])
        call.keys.put(call.args[0], call.args[2])
        call.keys.set_deadline(call.args[0], deadline)
        return OK

    return set_for


def get_set(call: Call) -> Reply:
    previous = call.keys.of_type(call.args[0], bytes)
    call.keys.put(call.args[0], call.args[1])
    return previous


def get_delete(call: Call) -> Reply:
    previous = call.keys.of_type(call.args[0], bytes)
    call.keys.delete(call.args[0])
    return previous


def many_get(call: Call) -> Reply:
    values = [call.keys.get(key) for key in call.args]
    return [value if isinstance(value, bytes) else None for value in values]


def many_set(call: Call) -> Reply:
    if len(call.args) % 2:
        raise Failure(f"ERR wrong number of arguments for '{call.name}' command")
    for key, value in zip(call.args[::2], call.args[1::2], strict=True):
        call.keys.put(key, value)
    return OK


def many_set_if_absent(call: Call) -> Reply:
    if len(call.args) % 2:
        raise Failure(f"ERR wrong number of arguments for '{call.name}' command")
    if any(call.keys.get(key) is not None for key in call.args[::2]):
        return 0
    many_set(call)
    return 1


def get_and_expire(call: Call) -> Reply:
    """GETEX: the value, and a deadline for it, or none any more."""
    options = call.options(1)
    timed = len(options) == 2 and options[0] in _UNITS
    if not timed and options not in ([], [b"persist"]):
        raise Failure(SYNTAX)
    value = call.keys.of_type(call.args[0], bytes)
    if value is not None and options:
        call.keys.set_deadline(call.args[0], _deadline(call, options[0], call.args[2]) if timed else None)
    return value


def _add(sign: int, fixed: bool) -> Callable[[Call], Reply]:
    """INCR, DECR (``fixed``: by one), INCRBY and DECRBY."""

    def add(call: Call) -> Reply:
        key = call.args[0]
        amount = 1 if fixed else call.integer(1)
        if sign < 0 and amount == -(2**63):
            raise Failure("ERR decrement would overflow")
        total = integer(_or(call.keys.of_type(key, bytes), b"0")) + sign * amount
        if not -(2**63) <= total < 2**63:
            raise Failure("ERR increment or decrement would overflow")
        call.keys.put(key, b"%d" % total, keep_ttl=True)
        return total

    return add


def _or(value: bytes | None, default: bytes) -> bytes:
    return default if value is None else value


def add_float(call: Call) -> Reply:
    held = _or(call.keys.of_type(call.args[0], bytes), b"0")
    shown = sum_of(held, call.args[1], NOT_A_FLOAT)
    call.keys.put(call.args[0], shown, keep_ttl=True)
    return shown


def sum_of(held: bytes, added: bytes, not_a_float: str) -> bytes:
    """Both as one number, shown; a Failure (``not_a_float`` for what is held) where there is none."""
    amounts = parse_wide(held), parse_wide(added)
    if amounts[0] is None and not is_infinite(held):
        raise Failure(not_a_float)
    if amounts[1] is None and not is_infinite(added):
        raise Failure(NOT_A_FLOAT)
    if amounts[0] is None or amounts[1] is None:
        raise Failure("ERR increment would produce NaN or Infinity")
    return show_wide(widened(amounts[0] + amounts[1]))


def append(call: Call) -> Reply:
    value = (call.keys.of_type(call.args[0], bytes) or b"") + call.args[1]
    call.keys.put(call.args[0], value, keep_ttl=True)
    return len(value)


def length(call: Call) -> Reply:
    return len(call.keys.of_type(call.args[0], bytes) or b"")


def get_range(call: Call) -> Reply:
    start, end = call.integer(1), call.integer(2)
    value = call.keys.of_type(call.args[0], bytes) or b""
    if start < 0 and end < 0 and start > end:
        return b""
    start, end = slice_of(start, max(end, -len(value)), len(value))  # unlike a list's, the end is never before 0
    return value[start:end]


def set_range(call: Call) -> Reply:
    offset, piece = call.integer(1), call.args[2]
    if offset < 0:
        raise Failure("ERR offset is out of range")
    value = call.keys.of_type(call.args[0], bytes)
    if not piece:
        return len(value or b"")
    if offset + len(piece) > MAX_STRING:
        raise Failure("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    padded = (value or b"").ljust(offset, b"\0")
    call.keys.put(call.args[0], padded[:offset] + piece + padded[offset + len(piece) :], keep_ttl=True)
    return max(len(padded), offset + len(piece))


def slice_of(start: int, stop: int, size: int) -> tuple[int, int]:
    """Redis's inclusive bounds, negative ones from the end, as Python's."""
    start = max(0, start + size if start < 0 else start)
    stop = stop + size if stop < 0 else stop
    return start, max(start, stop + 1)


TABLE: Mapping[bytes, Command] = {
    b"get": Command(get, 2, False, 1, 1, 1),
    b"set": Command(set_, -3, True, 1, 1, 1),
    b"setnx": Command(set_if_absent, 3, True, 1, 1, 1),
    b"setex": Command(_set_for(b"ex"), 4, True, 1, 1, 1),
    b"psetex": Command(_set_for(b"px"), 4, True, 1, 1, 1),
    b"getset": Command(get_set, 3, True, 1, 1, 1),
    b"getdel": Command(get_delete, 2, True, 1, 1, 1),
    b"mget": Command(many_get, -2, False, 1, -1, 1),
    b"mset": Command(many_set, -3, True, 1, -1, 2),
    b"msetnx": Command(many_set_if_absent, -3, True, 1, -1, 2),
    b"getex": Command(get_and_expire, -2, True, 1, 1, 1),
    b"incr": Command(_add(1, True), 2, True, 1, 1, 1),
    b"decr": Command(_add(-1, True), 2, True, 1, 1, 1),
    b"incrby": Command(_add(1, False), 3, True, 1, 1, 1),
    b"decrby": Command(_add(-1, False), 3, True, 1, 1, 1),
    b"incrbyfloat": Command(add_float, 3, True, 1, 1, 1),
    b"append": Command(append, 3, True, 1, 1, 1),
    b"strlen": Command(length, 2, False, 1, 1, 1),
    b"getrange": Command(get_range, 4, False, 1, 1, 1),
    b"substr": Command(get_range, 4, False, 1, 1, 1),
    b"setrange": Command(set_range, 4, True, 1, 1, 1),
}
