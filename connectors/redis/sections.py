"""The sections of a drill-down that ask servers about themselves: slow log, latency, clients, replication, keyspace.

What a server refuses is a line of ``extra`` and leaves the others' rows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors import Clock
from connectors.failure import one_line
from connectors.redis.client import Client, Word
from connectors.redis.info import Info, databases, figure, followers, is_primary, number, parse, parts
from connectors.redis.refusal import Lost, Refused
from connectors.redis.reply import integer, items, text
from connectors.redis.reply import slow_log as slow_entries

SLOWEST = 50
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``more``: rows that were not asked for or are left out."""

    columns: Row
    rows: tuple[Row, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    more: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """What each server said to the same commands; ``refused`` has a line each for what was not answered."""

    said: Sequence[tuple[str, Sequence[object]]]
    refused: Mapping[str, str]


async def asked(clients: Sequence[Client], *commands: Sequence[Word]) -> Answers:
    """The same of everybody, side by side; Refused or Lost where nobody answers anything."""
    replies = await asyncio.gather(*(_tried(client, commands) for client in clients))
    said: list[tuple[str, Sequence[object]]] = []
    refused: dict[str, str] = {}
    failures: list[Refused | Lost] = []
    for client, reply in zip(clients, replies, strict=True):
        found = [each for each in (reply if isinstance(reply, list) else [reply]) if isinstance(each, Refused | Lost)]
        failures += found
        refused |= {f"{client.address}": each.reason for each in found}
        if isinstance(reply, list) and len(found) < len(reply):
            said.append((str(client.address), [None if isinstance(each, Refused) else each for each in reply]))
    if not said and failures:
        raise failures[0]
    return Answers(said, refused)


async def slow_log(clients: Sequence[Client], ours: Clock) -> Table:
    """The slowest of the newest entries, the latest first."""
    answers = await asked(clients, ("SLOWLOG", "GET", SLOWEST), ("SLOWLOG", "LEN"))
    found = [(entry, where) for where, (log, _) in answers.said for entry in slow_entries(log)]
    found.sort(key=lambda each: -each[0].began)
    rows = tuple(
        (f"{entry.took * 1000:.1f} ms", entry.command, f"{max(0.0, ours.wall() - entry.began):.0f} s ago", where)
        for entry, where in found
    )
    kept = sum(integer(length) or 0 for _, (_, length) in answers.said)
    return Table(("took", "command", "when", "server"), rows, answers.refused, max(0, kept - len(rows)))


async def latency(clients: Sequence[Client], ours: Clock) -> Table:
    """What the server's own monitor saw (where it is on), then each command's percentiles (from 7.0), worst first."""
    answers = await asked(clients, ("LATENCY", "LATEST"), ("INFO", "latencystats"))
    events = [row for where, (latest, _) in answers.said for row in _events(latest, where, ours)]
    usual = [row for where, (_, stats) in answers.said for row in _percentiles(parse(stats), where)]
    usual.sort(key=lambda row: -row[0])
    rows = (*events, *(shown for _, shown in usual))
    return Table(("what", "usual (p50)", "p99", "longest", "server"), rows, answers.refused)


async def clients(lines: Sequence[Client], ours: Clock) -> Table:
    """Connections by their name, or by their address where they have none."""
    answers = await asked(lines, ("CLIENT", "LIST"))
    groups: Counter[tuple[str, str]] = Counter()
    waiting: Counter[tuple[str, str]] = Counter()
    memory: Counter[tuple[str, str]] = Counter()
    for _, (listed,) in answers.said:
        for client in _clients(listed):
            key = (one_line(client.get("name", ""), 60) or "(no name)", one_line(_host(client.get("addr", "")), 60))
            groups[key] += 1
            waiting[key] += "b" in client.get("flags", "")
            memory[key] += int(figure(client.get("tot-mem", "")) or 0)
    rows = tuple(
        (name, host, str(count), str(waiting[name, host]), f"{memory[name, host]} B")
        for (name, host), count in groups.most_common()
    )
    return Table(("name", "from", "connections", "blocked", "memory"), rows, answers.refused)


async def replication(clients: Sequence[Client], ours: Clock) -> Table:
    """A line for each server, and under a primary one for each replica that it knows."""
    answers = await asked(clients, ("INFO", "replication"))
    rows = [row for where, (raw,) in answers.said for row in _replication(parse(raw), where)]
    return Table(("server", "role", "state", "behind", "last heard"), tuple(rows), answers.refused)


async def keyspace(clients: Sequence[Client], ours: Clock) -> Table:
    """Each database of each server."""
    answers = await asked(clients, ("INFO", "keyspace"))
    rows = [
        (where, name, each.get("keys", "?"), each.get("expires", "?"), _seconds(each.get("avg_ttl", "")))
        for where, (raw,) in answers.said
        for name, each in databases(parse(raw)).items()
    ]
    columns = ("server", "database", "keys", "with an end", "average TTL")
    return Table(columns, tuple(tuple(one_line(cell, 40) for cell in row) for row in rows), answers.refused)


async def _tried(client: Client, commands: Sequence[Sequence[Word]]) -> list[object] | Refused | Lost:
    try:
        return await client.ask(*commands)
    except (Refused, Lost) as failed:
        return failed


def _events(latest: object, where: str, ours: Clock) -> Iterable[Row]:
    """LATENCY LATEST: name, when, the last and the longest in milliseconds."""
    for event in items(latest):
        name, *numbers = event[:4] if isinstance(event, list) and len(event) >= 4 else (None,)
        when, last, longest = map(integer, numbers or (None, None, None))
        if when is not None and last is not None and longest is not None:
            ago = max(0.0, ours.wall() - when)
            yield (f"event {text(name)}, {ago:.0f} s ago", f"{last} ms", "", f"{longest} ms", where)


def _percentiles(stats: Info, where: str) -> Iterable[tuple[float, Row]]:
    for name, line in stats.items():
        told = {percentile: figure(micros) for percentile, micros in parts(line).items()}
        usual, tail, longest = told.get("p50"), told.get("p99"), told.get("p99.9")
        if name.startswith("latency_percentiles_usec_") and usual is not None and tail is not None:
            command = one_line(name.removeprefix("latency_percentiles_usec_"), 60)
            last = "" if longest is None else f"{longest / 1000:.3f} ms (p99.9)"
            yield tail, (command, f"{usual / 1000:.3f} ms", f"{tail / 1000:.3f} ms", last, where)


def _clients(listed: object) -> Iterable[Mapping[str, str]]:
    lines = listed.decode("utf-8", "replace").splitlines() if isinstance(listed, bytes) else ()
    return ({name: value for name, _, value in (word.partition("=") for word in line.split(" "))} for line in lines)


def _host(address: str) -> str:
    return address.rpartition(":")[0] or address


def _replication(info: Info, where: str) -> Iterable[Row]:
    if not is_primary(info):
        head = f"{info.get('master_host', '?')}:{info.get('master_port', '?')}"
        link = f"link {_word(info, 'master_link_status')} to {one_line(head, 60)}"
        yield (where, _word(info, "role"), link, "", f"{_word(info, 'master_last_io_seconds_ago')} s ago")
        return
    yield (where, _word(info, "role"), f"{_word(info, 'connected_slaves')} replicas", "", "")
    offset = number(info, "master_repl_offset")
    for each in followers(info):
        there = figure(each.get("offset", ""))
        behind = "?" if offset is None or there is None else f"{max(0.0, offset - there):.0f} B"
        name = f"  {_word(each, 'ip', 60)}:{_word(each, 'port')}"
        yield (name, "replica", _word(each, "state"), behind, f"{_word(each, 'lag')} s ago")


def _word(told: Mapping[str, str], name: str, most: int = 20) -> str:
    return one_line(told.get(name, "?"), most)


def _seconds(milliseconds: str) -> str:
    value = figure(milliseconds)
    return "?" if value is None else f"{value / 1000:.0f} s" if value else "none"
