"""What a drill-down shows: an overview of one Redis or of one of its servers, and the sections that it leads to.

A section is named behind the component's id: ``redis/cache/slowlog``, ``redis/cache/10.0.0.1:6379/clients``. Each asks
on demand, within a deadline, and says what this user may not see.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from connectors import Clock
from connectors.failure import one_line
from connectors.redis import sections
from connectors.redis.address import Address
from connectors.redis.client import Client
from connectors.redis.fleet import Fleet, Survey
from connectors.redis.keys import sample_biggest, sample_ttls
from connectors.redis.node import Node
from connectors.redis.primaries import leaders
from connectors.redis.refusal import Lost, Refused
from connectors.redis.sections import Table
from connectors.settings.redis import Settings
from console.model.component import ComponentId
from console.model.snapshot import Detail, FailureKind, Unreachable

MOST_ROWS = 50
SLOWEST = 5  # slow commands in the overview
Line = tuple[str, str, str, str, ComponentId]  # of the overview: four columns, and what it leads to
Section = Callable[[Sequence[Client], Clock], Awaitable[Table]]

SECTIONS: Mapping[str, tuple[str, Section]] = {  # name → what it shows, who asks; of a whole Redis, of its primaries
    "slowlog": ("commands that took long", sections.slow_log),
    "latency": ("what took long inside the server, and each command's usual time", sections.latency),
    "clients": ("who is connected, by name and address", sections.clients),
    "replication": ("who follows whom, and how far behind", sections.replication),
    "keyspace": ("keys of each database", sections.keyspace),
    "ttl": ("how long keys still live, by sampling", sample_ttls),
    "keys": ("which prefixes are big, by sampling", sample_biggest),
}
OF_EVERYBODY = frozenset({"clients", "replication", "slowlog", "latency"})


class Drill:
    """Of the component ``whole`` and those under it."""

    def __init__(self, whole: ComponentId, source: str, settings: Settings, fleet: Fleet, clock: Clock) -> None:
        self._whole = whole
        self._source = source
        self._settings = settings
        self._fleet = fleet
        self._clock = clock

    async def into(self, component: ComponentId) -> Detail | Unreachable:
        """The table behind an id; NOT_FOUND where it names nothing here."""
        if component != self._whole and not component.startswith(f"{self._whole}/"):
            return self._nothing(component)
        parts = component.removeprefix(self._whole).strip("/").split("/")
        section = parts.pop() if parts[-1] in SECTIONS else ""
        try:
            survey = await self._fleet.survey()
            server = _server(survey, "/".join(parts))
            if parts not in ([], [""]) and server is None:
                return self._nothing(component)
            return await self._table(component, survey, server, section)
        except (Refused, Lost) as failed:
            return failed.unreachable(self._source, self._clock.now())

    async def _table(
        self, component: ComponentId, survey: Survey, server: Node | None, section: str
    ) -> Detail | Unreachable:
        _raise_if_silent(survey, server)
        if not section:
            return self._overview(component, survey, server, await self._slowest(survey, server))
        title, ask = SECTIONS[section]
        asked = [self._fleet.client(address) for address in _asked(survey, server, section)]
        table = await ask(asked, self._clock)
        rows = table.rows[:MOST_ROWS]
        more = table.more + len(table.rows) - len(rows)
        return Detail(component, self._clock.now(), f"{component}: {title}", table.columns, rows, more, table.extra)

    def _overview(self, component: ComponentId, survey: Survey, server: Node | None, slow: Sequence[Line]) -> Detail:
        """The sections, the servers, the newest slow commands, and the flag document's fields."""
        below: list[Line] = [(name, "", title, "", f"{component}/{name}") for name, (title, _) in SECTIONS.items()]
        if server is None and not self._fleet.alone:
            below += [
                (str(node.address), _role(node), _condition(node), "", f"{component}/{node.address}")
                for node in survey.nodes
            ]
        fields = [] if server is not None else list(self._fields(survey))
        rows = [*below, *slow, *fields]
        return Detail(
            component,
            self._clock.now(),
            f"{component}: sections, {'servers, ' if len(below) > len(SECTIONS) else ''}slow commands and flags",
            ("what", "size", "content", "when"),
            tuple(row[:4] for row in rows[:MOST_ROWS]),
            max(0, len(rows) - MOST_ROWS),
            self._extra(survey, server),
            tuple(row[4] for row in rows[:MOST_ROWS]),
        )

    async def _slowest(self, survey: Survey, server: Node | None) -> Sequence[Line]:
        try:
            table = await sections.slow_log(
                [self._fleet.client(at) for at in _asked(survey, server, "slowlog")], self._clock
            )
        except (Refused, Lost):
            return ()  # its section says why
        return [("slow command", took, command, when, "") for took, command, when, _ in table.rows[:SLOWEST]]

    def _fields(self, survey: Survey) -> Sequence[Line]:
        held = {name: raw for node in survey.nodes for name, raw in (node.flags or {}).items()}
        biggest = sorted(held.items(), key=lambda item: (-len(item[1]), item[0]))
        return [(_shown(name), f"{len(raw)} B", _shown(raw), "", "") for name, raw in biggest]

    def _extra(self, survey: Survey, server: Node | None) -> Mapping[str, str]:
        refused = {label: each.reason for node in survey.nodes for label, each in node.refused.items()}
        where = (
            str(server.address)
            if server
            else self._settings.url or ", ".join(self._settings.nodes or self._settings.sentinels)
        )
        return {"at": where, **refused}

    def _nothing(self, component: ComponentId) -> Unreachable:
        return Unreachable(self._source, self._clock.now(), FailureKind.NOT_FOUND, f"{component} is not this Redis")


def _server(survey: Survey, name: str) -> Node | None:
    return next((node for node in survey.nodes if str(node.address) == name), None)


def _raise_if_silent(survey: Survey, server: Node | None) -> None:
    """The failure of the server that is asked about, or of all."""
    asked = (server,) if server else survey.nodes
    failures = [node.failure for node in asked if node.failure is not None]
    if failures and len(failures) == len(asked):
        raise failures[0]


def _asked(survey: Survey, server: Node | None, section: str) -> Sequence[Address]:
    if server is not None:
        return (server.address,)
    leading = leaders(survey)
    answering = [node.address for node in survey.nodes if node.failure is None]
    if section in OF_EVERYBODY:
        return answering
    return [address for address in answering if address in leading] or answering


def _role(node: Node) -> str:
    return one_line(node.info.get("role", ""), 20) or "?"


def _condition(node: Node) -> str:
    return node.failure.reason if node.failure is not None else one_line(node.info.get("redis_version", ""), 40)


def _shown(raw: bytes) -> str:
    return one_line(raw[:1000].decode("utf-8", "replace"))
