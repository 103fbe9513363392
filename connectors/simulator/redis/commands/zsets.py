"""Sorted sets: members and their scores. Ranges are in ``zranges``, unions and their like in ``zalgebra``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command
from connectors.simulator.redis.commands.counts import first_keys, keys_after_count, positive
from connectors.simulator.redis.commands.hashes import draw_count, drawn
from connectors.simulator.redis.commands.keys import cursor_of, scan_options
from connectors.simulator.redis.commands.strings import NOT_A_FLOAT
from connectors.simulator.redis.commands.zranges import read, shown
from connectors.simulator.redis.floats import parse_double, show_double
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.protocol import Failure, NullArray, Reply
from connectors.simulator.redis.zset import Scored, ZSetValue

_FLAGS = frozenset({b"nx", b"xx", b"gt", b"lt", b"ch", b"incr"})


@dataclass(slots=True)
class _Added:
    added: int = 0
    changed: int = 0
    last: float | None = None  # the score after the last change; None when nothing was done


def add(call: Call) -> Reply:
    words, flags = call.args[1:], set[bytes]()
    while words and words[0].lower() in _FLAGS:
        flags.add(words[0].lower())
        words = words[1:]
    _check_flags(flags, words)
    pairs = [(_score(raw), member) for raw, member in zip(words[::2], words[1::2], strict=True)]
    done = _add_all(call, frozenset(flags), pairs)
    if b"incr" in flags:
        return done.last
    return done.added + done.changed if b"ch" in flags else done.added


def _check_flags(flags: set[bytes], words: list[bytes]) -> None:
    if len(words) % 2 or not words:
        raise Failure(SYNTAX)
    if {b"nx", b"xx"} <= flags:
        raise Failure("ERR XX and NX options at the same time are not compatible")
    if len(flags & {b"gt", b"lt", b"nx"}) > 1:
        raise Failure("ERR GT, LT, and/or NX options at the same time are not compatible")
    if b"incr" in flags and len(words) > 2:
        raise Failure("ERR INCR option supports a single increment-element pair")


def _score(raw: bytes) -> float:
    score = parse_double(raw)
    if score is None:
        raise Failure(NOT_A_FLOAT)
    return score


def _add_all(call: Call, flags: frozenset[bytes], pairs: list[Scored]) -> _Added:
    members, done = read(call, call.args[0]), _Added()
    for given, member in pairs:
        _add_one(members, flags, given, member, done)
    if done.added or done.changed:
        call.keys.settle(call.args[0], members)
    return done


def _add_one(members: ZSetValue, flags: frozenset[bytes], given: float, member: bytes, done: _Added) -> None:
    held = members.score(member)
    if (b"nx" in flags and held is not None) or (b"xx" in flags and held is None):
        return
    score = given + (held or 0.0) if b"incr" in flags else given
    if math.isnan(score):
        raise Failure("ERR resulting score is not a number (NaN)")
    if held is not None and ((b"gt" in flags and score <= held) or (b"lt" in flags and score >= held)):
        return
    done.last = score
    if held is None:
        done.added += 1
    elif held != score:
        done.changed += 1
    else:
        return
    members.put(member, score)


def increment(call: Call) -> Reply:
    return _add_all(call, frozenset({b"incr"}), [(_score(call.args[1]), call.args[2])]).last


def remove(call: Call) -> Reply:
    members = read(call, call.args[0])
    gone = sum(members.remove(member) for member in call.args[1:])
    if gone:
        call.keys.settle(call.args[0], members)
    return gone


def score_of(call: Call) -> Reply:
    return read(call, call.args[0]).score(call.args[1])


def scores_of(call: Call) -> Reply:
    members = read(call, call.args[0])
    return [members.score(member) for member in call.args[1:]]


def length(call: Call) -> Reply:
    return len(read(call, call.args[0]))


def rank(call: Call) -> Reply:
    return read(call, call.args[0]).rank(call.args[1])


def reverse_rank(call: Call) -> Reply:
    members = read(call, call.args[0])
    place = members.rank(call.args[1])
    return None if place is None else len(members) - 1 - place


def take(call: Call, key: bytes, count: int, highest: bool) -> list[Scored]:
    """Removes up to ``count`` of the lowest or highest, and says them."""
    members = read(call, key)
    chosen = members.items()[:: -1 if highest else 1][:count]
    for _, member in chosen:
        members.remove(member)
    if chosen:
        call.keys.settle(key, members)
    return chosen


def _pop(highest: bool) -> Callable[[Call], Reply]:
    def pop(call: Call) -> Reply:
        if len(call.args) > 2:
            raise Failure(SYNTAX)
        count = positive(call.args[1]) if len(call.args) == 2 else None
        taken = take(call, call.args[0], 1 if count is None else count, highest)
        if count is None:
            return [part for score, member in taken for part in (member, score)]
        return shown(call, taken, scores=True)

    return pop


def pop_many(call: Call) -> Reply:
    keys, side, count = first_keys(call.args, (b"min", b"max"))
    reply = pop_first(call, keys, side == b"max", count)
    return NullArray() if reply is None else reply


def pop_first(call: Call, keys: list[bytes], highest: bool, count: int) -> Reply:
    """ZMPOP's reply from the first of the keys that has members; None where none has."""
    for key in keys:
        if taken := take(call, key, count, highest):
            return [key, [[member, score] for score, member in taken]]
    return None


def random_members(call: Call) -> Reply:
    count = draw_count(call) if len(call.args) > 1 else None
    if call.options(2) not in ([], [b"withscores"]):
        raise Failure(SYNTAX)
    members = read(call, call.args[0])
    if count is None:
        return next(iter(drawn(call, list(members), 1)), None)
    chosen = drawn(call, list(members), count)
    return shown(call, [(members.score(member) or 0.0, member) for member in chosen], len(call.args) == 3)


def scan(call: Call) -> Reply:
    """Everything in one reply, as the real server does for a small sorted set."""
    cursor_of(call.args[1])
    call.keys.of_type(call.args[0], ZSetValue)
    pattern = scan_options(call, 2).get(b"match", b"*")
    found = [(member, score) for score, member in read(call, call.args[0]).items() if matches(pattern, member)]
    return [b"0", [part for member, score in found for part in (member, show_double(score))]]


TABLE: Mapping[bytes, Command] = {
    b"zadd": Command(add, -4, True, 1, 1, 1),
    b"zincrby": Command(increment, 4, True, 1, 1, 1),
    b"zrem": Command(remove, -3, True, 1, 1, 1),
    b"zscore": Command(score_of, 3, False, 1, 1, 1),
    b"zmscore": Command(scores_of, -3, False, 1, 1, 1),
    b"zcard": Command(length, 2, False, 1, 1, 1),
    b"zrank": Command(rank, 3, False, 1, 1, 1),
    b"zrevrank": Command(reverse_rank, 3, False, 1, 1, 1),
    b"zpopmin": Command(_pop(False), -2, True, 1, 1, 1),
    b"zpopmax": Command(_pop(True), -2, True, 1, 1, 1),
    b"zmpop": Command(pop_many, -4, True, locate=keys_after_count(1)),
    b"zrandmember": Command(random_members, -2, False, 1, 1, 1),
    b"zscan": Command(scan, -3, False, 1, 1, 1),
}
