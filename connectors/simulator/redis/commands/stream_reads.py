"""XREAD and XREADGROUP: what is new in streams, at once or, with BLOCK, when it comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer, text
from connectors.simulator.redis.commands.stream_ids import after, strict
from connectors.simulator.redis.commands.streams import entry
from connectors.simulator.redis.protocol import Failure, NullArray, Pairs, Reply
from connectors.simulator.redis.stream import HIGHEST, Group, Id, Pending, StreamValue
from connectors.simulator.redis.waiting import LATER

_ONLY_GROUP = "ERR The {} option is only supported by XREADGROUP. You called XREAD instead."


@dataclass(slots=True)
class _Reading:
    """``places`` are the ids to read after; None for the group's new entries (``>``)."""

    count: int | None = None
    block: int | None = None  # wall milliseconds, 0 for ever
    group: bytes = b""
    consumer: bytes = b""
    no_ack: bool = False
    keys: tuple[bytes, ...] = ()
    places: tuple[Id | None, ...] = ()


def read_streams(call: Call) -> Reply:
    reading, ids = _options(call, grouped=call.name == "xreadgroup")
    reading.places = tuple(_place(call, reading, key, raw) for key, raw in zip(reading.keys, ids, strict=True))
    reply = _attempt(call, reading)
    if reply is not LATER:
        return reply
    if reading.block is None or not call.client.patient:
        return NullArray()
    return call.server.waiting.park(
        call.client.id,
        call.keys,
        reading.keys,
        lambda: _attempt(call, reading),
        reading.block / 1000,
        NullArray(),
    )


def _options(call: Call, grouped: bool) -> tuple[_Reading, list[bytes]]:
    reading, words = _Reading(), call.args
    while words:
        word, more = words[0].lower(), len(words) - 1
        if word == b"block" and more:
            reading.block, words = _timeout(words[1]), words[2:]
        elif word == b"count" and more:
            reading.count, words = integer(words[1]), words[2:]
            reading.count = reading.count if reading.count > 0 else None
        elif word == b"streams" and more:
            return reading, _streams(call, reading, words[1:], grouped)
        elif word == b"group" and more > 1:
            if not grouped:
                raise Failure(_ONLY_GROUP.format("GROUP"))
            (reading.group, reading.consumer), words = words[1:3], words[3:]
        elif word == b"noack":
            if not grouped:
                raise Failure(_ONLY_GROUP.format("NOACK"))
            reading.no_ack, words = True, words[1:]
        else:
            raise Failure(SYNTAX)
    raise Failure(SYNTAX)


def _timeout(raw: bytes) -> int:
    try:
        milliseconds = integer(raw)
    except Failure:
        raise Failure("ERR timeout is not an integer or out of range") from None
    if milliseconds < 0:
        raise Failure("ERR timeout is negative")
    return milliseconds


def _streams(call: Call, reading: _Reading, words: list[bytes], grouped: bool) -> list[bytes]:
    """The ids; the keys before them are kept in ``reading``."""
    if len(words) % 2:
        raise Failure("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
    if grouped and not reading.group:
        raise Failure("ERR Missing GROUP option for XREADGROUP")
    half = len(words) // 2
    reading.keys = tuple(words[:half])
    return words[half:]


def _place(call: Call, reading: _Reading, key: bytes, raw: bytes) -> Id | None:
    held = call.keys.of_type(key, StreamValue)
    if reading.group and (held is None or reading.group not in held.groups):
        raise Failure(
            f"NOGROUP No such key '{text(key)}' or consumer group '{text(reading.group)}' in XREADGROUP with GROUP"
            " option"
        )
    if raw == b"$":
        if reading.group:
            raise Failure(
                "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this"
                " consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return"
                " an empty result set."
            )
        return held.last if held is not None else (0, 0)
    if raw == b">":
        if not reading.group:
            raise Failure(
                "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
            )
        return None
    return strict(raw)


def _attempt(call: Call, reading: _Reading) -> Reply:
    """What there is now, LATER where there is nothing."""
    found: list[tuple[bytes, Reply]] = []
    for key, place in zip(reading.keys, reading.places, strict=True):
        held = call.keys.of_type(key, StreamValue)
        entries = _from_group(call, held, reading, key, place) if reading.group else _after(held, place, reading)
        if entries is not None:
            found.append((key, entries))
    if not found:
        return LATER
    return Pairs(tuple(found))


def _after(held: StreamValue | None, place: Id | None, reading: _Reading) -> Reply:
    if held is None or place is None or held.last <= place or not len(held):
        return None
    found = held.between(after(place), HIGHEST, reading.count) if place < HIGHEST else []
    return [entry(at, fields) for at, fields in found] or None


def _from_group(call: Call, held: StreamValue | None, reading: _Reading, key: bytes, place: Id | None) -> Reply:
    group = held.groups.get(reading.group) if held is not None else None
    if held is None or group is None:
        raise Failure(f"NOGROUP the consumer group this client was blocked on no longer exists: {text(key)}")
    now = call.server.wall()
    if place is not None:
        group.consumers[reading.consumer] = now
        own = [at for at in group.pending_of(reading.consumer) if at > place]
        return [entry(at, held.get(at)) for at in own[: reading.count]]
    found = held.between(after(group.last), HIGHEST, reading.count) if group.last < HIGHEST else []
    for at, _ in found:
        _deliver(held, group, reading, at, now)
    if found:
        group.consumers[reading.consumer] = now
        call.keys.put(key, held, keep_ttl=True)
    return [entry(at, fields) for at, fields in found] or None


def _deliver(held: StreamValue, group: Group, reading: _Reading, at: Id, now: float) -> None:
    held.deliver(group, at)
    if not reading.no_ack:
        group.pending[at] = Pending(reading.consumer, now)


def _keys_of(words: list[bytes]) -> list[bytes]:
    low = [word.lower() for word in words]
    start = low.index(b"streams") + 1 if b"streams" in low else len(words)
    return words[start : start + (len(words) - start) // 2]


TABLE: Mapping[bytes, Command] = {
    b"xread": Command(read_streams, -4, locate=_keys_of),
    b"xreadgroup": Command(read_streams, -7, True, script=True, locate=_keys_of),
}
