"""Streams without groups: adding, reading, trimming. Groups are in ``stream_groups``, XREAD in ``stream_reads``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.commands.stream_ids import LARGEST, bound, shown, strict
from connectors.simulator.redis.protocol import OK, Failure, NullArray, Reply
from connectors.simulator.redis.stream import HIGHEST, LOWEST, NODE, Fields, Id, StreamValue


@dataclass(slots=True)
class _Trim:
    """MAXLEN or MINID and how exact; ``by`` is empty where nothing is to be trimmed."""

    by: bytes = b""
    length: int = 0
    lowest: Id = LOWEST
    roughly: bool = False
    limit: int | None = None
    create: bool = True


def read(call: Call, key: bytes) -> StreamValue:
    """The stream, or an empty one that is not kept."""
    held = call.keys.of_type(key, StreamValue)
    return StreamValue() if held is None else held


def entry(at: Id, fields: Fields | None) -> Reply:
    return [shown(at), None if fields is None else list(fields)]


def add(call: Call) -> Reply:
    trim, rest = _trim_options(call.args[1:], adding=True)
    if len(rest) < 3 or not len(rest) % 2:
        raise Failure("ERR wrong number of arguments for 'xadd' command")
    if rest[0] != b"*" and not rest[0].endswith(b"-*") and strict(rest[0]) == LOWEST:
        raise Failure("ERR The ID specified in XADD must be greater than 0-0")
    held = call.keys.of_type(call.args[0], StreamValue)
    if held is None and not trim.create:
        return None
    stream = StreamValue() if held is None else held  # an empty stream is one all the same
    if stream.last == HIGHEST:
        raise Failure("ERR The stream has exhausted the last possible ID, unable to add more items")
    at = _next_id(stream, rest[0], int(call.server.wall() * 1000))
    if at <= stream.last:
        raise Failure("ERR The ID specified in XADD is equal or smaller than the target stream top item")
    stream.add(at, tuple(rest[1:]))
    _apply(stream, trim)
    call.keys.put(call.args[0], stream, keep_ttl=True)
    return shown(at)


def _next_id(stream: StreamValue, wanted: bytes, now: int) -> Id:
    last = stream.last
    if wanted == b"*":
        return (now, 0) if now > last[0] else (last[0], last[1] + 1) if last[1] < LARGEST else (last[0] + 1, 0)
    if not wanted.endswith(b"-*"):
        return strict(wanted)
    moment, _ = strict(wanted[:-2])
    return (moment, last[1] + 1 if last[1] < LARGEST else 0) if moment == last[0] else (moment, 0)


def _trim_options(words: list[bytes], adding: bool) -> tuple[_Trim, list[bytes]]:
    """The options, and the words from the id on."""
    trim = _Trim()
    while words:
        word, more = words[0].lower(), len(words) > 1
        if word in (b"maxlen", b"minid") and more:
            if trim.by and trim.by != word:
                raise Failure("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
            words = _threshold(trim, word, words[1:])
        elif word == b"limit" and more:
            trim.limit, words = integer(words[1]), words[2:]
            if trim.limit < 0:
                raise Failure("ERR The LIMIT argument must be >= 0.")
        elif adding and word == b"nomkstream":
            trim.create, words = False, words[1:]
        elif adding:
            if word != b"*":
                strict(word.removesuffix(b"-*") if word.endswith(b"-*") else word)
            break
        else:
            raise Failure(SYNTAX)
    if trim.limit and trim.by and not trim.roughly:
        raise Failure("ERR syntax error, LIMIT cannot be used without the special ~ option")
    return trim, words


def _threshold(trim: _Trim, by: bytes, words: list[bytes]) -> list[bytes]:
    trim.by = by
    if words[0] in (b"~", b"=") and len(words) > 1:
        trim.roughly, words = words[0] == b"~", words[1:]
    if by == b"maxlen":
        trim.length = integer(words[0])
        if trim.length < 0:
            raise Failure("ERR The MAXLEN argument must be >= 0.")
    else:
        trim.lowest = strict(words[0])
    return words[1:]


def _apply(stream: StreamValue, trim: _Trim) -> int:
    if not trim.by:
        return 0
    surplus = len(stream) - trim.length if trim.by == b"maxlen" else stream.older_than(trim.lowest)
    return stream.trim(surplus, trim.roughly, 100 * NODE if trim.limit is None else trim.limit)


def trim_to(call: Call) -> Reply:
    trim, _ = _trim_options(call.args[1:], adding=False)
    if not trim.by:
        raise Failure("ERR syntax error, XTRIM must be called with MAXLEN or MINID")
    held = call.keys.of_type(call.args[0], StreamValue)
    gone = _apply(held, trim) if held is not None else 0
    if held is not None and gone:
        call.keys.put(call.args[0], held, keep_ttl=True)
    return gone


def length(call: Call) -> Reply:
    return len(read(call, call.args[0]))


def _range(last_first: bool) -> Callable[[Call], Reply]:
    def range_of(call: Call) -> Reply:
        low, high = call.args[1:3][:: -1 if last_first else 1]
        start, end = bound(low, end=False), bound(high, end=True)
        count = _count(call.args[3:])
        held = call.keys.of_type(call.args[0], StreamValue)
        if held is None:
            return []
        if count == 0:
            return NullArray()
        return [entry(at, fields) for at, fields in held.between(start, end, count, last_first)]

    return range_of


def _count(words: list[bytes]) -> int | None:
    if not words:
        return None
    if len(words) != 2 or words[0].lower() != b"count":
        raise Failure(SYNTAX)
    return max(0, integer(words[1]))


def delete(call: Call) -> Reply:
    held = call.keys.of_type(call.args[0], StreamValue)
    ids = [strict(raw) for raw in call.args[1:]] if held is not None else []
    gone = sum(held.delete(at) for at in ids) if held is not None else 0
    if held is not None and gone:
        call.keys.put(call.args[0], held, keep_ttl=True)
    return gone


def set_id(call: Call) -> Reply:
    at = strict(call.args[1])
    if len(call.args) not in (2, 6):
        raise Failure(SYNTAX)
    held = call.keys.of_type(call.args[0], StreamValue)
    if held is None:
        raise Failure("ERR no such key")
    if len(held) and at < held.between(LOWEST, HIGHEST, 1, last_first=True)[0][0]:
        raise Failure("ERR The ID specified in XSETID is smaller than the target stream top item")
    held.last = at
    call.keys.put(call.args[0], held, keep_ttl=True)
    return OK


TABLE: Mapping[bytes, Command] = {
    b"xadd": Command(add, -5, True, 1, 1, 1),
    b"xlen": Command(length, 2, False, 1, 1, 1),
    b"xrange": Command(_range(False), -4, False, 1, 1, 1),
    b"xrevrange": Command(_range(True), -4, False, 1, 1, 1),
    b"xdel": Command(delete, -3, True, 1, 1, 1),
    b"xtrim": Command(trim_to, -4, True, 1, 1, 1),
    b"xsetid": Command(set_id, -3, True, 1, 1, 1),
}
