"""Which servers there are and who leads, as Sentinels and a cluster's nodes say it. Pure.

They are asked in the oldest of their words that say enough (CLUSTER NODES, SENTINEL MASTER and REPLICAS), which every
version and every compatible server knows.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from connectors.redis.address import Address, told
from connectors.redis.reply import integer, items, pairs, text

SLOTS = 16384
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Shard:
    """One primary and those who follow it. ``slots``: of a cluster; nothing elsewhere."""

    primary: Address | None
    replicas: tuple[Address, ...] = ()
    slots: Ranges = ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        return (*((self.primary,) if self.primary else ()), *self.replicas)

    @property
    def name(self) -> str:
        return "slots " + ",".join(f"{low}-{high}" for low, high in self.slots[:4]) if self.slots else "the primary"


@dataclass(frozen=True, slots=True)
class Layout:
    """``others``: nodes of a cluster that have no slots and follow nobody. ``problems``: in a line each."""

    shards: tuple[Shard, ...] = ()
    others: tuple[Address, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        found = (address for shard in self.shards for address in shard.addresses)
        return tuple(dict.fromkeys((*found, *self.others)))

    def owner(self, key: str) -> Address | None:
        """The primary that has this key."""
        if len(self.shards) == 1 and not self.shards[0].slots:
            return self.shards[0].primary
        slot = slot_of(key.encode())
        owners = (shard.primary for shard in self.shards if holds(shard.slots, slot))
        return next(owners, None)


def slot_of(key: bytes) -> int:
    """CRC16 of the key, or of what stands in its first braces.

    >>> slot_of(b"123456789"), slot_of(b"{user1}.a") == slot_of(b"user1")
    (12739, True)
    """
    start = key.find(b"{")
    end = key.find(b"}", start + 1)
    tagged = key[start + 1 : end] if start >= 0 and end > start + 1 else key
    return binascii.crc_hqx(tagged, 0) % SLOTS


def holds(ranges: Ranges, slot: int) -> bool:
    return any(low <= slot <= high for low, high in ranges)


def overlap(one: Ranges, other: Ranges) -> bool:
    return any(low <= last and first <= high for low, high in one for first, last in other)


def covered(shards: Iterable[Shard]) -> int:
    """How many slots have a primary."""
    return sum(high - low + 1 for shard in shards if shard.primary for low, high in shard.slots)


@dataclass(frozen=True, slots=True)
class Member:
    """A node of a cluster as one of its nodes knows it."""

    id: str
    address: Address
    flags: frozenset[str]
    follows: str  # the id of its primary; "" for a primary
    epoch: int
    slots: Ranges

    @property
    def leads(self) -> bool:
        return "master" in self.flags and "fail" not in self.flags


def members(reply: object, asked: Address, by_name: bool = False) -> tuple[Member, ...]:
    """CLUSTER NODES, as ``asked`` answered it; ``by_name``: hosts by the names that they announce, for certificates."""
    lines = reply.decode("utf-8", "replace").splitlines() if isinstance(reply, bytes) else ()
    return tuple(member for member in (_member(line.split(), asked, by_name) for line in lines) if member is not None)


def _member(words: list[str], asked: Address, by_name: bool) -> Member | None:
    if len(words) < 8 or {"noaddr", "handshake"} & set(words[2].split(",")):
        return None
    flags = frozenset(words[2].split(","))
    address = _address(words[1], asked, by_name)
    if address is None:
        return None
    follows = "" if words[3] == "-" else words[3]
    epoch = int(words[6]) if words[6].isdigit() else 0
    return Member(words[0], address, flags, follows, epoch, tuple(_ranges(words[8:])))


def _address(said: str, asked: Address, by_name: bool) -> Address | None:
    """``ip:port@bus,name``; a node that has met nobody yet has no address, and is where we asked."""
    place, _, announced = said.partition(",")
    host, _, port = place.partition("@")[0].rpartition(":")
    name = announced.split(",")[0]
    host = (name if by_name and name else host) or asked.host
    return told(host, int(port) if port.isdecimal() and len(port) < 6 else None)


def _ranges(words: Iterable[str]) -> Iterator[tuple[int, int]]:
    """``5461`` and ``0-5460``; slots on their way, in brackets, belong to whom they leave."""
    for word in words:
        low, _, high = word.partition("-")
        if low.isdigit() and (high or low).isdigit():
            yield int(low), int(high or low)


def of_cluster(known: tuple[Member, ...]) -> Layout:
    """One node's view as a layout: a shard for each primary that has slots."""
    by_id = {member.id: member for member in known}
    followers: dict[str, list[Address]] = {}
    for member in known:
        if member.follows in by_id:
            followers.setdefault(member.follows, []).append(member.address)
    shards = tuple(
        Shard(each.address, tuple(sorted(followers.get(each.id, ()))), each.slots)
        for each in known
        if each.slots and "master" in each.flags
    )
    placed = {address for shard in shards for address in shard.addresses}
    others = tuple(sorted(each.address for each in known if each.address not in placed))
    return Layout(tuple(sorted(shards, key=lambda shard: shard.slots)), others)


def of_slots(reply: object, asked: Address) -> Layout:
    """CLUSTER SLOTS, for those who may ask nothing else; it does not tell of nodes that failed."""
    found: dict[Address, tuple[tuple[Address, ...], list[tuple[int, int]]]] = {}
    for row in items(reply):
        low, high, *nodes = row if isinstance(row, list) and len(row) > 2 else (None, None)
        places = [place for place in (_place(node, asked) for node in nodes) if place is not None]
        if isinstance(low, int) and isinstance(high, int) and places:
            found.setdefault(places[0], (tuple(places[1:]), []))[1].append((low, high))
    return Layout(tuple(Shard(primary, rest, tuple(slots)) for primary, (rest, slots) in sorted(found.items())))


def _place(node: object, asked: Address) -> Address | None:
    if not isinstance(node, list) or len(node) < 2:
        return None
    return told(text(node[0]) or asked.host, integer(node[1]))


@dataclass(frozen=True, slots=True)
class Watched:
    """What one Sentinel says of the primary that it watches."""

    sentinel: Address
    primary: Address
    epoch: int
    flags: frozenset[str]
    replicas: tuple[Address, ...]


def watched(sentinel: Address, master: object, replicas: object) -> Watched | None:
    """SENTINEL MASTER and SENTINEL REPLICAS; None where it does not know the name."""
    fields = pairs(master)
    primary = _told_address(fields, sentinel)
    if primary is None:
        return None
    found = (_told_address(pairs(each), sentinel) for each in items(replicas))
    following = tuple(sorted({each for each in found if each is not None and each != primary}))
    flags = frozenset(text(fields.get(b"flags")).split(","))
    return Watched(sentinel, primary, integer(fields.get(b"config-epoch")) or 0, flags, following)


def _told_address(reply: object, sentinel: Address) -> Address | None:
    said = pairs(reply)
    return told(text(said.get(b"ip")) or sentinel.host, integer(said.get(b"port")))


def settled(layout: Layout, leading: Iterable[Address]) -> Layout:
    """The layout with a shard led by the one of it that says so, where who should lead it does not.

    A promoted replica takes writes seconds before every Sentinel names it. ``leading``: who says that it leads.
    """
    telling = frozenset(leading)
    return replace(layout, shards=tuple(shard if shard.slots else _settled(shard, telling) for shard in layout.shards))


def _settled(shard: Shard, telling: frozenset[Address]) -> Shard:
    found = telling & frozenset(shard.addresses)
    if shard.primary in found or len(found) != 1:
        return shard
    (primary,) = found
    return Shard(primary, tuple(sorted(frozenset(shard.addresses) - found)))


def of_sentinels(views: tuple[Watched, ...]) -> Layout:
    """The newest configuration wins; where Sentinels name different primaries it is said."""
    if not views:
        return Layout()
    newest = max(views, key=lambda each: (each.epoch, each.sentinel))
    primaries = {each.primary for each in views}
    everybody = {address for each in views for address in (each.primary, *each.replicas)} - {newest.primary}
    said = ", ".join(f"{each.sentinel} says {each.primary}" for each in views)
    problems = (f"Sentinels disagree: {said}",) if len(primaries) > 1 else ()
    return Layout((Shard(newest.primary, tuple(sorted(everybody))),), problems=problems)
