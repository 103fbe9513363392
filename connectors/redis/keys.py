"""How long keys live and which prefixes are big, by sampling: never KEYS, never what a key holds.

SCAN walks the table in the order of the keys' hashes, so the first keys that it tells are as good as drawn by lot. A
sample is a thousand keys, in steps of a hundred at ten thousand a second, within two seconds; whatever was seen by
then is the sample, and the table says how large it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connectors import Clock
from connectors.failure import one_line
from connectors.redis.client import Client, Word
from connectors.redis.info import databases, figure, parse
from connectors.redis.refusal import Lost, Refused
from connectors.redis.reply import integer, scanned
from connectors.redis.sections import Table

T = TypeVar("T")
SAMPLE = 1_000  # keys, of all servers together
STEP = 100  # keys a SCAN: holds the server for a tenth of a millisecond
PACE = 10_000  # keys a second, of one server
BUDGET = 2.0  # wall seconds
SEPARATORS = b":|/"
DEEPEST = 3  # parts of a prefix
LONGEST = 60  # characters of a prefix that is shown
NONE = "(no prefix)"

BUCKETS = (  # under so many seconds
    (60.0, "under a minute"),
    (600.0, "under 10 minutes"),
    (3600.0, "under an hour"),
    (86400.0, "under a day"),
    (float("inf"), "more"),
)
ENDLESS = "no TTL"


@dataclass(frozen=True, slots=True)
class Sampled:
    """``keys`` with what was asked of each; ``total``: how many there are; ``refused``: a line for each server."""

    keys: tuple[tuple[bytes, int], ...]
    total: int
    refused: Mapping[str, str]

    @property
    def said(self) -> Mapping[str, str]:
        share = f" ({len(self.keys) / self.total:.2%})" if self.total else ""
        return {"sample": f"{len(self.keys)} of {self.total} keys{share}", **self.refused}


async def sample_ttls(clients: Sequence[Client], ours: Clock) -> Table:
    """How many keys end when."""
    sampled = await _sample(clients, ours, ("PTTL",))
    counts = distribution(left for _, left in sampled.keys)
    seen = sum(counts.values())
    rows = tuple(
        (
            name,
            f"{count / seen:.1%}" if seen else "?",
            str(count),
            f"{sampled.total * count / seen:.0f}" if seen else "?",
        )
        for name, count in counts.items()
    )
    return Table(("time left", "share", "in the sample", "in all, about"), rows, sampled.said)


async def sample_biggest(clients: Sequence[Client], ours: Clock) -> Table:
    """Which prefixes have the most memory."""
    sampled = await _sample(clients, ours, ("MEMORY", "USAGE"))
    found = by_prefix(sampled.keys)
    whole = sum(size for _, size in found.values())
    factor = sampled.total / len(sampled.keys) if sampled.keys else 0.0
    rows = tuple(
        (
            name,
            f"{size / whole:.1%}" if whole else "?",
            f"{count * factor:.0f}",
            f"{size * factor:.0f} B",
            f"{size / count:.0f} B",
        )
        for name, (count, size) in sorted(found.items(), key=lambda item: (-item[1][1], item[0]))
    )
    return Table(("prefix", "share of memory", "keys, about", "memory, about", "each"), rows, sampled.said)


def distribution(left: Iterable[int]) -> Mapping[str, int]:
    """Counts by time left, of PTTL's milliseconds; -1 is no end, and a key that is gone (-2) is left out."""
    counts = dict.fromkeys((ENDLESS, *(name for _, name in BUCKETS)), 0)
    for milliseconds in left:
        if milliseconds == -1:
            counts[ENDLESS] += 1
        elif milliseconds >= 0:
            counts[next(name for under, name in BUCKETS if milliseconds < under * 1000)] += 1
    return counts


def by_prefix(sizes: Iterable[tuple[bytes, int]]) -> Mapping[str, tuple[int, int]]:
    """Keys and bytes of each prefix."""
    found: dict[str, tuple[int, int]] = {}
    for key, size in sizes:
        if size >= 0:
            name = prefix_of(key)
            count, bytes_ = found.get(name, (0, 0))
            found[name] = (count + 1, bytes_ + size)
    return found


def prefix_of(key: bytes) -> str:
    """What keys of one kind begin with: the parts before the first that has a digit, never the last one.

    >>> prefix_of(b"shop:catalog:17"), prefix_of(b"user:42:cart"), prefix_of(b"session:abc"), prefix_of(b"lock")
    ('shop:catalog:', 'user:', 'session:', '(no prefix)')
    """
    start = 0
    for _ in range(DEEPEST):
        end = next((place for place in range(start, min(len(key), 256)) if key[place] in SEPARATORS), -1)
        if end < 0 or any(48 <= byte <= 57 for byte in key[start:end]):
            break
        start = end + 1
    return one_line(key[:start].decode("utf-8", "replace"), LONGEST) if start else NONE


async def _sample(clients: Sequence[Client], ours: Clock, command: tuple[str, ...]) -> Sampled:
    """Each server's part by how many keys it has. Refused or Lost where none of them answers."""
    totals = await asyncio.gather(*(_tried(_size(client)) for client in clients))
    whole = sum(total for total in totals if isinstance(total, int))
    parts = await asyncio.gather(
        *(
            _tried(_walk(client, ours, command, -(-SAMPLE * total // whole)))
            for client, total in zip(clients, totals, strict=True)
            if isinstance(total, int) and total
        )
    )
    failures = [each for each in (*totals, *parts) if isinstance(each, Refused | Lost)]
    found = tuple(key for part in parts if not isinstance(part, Refused | Lost) for key in part)
    if failures and not found:
        raise failures[0]
    return Sampled(found, whole, {f"left out {index}": each.reason for index, each in enumerate(failures, 1)})


async def _size(client: Client) -> int:
    """Keys of the database that is sampled, which is the one of the config."""
    reply = (await client.ask(("DBSIZE",)))[0]
    if isinstance(reply, Refused):
        counted = (await client.ask(("INFO", "keyspace")))[0]
        if isinstance(counted, Refused):
            raise reply
        return int(figure(databases(parse(counted)).get("db0", {}).get("keys", "")) or 0)
    return integer(reply) or 0


async def _walk(client: Client, ours: Clock, command: tuple[str, ...], wanted: int) -> list[tuple[bytes, int]]:
    """Keys with the command's number of each."""
    found: list[tuple[bytes, int]] = []
    cursor, started = b"0", ours.monotonic()
    while True:
        reply = (await client.ask(("SCAN", cursor, "COUNT", STEP)))[0]
        if isinstance(reply, Refused):
            raise reply
        cursor, listed = scanned(reply)
        keys = [key for key in listed if isinstance(key, bytes)]
        found += await _measured(client, command, keys[: wanted - len(found)])
        late = ours.monotonic() - started
        if cursor == b"0" or len(found) >= wanted or late > BUDGET:
            return found
        await asyncio.sleep(max(0.0, len(found) / PACE - late))


async def _measured(client: Client, command: tuple[str, ...], keys: Sequence[bytes]) -> list[tuple[bytes, int]]:
    if not keys:
        return []
    replies = await client.ask(*_each(command, keys))
    refused = next((reply for reply in replies if isinstance(reply, Refused)), None)
    if refused is not None and all(isinstance(reply, Refused) for reply in replies):
        raise refused
    return [(key, reply) for key, reply in zip(keys, replies, strict=True) if isinstance(reply, int)]


def _each(command: tuple[str, ...], keys: Sequence[bytes]) -> Iterable[Sequence[Word]]:
    return ((*command, key) for key in keys)


async def _tried(asked: Awaitable[T]) -> T | Refused | Lost:
    try:
        return await asked
    except (Refused, Lost) as failed:
        return failed
