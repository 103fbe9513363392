"""Ranges of sorted sets by rank, score and bytes: ZRANGE with all its options, and the older commands it replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.commands.strings import slice_of
from connectors.simulator.redis.floats import parse_double
from connectors.simulator.redis.protocol import Failure, Reply
from connectors.simulator.redis.zset import LexRange, Scored, ScoreRange, ZSetValue

Bounds = tuple[int, int] | ScoreRange | LexRange


def read(call: Call, key: bytes) -> ZSetValue:
    """The sorted set, or an empty one that is not kept."""
    return call.keys.of_type(key, ZSetValue) or ZSetValue()


@dataclass(slots=True)
class _Query:
    """``by`` is rank, score or lex; ``auto`` commands take these as options."""

    by: str = "rank"
    reverse: bool = False
    auto: bool = False
    scores: bool = False
    offset: int = 0
    count: int = -1


def _options(query: _Query, words: list[bytes], may_show_scores: bool) -> None:
    while words:
        word = words[0].lower()
        if word == b"withscores" and may_show_scores:
            query.scores = True
        elif word == b"limit" and len(words) > 2:
            query.offset, query.count, words = integer(words[1]), integer(words[2]), words[2:]
        elif word == b"rev" and query.auto:
            query.reverse = True
        elif word in (b"byscore", b"bylex") and query.auto and query.by == "rank":
            query.by = word[2:].decode()
        else:
            raise Failure(SYNTAX)
        words = words[1:]
    if query.count != -1 and query.by == "rank":
        raise Failure("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
    if query.scores and query.by == "lex":
        raise Failure("ERR syntax error, WITHSCORES not supported in combination with BYLEX")


def _bounds(query: _Query, low: bytes, high: bytes) -> Bounds:
    if query.by == "rank":
        return integer(low), integer(high)
    if query.reverse:
        low, high = high, low
    return score_range(low, high) if query.by == "score" else lex_range(low, high)


def score_range(low: bytes, high: bytes) -> ScoreRange:
    """Both ends as ZRANGEBYSCORE takes them; a Failure for what is no number."""
    start, end = (parse_double(raw.removeprefix(b"(")) for raw in (low, high))
    if start is None or end is None:
        raise Failure("ERR min or max is not a float")
    return ScoreRange(start, end, low.startswith(b"("), high.startswith(b"("))


def lex_range(low: bytes, high: bytes) -> LexRange:
    """Both ends as ZRANGEBYLEX takes them; a Failure for what begins with neither bracket."""
    for raw in (low, high):
        if raw not in (b"-", b"+") and raw[:1] not in (b"[", b"("):
            raise Failure("ERR min or max not valid string range item")
    start = None if low == b"-" else low[1:]
    end = None if high == b"+" else high[1:]
    return LexRange(start, end, low[:1] == b"(", high[:1] == b"(", low == b"+" or high == b"-")


def _chosen(members: ZSetValue, query: _Query, bounds: Bounds) -> list[Scored]:
    if isinstance(bounds, tuple):
        items = members.items()[:: -1 if query.reverse else 1]
        start, end = slice_of(*bounds, len(items))
        return items[start:end]
    if isinstance(bounds, ScoreRange):
        items = members.by_score(bounds)[:: -1 if query.reverse else 1]
    else:
        items = members.by_lex(bounds, query.reverse)
    if query.offset < 0:
        return []
    return items[query.offset :] if query.count < 0 else items[query.offset : query.offset + query.count]


def _select(call: Call, query: _Query, at: int, may_show_scores: bool = True) -> list[Scored]:
    """``at`` is where the key stands; its bounds and options follow."""
    _options(query, call.args[at + 3 :], may_show_scores)
    bounds = _bounds(query, call.args[at + 1], call.args[at + 2])
    return _chosen(read(call, call.args[at]), query, bounds)


def shown(call: Call, items: list[Scored], scores: bool) -> Reply:
    """Members, or members with scores: flat in RESP2, in pairs in RESP3."""
    if not scores:
        return [member for _, member in items]
    if call.client.protocol == 3:
        return [[member, score] for score, member in items]
    return [part for score, member in items for part in (member, score)]


def _range(by: str, reverse: bool = False, auto: bool = False) -> Callable[[Call], Reply]:
    def range_of(call: Call) -> Reply:
        query = _Query(by, reverse, auto)
        return shown(call, _select(call, query, 0), query.scores)

    return range_of


def range_store(call: Call) -> Reply:
    items = _select(call, _Query(auto=True), 1, may_show_scores=False)
    call.keys.delete(call.args[0])
    call.keys.settle(call.args[0], ZSetValue((member, score) for score, member in items))
    return len(items)


def _count(by: str) -> Callable[[Call], Reply]:
    def count(call: Call) -> Reply:
        query = _Query(by)
        bounds = _bounds(query, call.args[1], call.args[2])
        return len(_chosen(read(call, call.args[0]), query, bounds))

    return count


def _remove(by: str) -> Callable[[Call], Reply]:
    def remove(call: Call) -> Reply:
        query = _Query(by)
        bounds = _bounds(query, call.args[1], call.args[2])
        members = read(call, call.args[0])
        chosen = _chosen(members, query, bounds)
        for _, member in chosen:
            members.remove(member)
        if chosen:
            call.keys.settle(call.args[0], members)
        return len(chosen)

    return remove


TABLE: Mapping[bytes, Command] = {
    b"zrange": Command(_range("rank", auto=True), -4, False, 1, 1, 1),
    b"zrevrange": Command(_range("rank", reverse=True), -4, False, 1, 1, 1),
    b"zrangebyscore": Command(_range("score"), -4, False, 1, 1, 1),
    b"zrevrangebyscore": Command(_range("score", reverse=True), -4, False, 1, 1, 1),
    b"zrangebylex": Command(_range("lex"), -4, False, 1, 1, 1),
    b"zrevrangebylex": Command(_range("lex", reverse=True), -4, False, 1, 1, 1),
    b"zrangestore": Command(range_store, -5, True, 1, 2, 1),
    b"zcount": Command(_count("score"), 4, False, 1, 1, 1),
    b"zlexcount": Command(_count("lex"), 4, False, 1, 1, 1),
    b"zremrangebyrank": Command(_remove("rank"), 4, True, 1, 1, 1),
    b"zremrangebyscore": Command(_remove("score"), 4, True, 1, 1, 1),
    b"zremrangebylex": Command(_remove("lex"), 4, True, 1, 1, 1),
}
