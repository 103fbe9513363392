"""Sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.simulator.redis.call import SYNTAX, Call, Command
from connectors.simulator.redis.commands.counts import at_least, keys_after_count, positive
from connectors.simulator.redis.commands.hashes import draw_count, drawn
from connectors.simulator.redis.commands.keys import cursor_of, scan_options
from connectors.simulator.redis.commands.zalgebra import limit_of
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.keyspace import SetValue
from connectors.simulator.redis.protocol import Failure, Reply


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


def _store(how: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    def store(call: Call) -> Reply:
        found = how(replace(call, args=call.args[1:]))
        members = SetValue(dict.fromkeys(sorted(found))) if isinstance(found, frozenset) else SetValue()
        call.keys.delete(call.args[0])
        call.keys.settle(call.args[0], members)
        return len(members)

    return store


def intersection_size(call: Call) -> Reply:
    count = at_least(call.args[0], 1, "ERR numkeys should be greater than 0")
    keys = call.args[1 : 1 + count]
    if len(keys) < count:
        raise Failure("ERR Number of keys can't be greater than number of args")
    limit = limit_of(call.args[1 + count :])
    found = intersection(replace(call, args=keys))
    size = len(found) if isinstance(found, frozenset) else 0
    return min(size, limit) if limit else size


def move(call: Call) -> Reply:
    source, destination, member = call.args
    members = _read(call)
    if call.keys.get(source) is None:
        return 0
    target = _read(call, 1)
    if member not in members:
        return 0
    if source == destination:
        return 1
    del members[member]
    call.keys.settle(source, members)
    target[member] = None
    call.keys.settle(destination, target)
    return 1


def pop(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure(SYNTAX)
    count = positive(call.args[1]) if len(call.args) == 2 else None
    members = _read(call)
    chosen = drawn(call, list(members), 1 if count is None else count)
    for member in chosen:
        del members[member]
    if chosen:
        call.keys.settle(call.args[0], members)
    return frozenset(chosen) if count is not None else chosen[0] if chosen else None


def random_members(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure(SYNTAX)
    count = draw_count(call) if len(call.args) == 2 else None
    chosen = drawn(call, list(_read(call)), 1 if count is None else count)
    return chosen if count is not None else chosen[0] if chosen else None


def scan(call: Call) -> Reply:
    """Everything in one reply, as the real server does for a small set."""
    cursor_of(call.args[1])
    call.keys.of_type(call.args[0], SetValue)
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
    b"sunionstore": Command(_store(union), -3, True, 1, -1, 1),
    b"sinterstore": Command(_store(intersection), -3, True, 1, -1, 1),
    b"sdiffstore": Command(_store(difference), -3, True, 1, -1, 1),
    b"sintercard": Command(intersection_size, -3, locate=keys_after_count(1)),
    b"smove": Command(move, 4, True, 1, 2, 1),
    b"spop": Command(pop, -2, True, 1, 1, 1),
    b"srandmember": Command(random_members, -2, False, 1, 1, 1),
    b"sscan": Command(scan, -3, False, 1, 1, 1),
}
