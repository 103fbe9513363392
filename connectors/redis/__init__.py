"""One Redis: its health from INFO, and the flag document through which applications are steered.

A reading is one round trip. A change is two: the fields are read, judged here (``redis_flags``), and written by one
script that compares the very bytes that were judged; when they moved in between, it is judged again.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping

from connectors import Clock
from connectors.failure import one_line
from connectors.redis.client import Client, Lost, Refused, check
from connectors.redis.flags import Held, decide, facts_of, fields_of, judge
from connectors.redis.info import counters_of, identity_of, notes_of, signals_of, slow_of, state_of
from connectors.redis.script import HALF_WRITTEN, SCRIPT, SHA, arguments
from connectors.redis.sweep import Sweep, Swept
from connectors.settings.redis import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable

__all__ = ["RedisConnector", "Settings", "open_connector"]

ATTEMPTS = 3  # how often a change is judged again when the fields moved between reading and writing
SLOWEST = 20
BIGGEST = 20


def open_connector(name: str, settings: Settings, clock: Clock) -> RedisConnector:
    """ConnectorError where the settings cannot work; nothing is sent and no client is imported yet."""
    check(name, settings)
    return RedisConnector(name, settings, clock)


class RedisConnector:
    """One component, ``<name>/<settings.name>``."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._bulkhead = Bulkhead(name, 1)
        self._client = Client(settings, self._bulkhead)

    async def read(self) -> Seen:
        """INFO and the flag document, in one round trip. One of them refused is a problem, not the end."""
        at, started = self._clock.now(), self._clock.monotonic()
        try:
            info, fields = await self._client.ask(("INFO",), ("HGETALL", self._settings.flags_key))
            if isinstance(info, Refused) and isinstance(fields, Refused):
                raise info
        except (Refused, Lost) as failed:
            return failed.unreachable(self.name, at)
        took = self._clock.monotonic() - started
        return self._snapshot(at, took, info, fields)

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """The slow log and the biggest fields of the flag document."""
        at = self._clock.now()
        if component != self._component:
            return Unreachable(self.name, at, FailureKind.NOT_FOUND, f"{component} is not this Redis")
        try:
            slow, fields = await self._client.ask(("SLOWLOG GET", SLOWEST), ("HGETALL", self._settings.flags_key))
            if isinstance(slow, Refused) and isinstance(fields, Refused):
                raise slow
        except (Refused, Lost) as failed:
            return failed.unreachable(self.name, at)
        refused = {
            what: reply.reason for what, reply in (("slow log", slow), ("flags", fields)) if isinstance(reply, Refused)
        }
        return self._detail(at, slow, _fields(fields), refused)

    async def apply(self, change: Change, run: RunContext) -> Applied:
        """Sets or restores one field together with its mark, if the fact still has the change's before-value."""
        if change.component != self._component:
            return Applied(Outcome.REJECTED, f"{change.component} is not this Redis")
        for _ in range(ATTEMPTS):
            try:
                held = await self._held(change.fact)
            except (Refused, Lost) as failed:
                return _rejected(failed)
            wanted = decide(change, run, held, self._clock.wall())
            if isinstance(wanted, Applied):
                return wanted
            applied = await self._write(change.fact, held, wanted)
            if applied is not None:
                return applied
        return Applied(Outcome.REJECTED, f"{change.fact} changed {ATTEMPTS} times while it was being written")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        """Whose value the field holds now."""
        if change.component != self._component:
            return Probed(Verdict.FOREIGN, None, f"{change.component} is not this Redis")
        try:
            held = await self._held(change.fact)
        except (Refused, Lost) as failed:
            return Probed(Verdict.UNKNOWN, None, failed.reason)
        return judge(change, run, held, self._clock.wall())

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
        in keys raised. ``stop`` ends it before the next step, and so does leaving the loop over it.
        """
        bulkhead = Bulkhead(f"{self.name}-sweep", 1)
        sweep = Sweep(self._settings, pattern, ttl, rate, limit, stop or threading.Event())
        try:
            while True:
                swept = await sweep.advance(bulkhead)
                yield swept
                if swept.done:
                    return
        finally:
            sweep.end()
            bulkhead.close()

    async def close(self) -> None:
        self._bulkhead.close()
        await self._client.close()

    @property
    def _component(self) -> ComponentId:
        return f"{self.name}/{self._settings.name}"

    async def _held(self, fact: str) -> Held:
        reply = (await self._client.ask(("HMGET", self._settings.flags_key, *fields_of(fact))))[0]
        if isinstance(reply, Refused):
            raise reply
        document, marks = reply if isinstance(reply, list) else (None, None)
        return Held(document, marks)

    async def _write(self, fact: str, held: Held, wanted: Held) -> Applied | None:
        """None: the fields are not what they were any more, and nothing was written."""
        try:
            reply = await self._client.script(SHA, SCRIPT, self._settings.flags_key, arguments(fact, held, wanted))
        except Refused as refused:
            return _unknown(refused) if HALF_WRITTEN in refused.reason else _rejected(refused)
        except Lost as lost:
            return _unknown(lost) if lost.sent else _rejected(lost)
        return Applied(Outcome.DONE) if reply == 1 else None

    def _snapshot(self, at: float, took: float, info: object, fields: object) -> Snapshot:
        facts, problems = facts_of(_fields(fields), self._clock.wall())
        told = info if isinstance(info, Mapping) else {}
        seen = Observed(
            self._component,
            signals_of(told, at, self.name),
            counters_of(told, at, self.name),
            () if isinstance(fields, Refused) else facts,
            state_of(told),
            notes_of(told),
        )
        refused = (
            f"{what}: {reply.reason}"
            for what, reply in (("INFO", info), ("flags", fields))
            if isinstance(reply, Refused)
        )
        return Snapshot(self.name, at, took, (seen,), identity_of(told), (*refused, *problems))

    def _detail(self, at: float, slow: object, fields: Mapping[bytes, bytes], refused: Mapping[str, str]) -> Detail:
        now = self._clock.wall()
        rows = [
            ("slow command", f"{entry.took * 1000:.1f} ms", entry.command, f"{max(0.0, now - entry.began):.0f} s ago")
            for entry in slow_of(slow)
        ]
        biggest = sorted(fields.items(), key=lambda item: (-len(item[1]), item[0]))
        rows += [
            (one_line(name.decode("utf-8", "replace")), f"{len(raw)} B", one_line(raw.decode("utf-8", "replace")), "")
            for name, raw in biggest[:BIGGEST]
        ]
        return Detail(
            self._component,
            at,
            f"{self._component}: slow log and flags",
            ("what", "size", "content", "when"),
            tuple(rows),
            max(0, len(biggest) - BIGGEST),
            {"url": self._settings.url, **refused},
        )


def _fields(reply: object) -> Mapping[bytes, bytes]:
    return reply if isinstance(reply, dict) else {}


def _rejected(failed: Refused | Lost) -> Applied:
    return Applied(
        Outcome.REJECTED, failed.reason, forbidden=failed.kind in (FailureKind.FORBIDDEN, FailureKind.EXPIRED)
    )


def _unknown(failed: Refused | Lost) -> Applied:
    return Applied(Outcome.UNKNOWN, f"{failed.reason}; it may have been written all the same")
