"""Sets."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.commands.keys import cursor_of, scan_options
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.keyspace import SetValue
from connectors.simulator.redis.protocol import Reply
from connectors.simulator.redis.server import Call, Command


def _read(call: Call, key: int = 0) -> SetValue:
    """The set, or an empty one that is not kept."""
    return call.keys.of_type(call.args[key], SetValue) or SetValue()


def add(call: Call) -> Reply:
    members = _read(call)
    before = len(members)
    members.update(dict.fromkeys(call.args[1:]))
    call.keys.settle(call.args[0], members)
    return len(members) - before


def remove(call: Call) -> Reply:
    members = _read(call)
    present = [member for member in dict.fromkeys(call.args[1:]) if member in members]
    for member in present:
        del members[member]
    if present:
        call.keys.settle(call.args[0], members)
    return len(present)


def members_of(call: Call) -> Reply:
    return frozenset(_read(call))


def length(call: Call) -> Reply:
    return len(_read(call))


def contains(call: Call) -> Reply:
    return int(call.args[1] in _read(call))


def contains_many(call: Call) -> Reply:
    members = _read(call)
    return [int(member in members) for member in call.args[1:]]


def union(call: Call) -> Reply:
    return frozenset().union(*(_read(call, index) for index in range(len(call.args))))


def intersection(call: Call) -> Reply:
    first = frozenset(_read(call))
    return first.intersection(*(_read(call, index) for index in range(1, len(call.args))))


def difference(call: Call) -> Reply:
    first = frozenset(_read(call))
    return first.difference(*(_read(call, index) for index in range(1, len(call.args))))


def scan(call: Call) -> Reply:
    """Everything in one reply, as the real server does for a small set."""
    cursor_of(call.args[1])
    pattern = scan_options(call, 2).get(b"match", b"*")
    return [b"0", [member for member in _read(call) if matches(pattern, member)]]


TABLE: Mapping[bytes, Command] = {
    b"sadd": Command(add, -3, True, 1, 1, 1),
    b"srem": Command(remove, -3, True, 1, 1, 1),
    b"smembers": Command(members_of, 2, False, 1, 1, 1),
    b"scard": Command(length, 2, False, 1, 1, 1),
    b"sismember": Command(contains, 3, False, 1, 1, 1),
    b"smismember": Command(contains_many, -3, False, 1, 1, 1),
    b"sunion": Command(union, -2, False, 1, -1, 1),
    b"sinter": Command(intersection, -2, False, 1, -1, 1),
    b"sdiff": Command(difference, -2, False, 1, -1, 1),
    b"sscan": Command(scan, -3, False, 1, 1, 1),
}
