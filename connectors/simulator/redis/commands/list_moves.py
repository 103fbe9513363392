"""Lists, the rest: places of values, inserting beside one, moving between lists, and taking from the first of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.commands.counts import at_least, first_keys, keys_after_count
from connectors.simulator.redis.commands.lists import take
from connectors.simulator.redis.protocol import Failure, NullArray, Reply

SIDES = (b"left", b"right")


def insert(call: Call) -> Reply:
    where, pivot, value = call.args[1].lower(), call.args[2], call.args[3]
    if where not in (b"before", b"after"):
        raise Failure(SYNTAX)
    items = call.keys.of_type(call.args[0], list)
    if items is None:
        return 0
    if pivot not in items:
        return -1
    items.insert(items.index(pivot) + (where == b"after"), value)
    call.keys.settle(call.args[0], items)
    return len(items)


@dataclass(slots=True)
class _Search:
    rank: int = 1
    count: int | None = None
    compared: int = 0  # at most, 0 without end


def place_of(call: Call) -> Reply:
    search = _search(call.args[2:])
    items = call.keys.of_type(call.args[0], list)
    if items is None:
        return None if search.count is None else []
    places = range(len(items)) if search.rank > 0 else range(len(items) - 1, -1, -1)
    if search.compared:
        places = places[: search.compared]
    found = [place for place in places if items[place] == call.args[1]][abs(search.rank) - 1 :]
    if search.count is None:
        return found[0] if found else None
    return list(found[: search.count] if search.count else found)


def _search(words: list[bytes]) -> _Search:
    search = _Search()
    while words:
        word = words[0].lower()
        if word not in (b"rank", b"count", b"maxlen") or len(words) < 2:
            raise Failure(SYNTAX)
        if word == b"rank":
            search.rank = _rank(words[1])
        elif word == b"count":
            search.count = at_least(words[1], 0, "ERR COUNT can't be negative")
        else:
            search.compared = at_least(words[1], 0, "ERR MAXLEN can't be negative")
        words = words[2:]
    return search


def _rank(raw: bytes) -> int:
    rank = integer(raw)
    if rank == 0:
        raise Failure(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to"
            " start from the end of the list"
        )
    if rank == -(2**63):
        raise Failure(f"ERR value is out of range, value must between {-(2**63) + 1} and {2**63 - 1}")
    return rank


def move(call: Call) -> Reply:
    if call.args[2].lower() not in SIDES or call.args[3].lower() not in SIDES:
        raise Failure(SYNTAX)
    return moved(call, call.args[2].lower(), call.args[3].lower())


def rotate(call: Call) -> Reply:
    return moved(call, b"right", b"left")


def moved(call: Call, side: bytes, to: bytes) -> Reply:
    """Takes one value from one list and puts it on another; None where there is none."""
    source, target = call.args[:2]
    items = call.keys.of_type(source, list)
    if items is None:
        return None
    others = items if target == source else call.keys.of_type(target, list) or []
    value = take(items, 1, left=side == b"left")[0]
    others.insert(0 if to == b"left" else len(others), value)
    call.keys.settle(source, items)
    call.keys.settle(target, others)
    return value


def pop_many(call: Call) -> Reply:
    keys, side, count = first_keys(call.args, SIDES)
    reply = pop_first(call, keys, side == b"left", count)
    return NullArray() if reply is None else reply


def pop_first(call: Call, keys: list[bytes], left: bool, count: int) -> Reply:
    """LMPOP's reply from the first of the keys that has values; None where none has."""
    for key in keys:
        items = call.keys.of_type(key, list)
        if items:
            taken = take(items, count, left)
            call.keys.settle(key, items)
            return [key, taken]
    return None


TABLE: Mapping[bytes, Command] = {
    b"linsert": Command(insert, 5, True, 1, 1, 1),
    b"lpos": Command(place_of, -3, False, 1, 1, 1),
    b"lmove": Command(move, 5, True, 1, 2, 1),
    b"rpoplpush": Command(rotate, 3, True, 1, 2, 1),
    b"lmpop": Command(pop_many, -4, True, locate=keys_after_count(1)),
}
