"""Hashes."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.commands.keys import cursor_of, scan_options
from connectors.simulator.redis.commands.strings import NOT_A_FLOAT, sum_of
from connectors.simulator.redis.floats import is_infinite, parse_wide
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.keyspace import HashValue
from connectors.simulator.redis.protocol import OK, Failure, Reply

MAX_DRAWN = 100_000  # of a negative count, which could ask for any number


def _read(call: Call) -> HashValue:
    """The hash, or an empty one that is not kept."""
    return call.keys.of_type(call.args[0], HashValue) or HashValue()


def _write_pairs(call: Call) -> int:
    pairs = call.args[1:]
    if len(pairs) % 2:
        raise Failure(f"ERR wrong number of arguments for '{call.name}' command")
    fields = _read(call)
    before = len(fields)
    fields.update(zip(pairs[::2], pairs[1::2], strict=True))
    call.keys.settle(call.args[0], fields)
    return len(fields) - before


def set_fields(call: Call) -> Reply:
    return _write_pairs(call)


def set_fields_ok(call: Call) -> Reply:
    _write_pairs(call)
    return OK


def set_if_absent(call: Call) -> Reply:
    fields = _read(call)
    if call.args[1] in fields:
        return 0
    fields[call.args[1]] = call.args[2]
    call.keys.settle(call.args[0], fields)
    return 1


def get(call: Call) -> Reply:
    return _read(call).get(call.args[1])


def get_many(call: Call) -> Reply:
    fields = _read(call)
    return [fields.get(name) for name in call.args[1:]]


def get_all(call: Call) -> Reply:
    return dict(_read(call))


def names(call: Call) -> Reply:
    return list(_read(call))


def values(call: Call) -> Reply:
    return list(_read(call).values())


def length(call: Call) -> Reply:
    return len(_read(call))


def value_length(call: Call) -> Reply:
    return len(_read(call).get(call.args[1], b""))


def exists(call: Call) -> Reply:
    return int(call.args[1] in _read(call))


def delete(call: Call) -> Reply:
    fields = _read(call)
    gone = sum(fields.pop(name, None) is not None for name in call.args[1:])
    if gone:
        call.keys.settle(call.args[0], fields)
    return gone


def add(call: Call) -> Reply:
    amount = call.integer(2)
    fields = _read(call)
    try:
        total = integer(fields.get(call.args[1], b"0"))
    except Failure:
        raise Failure("ERR hash value is not an integer") from None
    total += amount
    if not -(2**63) <= total < 2**63:
        raise Failure("ERR increment or decrement would overflow")
    fields[call.args[1]] = b"%d" % total
    call.keys.settle(call.args[0], fields)
    return total


def add_float(call: Call) -> Reply:
    fields = _read(call)
    held = fields.get(call.args[1], b"0")
    if parse_wide(call.args[2]) is None and not is_infinite(call.args[2]):
        raise Failure(NOT_A_FLOAT)
    shown = sum_of(held, call.args[2], "ERR hash value is not a float")
    fields[call.args[1]] = shown
    call.keys.settle(call.args[0], fields)
    return shown


def random_fields(call: Call) -> Reply:
    """HRANDFIELD: a chosen few, without a negative count none twice."""
    count = draw_count(call) if len(call.args) > 1 else None
    if call.options(2) not in ([], [b"withvalues"]):
        raise Failure(SYNTAX)
    names, shown = list(_read(call)), _read(call)
    if count is None:
        return call.server.chance.choice(names) if names else None
    chosen = drawn(call, names, count)
    if len(call.args) == 2:
        return chosen
    pairs = [[name, shown[name]] for name in chosen]
    return pairs if call.client.protocol == 3 else [item for pair in pairs for item in pair]


def draw_count(call: Call) -> int:
    """How many HRANDFIELD and its sisters shall draw: any 64-bit number that has a negative."""
    count = call.integer(1)
    if count == -(2**63):
        raise Failure(f"ERR value is out of range, value must between -{2**63 - 1} and {2**63 - 1}")
    return count


def drawn(call: Call, items: list[bytes], count: int) -> list[bytes]:
    """``count`` different ones, all when there are fewer; a negative count may draw one again."""
    if not items:
        return []
    if count < 0:
        return [call.server.chance.choice(items) for _ in range(min(-count, MAX_DRAWN))]
    return call.server.chance.sample(items, min(count, len(items)))


def scan(call: Call) -> Reply:
    """Everything in one reply, as the real server does for a small hash."""
    cursor_of(call.args[1])
    call.keys.of_type(call.args[0], HashValue)
    pattern = scan_options(call, 2).get(b"match", b"*")
    found = [item for pair in _read(call).items() if matches(pattern, pair[0]) for item in pair]
    return [b"0", found]


TABLE: Mapping[bytes, Command] = {
    b"hset": Command(set_fields, -4, True, 1, 1, 1),
    b"hmset": Command(set_fields_ok, -4, True, 1, 1, 1),
    b"hsetnx": Command(set_if_absent, 4, True, 1, 1, 1),
    b"hget": Command(get, 3, False, 1, 1, 1),
    b"hmget": Command(get_many, -3, False, 1, 1, 1),
    b"hgetall": Command(get_all, 2, False, 1, 1, 1),
    b"hkeys": Command(names, 2, False, 1, 1, 1),
    b"hvals": Command(values, 2, False, 1, 1, 1),
    b"hlen": Command(length, 2, False, 1, 1, 1),
    b"hstrlen": Command(value_length, 3, False, 1, 1, 1),
    b"hexists": Command(exists, 3, False, 1, 1, 1),
    b"hdel": Command(delete, -3, True, 1, 1, 1),
    b"hincrby": Command(add, 4, True, 1, 1, 1),
    b"hincrbyfloat": Command(add_float, 4, True, 1, 1, 1),
    b"hrandfield": Command(random_fields, -2, False, 1, 1, 1),
    b"hscan": Command(scan, -3, False, 1, 1, 1),
}
