"""What one server said in one reading: two round trips, the first of which is timed.

Some answers are remembered instead of asked for each time. A refusal, because each is a line in the server's own log of
denied access; that nobody publishes hits, because looking for what is not there is a miss in the server's hit rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors import Clock
from connectors.redis.address import Address
from connectors.redis.client import Client, Word
from connectors.redis.info import Info, parse
from connectors.redis.layout import Member, members
from connectors.redis.refusal import Lost, Refused
from connectors.redis.reply import Slow, clock, fields, scanned, slow_log
from console.model.snapshot import FailureKind

ASKED_AGAIN = 60.0  # wall seconds for which an answer is remembered
MOST_PREFIXES = 200  # fields of the published hits that are looked at

CLOCK = "TIME"
FLAGS = "flags"
HITS = "hits"


@dataclass(frozen=True, slots=True)
class Node:
    """``latency``: wall seconds of one round trip; ``skew``: its clock less ours. ``failure``: why there is nothing."""

    address: Address
    at: float = 0.0  # estate seconds: when what it says was here
    info: Info = field(default_factory=dict)
    latency: float | None = None
    skew: float | None = None
    slow: tuple[Slow, ...] | None = None
    cluster_state: str = ""  # ok or fail; "": not told
    members: tuple[Member, ...] = ()  # of its cluster, as it knows them
    flags: Mapping[bytes, bytes] | None = None
    hits: Mapping[bytes, bytes] | None = None
    refused: Mapping[str, Refused] = field(default_factory=dict)
    failure: Refused | Lost | None = None

    def lacks(self, label: str) -> bool:
        """Whether it was not asked for this hash."""
        return (self.flags if label == FLAGS else self.hits) is None and label not in self.refused


class Memory:
    """What servers answered lately and would answer again, by server and command."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._answers: dict[tuple[Address, str], tuple[object, float]] = {}

    def recalled(self, address: Address, label: str) -> object:
        """The answer; None: it is to be asked for."""
        answer, until = self._answers.get((address, label), (None, 0.0))
        return answer if self._monotonic() < until else None

    def note(self, address: Address, label: str, reply: object) -> None:
        """INFO is asked each time: it is what all hangs on, and whoever gets the right is to see at once."""
        if isinstance(reply, Refused):
            if label != "INFO" and (reply.kind is FailureKind.FORBIDDEN or reply.unknown_command):
                self.keep(address, label, reply)
        elif label == HITS and not scanned(reply)[1]:
            self.keep(address, label, reply)

    def keep(self, address: Address, label: str, answer: object) -> None:
        self._answers[address, label] = (answer, self._monotonic() + ASKED_AGAIN)

    def forget(self, address: Address) -> None:
        for key in [key for key in self._answers if key[0] == address]:
            del self._answers[key]


def commands(hashes: Mapping[str, str], tells_layout: bool) -> Mapping[str, Sequence[Word]]:
    """What is asked of a server, by label. ``hashes``: keys by label of those that this server has."""
    asked: dict[str, Sequence[Word]] = {"INFO": ("INFO",), "SLOWLOG": ("SLOWLOG", "GET", 1)}
    if tells_layout:
        asked |= {"CLUSTER INFO": ("CLUSTER", "INFO"), "CLUSTER NODES": ("CLUSTER", "NODES")}
    if FLAGS in hashes:
        asked[FLAGS] = ("HGETALL", hashes[FLAGS])
    if HITS in hashes:
        asked[HITS] = ("HSCAN", hashes[HITS], 0, "COUNT", MOST_PREFIXES)
    return asked


async def look(client: Client, asked: Mapping[str, Sequence[Word]], memory: Memory, ours: Clock) -> Node:
    """One server's answers. Never raises for a sick one."""
    try:
        latency, skew, unasked = await _timed(client, memory, ours)
        replies = await _bounded(client, asked, memory)
        at = ours.now()
    except (Refused, Lost) as failed:
        memory.forget(client.address)
        return Node(client.address, ours.now(), failure=failed)
    refused = {label: reply for label, reply in replies.items() if isinstance(reply, Refused)}
    told = {label: reply for label, reply in replies.items() if label not in refused}
    return Node(
        client.address,
        at,
        parse(told.get("INFO")),
        latency,
        skew,
        slow_log(told["SLOWLOG"]) if "SLOWLOG" in told else None,
        parse(told.get("CLUSTER INFO")).get("cluster_state", ""),
        members(told.get("CLUSTER NODES"), client.address, client.sealed),
        fields(told[FLAGS]) if FLAGS in told else None,
        fields(scanned(told[HITS])[1]) if HITS in told else None,
        {**refused, **unasked},
    )


async def _timed(
    client: Client, memory: Memory, ours: Clock
) -> tuple[float | None, float | None, Mapping[str, Refused]]:
    """A round trip on a line that is open already, by the cheapest command that also tells the time."""
    known = memory.recalled(client.address, CLOCK)
    if isinstance(known, Refused):
        return None, None, {CLOCK: known}
    await client.ready()
    sent, started = ours.wall(), ours.monotonic()
    reply = (await client.ask((CLOCK,)))[0]
    took, back = ours.monotonic() - started, ours.wall()
    if isinstance(reply, Refused):
        memory.note(client.address, CLOCK, reply)
        return None, None, {CLOCK: reply}
    told = clock(reply)
    return took, None if told is None else told - (sent + back) / 2, {}


async def _bounded(client: Client, asked: Mapping[str, Sequence[Word]], memory: Memory) -> Mapping[str, object]:
    """The replies; where they are too much, those without the hashes, whose size nobody promises."""
    hashes = [label for label in (FLAGS, HITS) if label in asked and memory.recalled(client.address, label) is None]
    try:
        return await _replies(client, asked, memory)
    except Lost as lost:
        if not (lost.excessive and hashes):
            raise
    for label in hashes:
        memory.keep(client.address, label, Refused(FailureKind.PROTOCOL, f"{asked[label][1]!s} is more than is read"))
    return await _replies(client, asked, memory)


async def _replies(client: Client, asked: Mapping[str, Sequence[Word]], memory: Memory) -> Mapping[str, object]:
    known = {label: memory.recalled(client.address, label) for label in asked}
    sent = [label for label in asked if known[label] is None]
    replies = await client.ask(*(asked[label] for label in sent))
    for label, reply in zip(sent, replies, strict=True):
        memory.note(client.address, label, reply)
    return {
        **{label: each for label, each in known.items() if each is not None},
        **dict(zip(sent, replies, strict=True)),
    }
