"""Unions, intersections and differences of sorted sets, a plain set counting 1 a member."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command
from connectors.simulator.redis.commands.counts import at_least, keys_after_count
from connectors.simulator.redis.commands.zranges import shown
from connectors.simulator.redis.floats import parse_double
from connectors.simulator.redis.keyspace import WRONG_TYPE, SetValue
from connectors.simulator.redis.protocol import Failure, Reply
from connectors.simulator.redis.zset import ZSetValue

Scores = dict[bytes, float]
AGGREGATES: Mapping[bytes, Callable[[float, float], float]] = {
    b"sum": lambda one, other: _number(one + other),
    b"min": min,
    b"max": max,
}


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value  # inf - inf, as the real server counts it


@dataclass(slots=True)
class _Query:
    keys: list[bytes]
    weights: list[float]
    aggregate: bytes = b"sum"
    scores: bool = False


def _query(call: Call, at: int, stores: bool) -> _Query:
    """The arguments from the count of keys on, which stands at ``at``."""
    count = call.integer(at)
    if count < 1:
        raise Failure(f"ERR at least 1 input key is needed for '{call.name}' command")
    keys, words = call.args[at + 1 : at + 1 + count], call.args[at + 1 + count :]
    if len(keys) < count:
        raise Failure(SYNTAX)
    for key in keys:
        _scores(call, key)  # a wrong type is said before any option is read
    query, weighs = _Query(keys, [1.0] * count), "diff" not in call.name
    while words:
        word = words[0].lower()
        if word == b"weights" and weighs and len(words) > count:
            query.weights, words = [_weight(raw) for raw in words[1 : 1 + count]], words[1 + count :]
        elif word == b"aggregate" and weighs and len(words) > 1 and words[1].lower() in AGGREGATES:
            query.aggregate, words = words[1].lower(), words[2:]
        elif word == b"withscores" and not stores:
            query.scores, words = True, words[1:]
        else:
            raise Failure(SYNTAX)
    return query


def _weight(raw: bytes) -> float:
    weight = parse_double(raw)
    if weight is None:
        raise Failure("ERR weight value is not a float")
    return weight


def _scores(call: Call, key: bytes) -> Scores:
    value = call.keys.get(key)
    if value is None:
        return {}
    if isinstance(value, ZSetValue):
        return value.scores()
    if isinstance(value, SetValue):
        return dict.fromkeys(value, 1.0)
    raise Failure(WRONG_TYPE)


def _combined(call: Call, query: _Query, how: str) -> Scores:
    sets = [
        {member: _number(score * weight) for member, score in _scores(call, key).items()}
        for key, weight in zip(query.keys, query.weights, strict=True)
    ]
    if how == "diff":
        return {member: score for member, score in sets[0].items() if not any(member in one for one in sets[1:])}
    aggregate, found = AGGREGATES[query.aggregate], Scores()
    for one in sets:
        for member, score in one.items():
            found[member] = aggregate(found[member], score) if member in found else score
    return found if how == "union" else {m: s for m, s in found.items() if all(m in one for one in sets)}


def _read(how: str) -> Callable[[Call], Reply]:
    def read(call: Call) -> Reply:
        query = _query(call, 0, stores=False)
        return shown(call, ZSetValue(_combined(call, query, how).items()).items(), query.scores)

    return read


def _store(how: str) -> Callable[[Call], Reply]:
    def store(call: Call) -> Reply:
        found = _combined(call, _query(call, 1, stores=True), how)
        call.keys.delete(call.args[0])
        call.keys.settle(call.args[0], ZSetValue(found.items()))
        return len(found)

    return store


def intersection_size(call: Call) -> Reply:
    count = call.integer(0)
    if count < 1:
        raise Failure("ERR at least 1 input key is needed for 'zintercard' command")
    keys = call.args[1 : 1 + count]
    if len(keys) < count:
        raise Failure(SYNTAX)
    sets = [_scores(call, key) for key in keys]
    limit = limit_of(call.args[1 + count :])
    size = sum(all(member in one for one in sets) for member in sets[0])
    return min(size, limit) if limit else size


def limit_of(words: list[bytes]) -> int:
    """The LIMIT of ZINTERCARD and SINTERCARD, 0 for none."""
    if not words:
        return 0
    if len(words) < 2 or words[0].lower() != b"limit":
        raise Failure(SYNTAX)
    limit = at_least(words[1], 0, "ERR LIMIT can't be negative")
    if len(words) > 2:
        raise Failure(SYNTAX)
    return limit


def _stored(words: list[bytes]) -> list[bytes]:
    return [words[1], *keys_after_count(2)(words)]


TABLE: Mapping[bytes, Command] = {
    b"zunion": Command(_read("union"), -3, locate=keys_after_count(1)),
    b"zinter": Command(_read("inter"), -3, locate=keys_after_count(1)),
    b"zdiff": Command(_read("diff"), -3, locate=keys_after_count(1)),
    b"zunionstore": Command(_store("union"), -4, True, locate=_stored),
    b"zinterstore": Command(_store("inter"), -4, True, locate=_stored),
    b"zdiffstore": Command(_store("diff"), -4, True, locate=_stored),
    b"zintercard": Command(intersection_size, -3, locate=keys_after_count(1)),
}
