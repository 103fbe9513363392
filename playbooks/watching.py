"""Watching the estate until checks are decided: the proof of a step, and the soak after the last one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from playbooks.check import Failed, Inconclusive, Ours, Passed, Result, evaluate, limit, words
from playbooks.journal import Event
from playbooks.playbook import Check, Steady
from playbooks.ports import Ports
from playbooks.record import Record

PATIENCE = 5.0  # wall seconds after which one looks again though nothing new was observed


@dataclass(frozen=True, slots=True)
class Verified:
    """How a step's checks came out. ``stopped``: asked to stop before all were decided."""

    failed: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    stopped: bool = False


@dataclass(slots=True)
class Watcher:
    """Evaluates against each new observation; says every decision to the journal once."""

    ports: Ports
    record: Record
    stop: asyncio.Event
    _told: dict[str, str] = field(default_factory=dict)

    async def verify(self, step: str, checks: tuple[Check, ...], ours: Ours) -> Verified:
        """Until every check has passed, or failed, or had its time; the first failure ends it."""
        since = self.ports.clock.now()
        decided: dict[Check, Result] = {}
        while True:
            now = self.ports.clock.now()
            for check in checks:
                if not isinstance(decided.get(check), Passed):
                    decided[check] = self._look(step, check, since, now, ours)
            if _all_decided(decided, now - since):
                return _summary(decided)
            if self.stop.is_set():
                return Verified(stopped=True)
            await self.observation()

    async def soak(self, steady: Steady, longest: float) -> tuple[bool, str]:
        """Whether all conditions held on end for ``steady.hold`` in time, and what was last in the way."""
        since = self.ports.clock.now()
        held_since: float | None = None
        while True:
            now = self.ports.clock.now()
            missing = self._missing(steady, since, now)
            held_since = None if missing else (now if held_since is None else held_since)
            if held_since is not None and now - held_since >= steady.hold:
                return True, ""
            if now - since >= min(steady.within + steady.hold, longest):
                return False, "; ".join(missing) or "steady, but not for long enough"
            if self.stop.is_set():
                return False, "asked to stop before it was steady"
            await self.observation()

    async def observation(self) -> None:
        """Waits for something new to look at, a stop, or patience."""
        waits = (self.ports.watch.next(), self.stop.wait(), self.ports.pause(PATIENCE))
        tasks: list[asyncio.Future[object]] = [asyncio.ensure_future(each) for each in waits]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _look(self, step: str, check: Check, since: float, now: float, ours: Ours) -> Result:
        topology = self.ports.watch.topology
        result = evaluate(check, topology, since, now, ours)
        self._tell(step, words(check, topology), result)
        return result

    def _missing(self, steady: Steady, since: float, now: float) -> list[str]:
        results = [self._look("steady", check, since, now, Ours()) for check in steady.conditions]
        return [result.reason for result in results if not isinstance(result, Passed)]

    def _tell(self, step: str, check: str, result: Result) -> None:
        """One line in the journal when the answer changes."""
        word, key = type(result).__name__.lower(), f"{step} {check}"
        if self._told.get(key) != word:
            self._told[key] = word
            self.record.note(Event.CHECK, step=step, action=check, outcome=word, reason=result.reason)


def _all_decided(decided: dict[Check, Result], elapsed: float) -> bool:
    """No data is waited for as long as a check has time; a failure ends it at once."""
    if any(isinstance(result, Failed) for result in decided.values()):
        return True
    return all(
        isinstance(result, Passed) or (isinstance(result, Inconclusive) and elapsed >= limit(check))
        for check, result in decided.items()
    )


def _summary(decided: dict[Check, Result]) -> Verified:
    return Verified(
        failed=tuple(result.reason for result in decided.values() if isinstance(result, Failed)),
        inconclusive=tuple(result.reason for result in decided.values() if isinstance(result, Inconclusive)),
    )
