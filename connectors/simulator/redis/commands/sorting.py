"""SORT: the members of a list, a set or a sorted set in order, by themselves or by what other keys say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.floats import parse_double
from connectors.simulator.redis.keyspace import WRONG_TYPE, HashValue, SetValue
from connectors.simulator.redis.protocol import Failure, Reply
from connectors.simulator.redis.zset import ZSetValue

NO_NUMBER = "ERR One or more scores can't be converted into double"


@dataclass(slots=True)
class _Order:
    """What the words after the key ask for."""

    by: bytes | None = None
    get: list[bytes] = field(default_factory=list)
    offset: int = 0
    count: int = -1
    descending: bool = False
    alpha: bool = False
    store: bytes | None = None

    @property
    def sorts(self) -> bool:
        """BY a pattern without a star means: as they come."""
        return self.by is None or b"*" in self.by


def sort(call: Call) -> Reply:
    order = _order(call)
    found = _members(call, order)
    if order.sorts:
        found = _sorted(call, found, order)
    start = max(0, order.offset)
    chosen = found[start:] if order.count < 0 else found[start : start + order.count]
    rows = [_looked_up(call, pattern, member) for member in chosen for pattern in order.get or [b"#"]]
    if order.store is None:
        return rows
    call.keys.delete(order.store)
    if rows:
        call.keys.put(order.store, [row or b"" for row in rows])
    return len(rows)


def _order(call: Call) -> _Order:
    order, words = _Order(), call.args[1:]
    while words:
        word, rest = words[0].lower(), words[1:]
        if word in (b"asc", b"desc"):
            order.descending = word == b"desc"
        elif word == b"alpha":
            order.alpha = True
        elif word == b"limit" and len(rest) >= 2:
            order.offset, order.count, rest = integer(rest[0]), integer(rest[1]), rest[2:]
        elif word == b"by" and rest:
            order.by, rest = rest[0], rest[1:]
        elif word == b"get" and rest:
            order.get, rest = [*order.get, rest[0]], rest[1:]
        elif word == b"store" and rest and call.name == "sort":
            order.store, rest = rest[0], rest[1:]
        else:
            raise Failure(SYNTAX)
        words = rest
    return order


def _members(call: Call, order: _Order) -> list[bytes]:
    """As they come, which DESC turns around unless they are a set."""
    turned = -1 if order.descending else 1
    match call.keys.get(call.args[0]):
        case None:
            return []
        case list() as members:
            return members[::turned]
        case SetValue() as members:
            return sorted(members) if order.store is not None else list(members)
        case ZSetValue() as members:
            return list(members)[::turned]
    raise Failure(WRONG_TYPE)


def _sorted(call: Call, members: list[bytes], order: _Order) -> list[bytes]:
    weights = {member: _looked_up(call, order.by or b"#", member) for member in members}
    if order.alpha:
        return sorted(members, key=lambda member: _text(weights[member]), reverse=order.descending)
    numbers = {member: _number(weight) for member, weight in weights.items()}
    return sorted(members, key=lambda member: (numbers[member], member), reverse=order.descending)


def _text(weight: bytes | None) -> tuple[bool, bytes]:
    """What is not there is before everything."""
    return weight is not None, weight or b""


def _number(weight: bytes | None) -> float:
    number = parse_double(weight or b"0")
    if number is None:
        raise Failure(NO_NUMBER)
    return number


def _looked_up(call: Call, pattern: bytes, member: bytes) -> bytes | None:
    """The key that the pattern names with the member in place of its star, ``->field`` of a hash; ``#`` is itself."""
    if pattern == b"#":
        return member
    if b"*" not in pattern:
        return None
    head, _, tail = pattern.partition(b"*")
    rest, arrow, name = tail.partition(b"->")
    if not arrow or not name:
        value = call.keys.get(head + member + tail)
        return value if isinstance(value, bytes) else None
    value = call.keys.get(head + member + rest)
    return value.get(name) if isinstance(value, HashValue) else None


def _keys(words: list[bytes]) -> list[bytes]:
    stored = [word for before, word in pairwise(words) if before.lower() == b"store"]
    return [words[1], *stored[-1:]]


TABLE: Mapping[bytes, Command] = {
    b"sort": Command(sort, -2, True, 1, 1, 1, locate=_keys),
    b"sort_ro": Command(sort, -2, False, 1, 1, 1),
}
