"""XCLAIM and XAUTOCLAIM: one consumer takes over what was delivered to another and never acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer, text
from connectors.simulator.redis.commands.counts import at_least
from connectors.simulator.redis.commands.stream_ids import bound, shown, strict
from connectors.simulator.redis.commands.streams import entry
from connectors.simulator.redis.protocol import Failure, Reply
from connectors.simulator.redis.stream import Group, Id, Pending, StreamValue

ONCE = 100  # entries XAUTOCLAIM takes where it is not told how many
LOOKED_AT = 10  # times as many entries as it shall take are looked at
IDLE = "ERR Invalid min-idle-time argument for "


@dataclass(slots=True)
class _Claim:
    """How entries are taken over; times are epoch seconds."""

    consumer: bytes
    idle: float
    at: float
    deliveries: int | None = None
    force: bool = False
    only_ids: bool = False


def _group(call: Call) -> tuple[StreamValue, Group]:
    held = call.keys.of_type(call.args[0], StreamValue)
    group = held.groups.get(call.args[1]) if held is not None else None
    if held is None or group is None:
        raise Failure(f"NOGROUP No such key '{text(call.args[0])}' or consumer group '{text(call.args[1])}'")
    return held, group


def claim(call: Call) -> Reply:
    held, group = _group(call)
    idle = at_least(call.args[3], -(2**63), f"{IDLE}XCLAIM")
    ids, words = _ids(call.args[4:])
    now = call.server.wall()
    wanted = _Claim(call.args[2], max(0, idle) / 1000, now)
    _options(wanted, words, now)
    group.consumers.setdefault(wanted.consumer, now)
    taken = [at for at in ids if _take(held, group, wanted, at, now)]
    return _shown(held, wanted, taken)


def _ids(words: list[bytes]) -> tuple[list[Id], list[bytes]]:
    """The ids, and the options behind them."""
    ids: list[Id] = []
    for place, word in enumerate(words):
        try:
            ids.append(strict(word))
        except Failure:
            return ids, words[place:]  # the first option
    return ids, []


def _options(claim: _Claim, words: list[bytes], now: float) -> None:
    while words:
        word = words[0].lower()
        if word in (b"force", b"justid"):
            claim.force, claim.only_ids = claim.force or word == b"force", claim.only_ids or word == b"justid"
            words = words[1:]
        elif word in (b"idle", b"time", b"retrycount", b"lastid") and len(words) > 1:
            _set(claim, word, words[1], now)
            words = words[2:]
        else:
            raise Failure(f"ERR Unrecognized XCLAIM option '{text(words[0])}'")


def _set(claim: _Claim, option: bytes, raw: bytes, now: float) -> None:
    if option == b"lastid":
        strict(raw)
    elif option == b"retrycount":
        claim.deliveries = at_least(raw, 0, "ERR Invalid RETRYCOUNT option argument for XCLAIM")
    elif option == b"idle":
        claim.at = now - integer(raw) / 1000
    else:
        claim.at = min(now, integer(raw) / 1000)


def _take(held: StreamValue, group: Group, claim: _Claim, at: Id, now: float) -> bool:
    """Moves one entry to the claimant; one that the stream lost is forgotten."""
    pending = group.pending.get(at)
    if held.get(at) is None:
        group.pending.pop(at, None)
        return False
    if pending is None:
        if not claim.force:
            return False
        pending = group.pending[at] = Pending(claim.consumer, now, 0)
    elif now - pending.at < claim.idle:
        return False
    pending.consumer, pending.at = claim.consumer, claim.at
    if claim.deliveries is not None:
        pending.deliveries = claim.deliveries
    elif not claim.only_ids:
        pending.deliveries += 1
    return True


def _shown(held: StreamValue, claim: _Claim, taken: list[Id]) -> Reply:
    return [shown(at) if claim.only_ids else entry(at, held.get(at)) for at in taken]


def claim_next(call: Call) -> Reply:
    """XAUTOCLAIM: where to go on, what was taken, and what the stream had lost."""
    idle = at_least(call.args[3], -(2**63), f"{IDLE}XAUTOCLAIM")
    start = bound(call.args[4], end=False)
    count, only_ids = _count(call.args[5:])
    held, group = _group(call)
    now = call.server.wall()
    wanted = _Claim(call.args[2], max(0, idle) / 1000, now, only_ids=only_ids)
    group.consumers.setdefault(wanted.consumer, now)
    taken: list[Id] = []
    lost: list[Id] = []
    waiting = sorted(at for at in group.pending if at >= start)
    for looked, at in enumerate(waiting):
        if len(taken) + len(lost) >= count or looked >= count * LOOKED_AT:
            return [shown(at), _shown(held, wanted, taken), [shown(gone) for gone in lost]]
        if held.get(at) is None:
            lost.append(at)
        if _take(held, group, wanted, at, now):
            taken.append(at)
    return [b"0-0", _shown(held, wanted, taken), [shown(gone) for gone in lost]]


def _count(words: list[bytes]) -> tuple[int, bool]:
    count, only_ids = ONCE, False
    while words:
        if words[0].lower() == b"count" and len(words) > 1:
            count, words = at_least(words[1], 1, "ERR COUNT must be > 0"), words[2:]
        elif words[0].lower() == b"justid":
            only_ids, words = True, words[1:]
        else:
            raise Failure(SYNTAX)
    return count, only_ids


TABLE: Mapping[bytes, Command] = {
    b"xclaim": Command(claim, -6, True, 1, 1, 1),
    b"xautoclaim": Command(claim_next, -6, True, 1, 1, 1),
}
