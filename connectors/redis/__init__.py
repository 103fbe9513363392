"""One Redis, of one server or of many: its health from INFO, and the flag document that applications are steered by.

A reading asks every server side by side (``fleet``); what they say together is worked out without I/O
(``components``). A change goes to the primary that has the flags (``writing``), a drill-down asks for more than a
reading may cost (``drill``).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing

from connectors import Clock
from connectors.redis import behind as how
from connectors.redis import components, hits
from connectors.redis.address import check
from connectors.redis.client import FIRST
from connectors.redis.drill import Drill
from connectors.redis.examine import examine
from connectors.redis.flags import facts_of
from connectors.redis.fleet import Fleet, Survey
from connectors.redis.info import identity_of
from connectors.redis.node import FLAGS
from connectors.redis.refusal import Lost, Refused
from connectors.redis.sums import Ledger
from connectors.redis.sweep import Sweep, Swept, walked
from connectors.redis.writing import Writer
from connectors.settings.redis import Settings
from console.model.change import Applied, Change, Fact, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.examination import Examination, Write
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable

__all__ = ["RedisConnector", "Settings", "open_connector"]

IN_CLUSTER = "part of a cluster: say cluster = true"
ROUNDS = 8  # timeouts, one after the other, that a reading may take at the most


def open_connector(name: str, settings: Settings, clock: Clock) -> RedisConnector:
    """ConnectorError where the settings cannot work; nothing is sent and no client is imported yet."""
    check(name, settings)
    return RedisConnector(name, settings, clock)


class RedisConnector:
    """One component, ``<name>/<settings.name>``, and of a cluster or a replicated set one for each server under it."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._fleet = Fleet(name, settings, clock)
        self._writer = Writer(self._fleet, settings.flags_key, clock)
        self._drill = Drill(self._component, name, settings, self._fleet, clock)
        self._ledger = Ledger()

    async def read(self) -> Seen:
        """What every server says now. A command that is refused is a problem, and so is a server that is silent."""
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(FIRST + ROUNDS * self._settings.timeout):
                survey = await self._fleet.survey()
            _raise_if_nothing(survey)
        except TimeoutError:
            reason = f"no reading within {FIRST + ROUNDS * self._settings.timeout:g} s"
            return Unreachable(self.name, self._clock.now(), FailureKind.TIMED_OUT, reason)
        except (Refused, Lost) as failed:
            return failed.unreachable(self.name, self._clock.now())
        return self._snapshot(survey, self._clock.monotonic() - started)

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """An overview, and sections of it that look further: ``<component>/slowlog``, ``/keys`` …"""
        return await self._drill.into(component)

    async def apply(self, change: Change, run: RunContext) -> Applied:
        """Sets or restores one field together with its mark, if the fact still has the change's before-value."""
        if change.component != self._component:
            return Applied(Outcome.REJECTED, f"{change.component} is not this Redis")
        return await self._writer.apply(change, run)

    async def probe(self, change: Change, run: RunContext) -> Probed:
        """Whose value the field holds now."""
        if change.component != self._component:
            return Probed(Verdict.FOREIGN, None, f"{change.component} is not this Redis")
        return await self._writer.probe(change, run)

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        """What these credentials may read here, and which of ``writes`` they may do. Nothing is changed."""
        return await examine(self._component, self.name, self._settings, self._fleet, self._clock, writes)

    def behind(self, component: ComponentId, signal: str) -> str:
        """Where a number comes from, as one would ask for it with redis-cli."""
        within = component == self._component or component.startswith(f"{self._component}/")
        return how.behind(signal, self._settings, whole=component == self._component) if within else ""

    async def sweep(
        self,
        pattern: str,
        ttl: float,
        rate: float = 10_000,
        limit: int = 1_000_000,
        stop: threading.Event | None = None,
    ) -> AsyncIterator[Swept]:
        """Raises the TTL of existing keys that match, a few progress reports a second until one is ``done``.

        Help, not a lever: it cannot be undone. ``ttl`` in wall seconds; ``rate`` in keys looked at a second; ``limit``
        in keys raised. ``stop`` ends it before the next step, and so does leaving the loop over it. Primaries of a
        cluster are swept one after the other.
        """
        stopping = stop or threading.Event()
        try:
            primaries = await self._fleet.primaries()
        except (Refused, Lost) as failed:
            yield Swept(0, 0, 0.0, done=True, reason=failed.reason)
            return
        before = Swept(0, 0, 0.0)
        for address in primaries:
            sweep = Sweep(self._settings, address, pattern, ttl, rate, limit - before.raised, stopping)
            swept = before
            async with aclosing(walked(sweep, self.name)) as reports:
                async for swept in reports:
                    last = swept.done and (bool(swept.reason) or address == primaries[-1])
                    yield before.with_more(swept, done=last)
            if swept.reason:
                return
            before = before.with_more(swept, done=False)

    async def close(self) -> None:
        await self._fleet.close()

    @property
    def _component(self) -> ComponentId:
        return f"{self.name}/{self._settings.name}"

    def _snapshot(self, survey: Survey, took: float) -> Snapshot:
        owner = components.flags_owner(survey)
        facts, unreadable = facts_of((owner and owner.flags) or {}, self._clock.wall())
        found = self._alone(survey, facts) if self._fleet.alone else self._together(survey, facts)
        skews = [node.skew for node in ((owner,) if owner else ()) + survey.nodes if node.skew is not None]
        return Snapshot(
            self.name,
            survey.at,
            took,
            found,
            identity_of(owner.info) if owner else "",
            (*components.problems(survey), *unreadable),
            skew=next(iter(skews), None),
        )

    def _alone(self, survey: Survey, facts: tuple[Fact, ...]) -> tuple[Observed, ...]:
        (node,) = survey.nodes
        seen = components.of_node(self._component, node, self.name, self._clock.wall())
        published = hits.counters_of(node.hits or {}, node.at, self.name)
        shown = () if FLAGS in node.refused else facts
        notes = (*seen.notes, *((IN_CLUSTER,) if node.info.get("redis_mode") == "cluster" else ()))
        return (Observed(seen.id, seen.signals, (*seen.counters, *published), shown, seen.state, notes),)

    def _together(self, survey: Survey, facts: tuple[Fact, ...]) -> tuple[Observed, ...]:
        servers = {
            node.address: components.of_node(f"{self._component}/{node.address}", node, self.name, self._clock.wall())
            for node in survey.nodes
        }
        self._ledger = self._ledger.after(components.counted(survey, servers))
        totals = self._ledger.counters(survey.at)
        owner = components.flags_owner(survey)
        known = facts if owner is not None and owner.flags is not None else ()
        together = components.whole(self._component, survey, servers, totals, known, self.name)
        return (together, *servers.values())


def _raise_if_nothing(survey: Survey) -> None:
    """The first server's failure where no server said anything that can be shown."""
    for node in survey.nodes:
        if node.failure is None and (node.info or node.flags is not None):
            return
    for node in survey.nodes:
        failed = node.failure or node.refused.get("INFO")
        if failed is not None:
            raise failed
