"""Commands that wait for a key to be filled: BLPOP, BRPOP, BLMOVE, BLMPOP and their likes for sorted sets.

Each is the command that does not wait, tried at once and again whenever one of its keys was touched. Inside a
transaction or a script nobody waits: the answer is that of a time that is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from connectors.simulator.redis.call import SYNTAX, Call, Command
from connectors.simulator.redis.commands import list_moves, zsets
from connectors.simulator.redis.commands.counts import first_keys, keys_after_count
from connectors.simulator.redis.floats import parse_double
from connectors.simulator.redis.protocol import Failure, NullArray, Reply
from connectors.simulator.redis.waiting import LATER

LONGEST = 1e11  # wall seconds


def seconds(raw: bytes) -> float:
    """A timeout in wall seconds, 0 for ever; a Failure where it is none."""
    timeout = parse_double(raw)
    if timeout is None:
        raise Failure("ERR timeout is not a float or out of range")
    if timeout < 0 or math.isinf(timeout):  # an infinite one overflows the real server's counter
        raise Failure("ERR timeout is negative")
    if timeout > LONGEST:
        raise Failure("ERR timeout is out of range")
    return timeout


def wait(call: Call, keys: Sequence[bytes], timeout: float, take: Callable[[], Reply], empty: Reply) -> Reply:
    """What ``take`` finds, now or later; it says None as long as there is nothing."""

    def attempt() -> Reply:
        reply = take()
        return LATER if reply is None else reply

    reply = attempt()
    if reply is not LATER:
        return reply
    if not call.client.patient:
        return empty
    return call.server.waiting.park(call.client.id, call.keys, keys, attempt, timeout, empty)


def _pop(left: bool) -> Callable[[Call], Reply]:
    def pop(call: Call) -> Reply:
        keys, timeout = call.args[:-1], seconds(call.args[-1])
        return wait(call, keys, timeout, lambda: _flat(list_moves.pop_first(call, keys, left, 1)), NullArray())

    return pop


def _flat(found: Reply) -> Reply:
    """``[key, [value]]`` as BLPOP says it."""
    match found:
        case [key, [value]]:
            return [key, value]
    return None


def _zset_pop(highest: bool) -> Callable[[Call], Reply]:
    def pop(call: Call) -> Reply:
        keys, timeout = call.args[:-1], seconds(call.args[-1])
        return wait(call, keys, timeout, lambda: _flat_score(zsets.pop_first(call, keys, highest, 1)), NullArray())

    return pop


def _flat_score(found: Reply) -> Reply:
    match found:
        case [key, [[member, score]]]:
            return [key, member, score]
    return None


def _many(call: Call, sides: Sequence[bytes], pop: Callable[[list[bytes], bytes, int], Reply]) -> Reply:
    timeout = seconds(call.args[0])
    keys, side, count = first_keys(call.args[1:], sides)
    return wait(call, keys, timeout, lambda: pop(keys, side, count), NullArray())


def pop_list_items(call: Call) -> Reply:
    return _many(
        call, list_moves.SIDES, lambda keys, side, count: list_moves.pop_first(call, keys, side == b"left", count)
    )


def pop_members(call: Call) -> Reply:
    return _many(call, (b"min", b"max"), lambda keys, side, count: zsets.pop_first(call, keys, side == b"max", count))


def move(call: Call) -> Reply:
    sides = [word.lower() for word in call.args[2:4]]
    if any(side not in list_moves.SIDES for side in sides):
        raise Failure(SYNTAX)
    timeout = seconds(call.args[4])
    return wait(call, call.args[:1], timeout, lambda: list_moves.moved(call, sides[0], sides[1]), _nothing(call))


def rotate(call: Call) -> Reply:
    plain = replace(call, args=call.args[:2])
    timeout = seconds(call.args[2])
    return wait(call, call.args[:1], timeout, lambda: list_moves.rotate(plain), _nothing(call))


def _nothing(call: Call) -> Reply:
    """What a move says that waited in vain: an absent array, or, where it may not wait, an absent string."""
    return NullArray() if call.client.patient else None


TABLE: Mapping[bytes, Command] = {
    b"blpop": Command(_pop(True), -3, True, 1, -2, 1),
    b"brpop": Command(_pop(False), -3, True, 1, -2, 1),
    b"blmpop": Command(pop_list_items, -5, True, locate=keys_after_count(2)),
    b"blmove": Command(move, 6, True, 1, 2, 1),
    b"brpoplpush": Command(rotate, 4, True, 1, 2, 1),
    b"bzpopmin": Command(_zset_pop(False), -3, True, 1, -2, 1),
    b"bzpopmax": Command(_zset_pop(True), -3, True, 1, -2, 1),
    b"bzmpop": Command(pop_members, -5, True, locate=keys_after_count(2)),
}
