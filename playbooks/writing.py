"""One write: the intent on the disk, then the write, then its outcome on the disk.

A write whose reply was lost is never sent again: the target is asked whose value it holds, after 1, 2 and 4 s.
That nothing was applied is believed only the last time, because a late write may still land before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import source_of
from playbooks.journal import Event
from playbooks.ports import Ports
from playbooks.record import Record

PROBES = (1.0, 2.0, 4.0)  # wall seconds before each


@dataclass(frozen=True, slots=True)
class Pen:
    """What every write of one run shares. ``identities``: which server each system was at the start."""

    ports: Ports
    record: Record
    reason: str
    identities: dict[str, str]

    async def write(self, change: Change) -> Applied:
        """DONE, REJECTED (certainly nothing happened) or UNKNOWN, which no probe could settle."""
        until = None if change.undoes else self.ports.until(change.lasts)
        context = RunContext(self.record.run, self.ports.actor, self.reason, until=until)
        intent, outcome = _EVENTS[change.undoes]
        described = self._describe(change)
        self.record.note(intent, **described, until=until, reason=self.reason)
        started = self.ports.clock.monotonic()
        applied = await self._send(change, context)
        if applied.outcome is Outcome.UNKNOWN or (change.undoes and applied.outcome is Outcome.REJECTED):
            applied = await self._settle(change, context, applied)
        self.record.note(
            outcome,
            **described,
            outcome=applied.outcome.value,
            reason=applied.reason,
            etag=applied.version,
            duration=self.ports.clock.monotonic() - started,
        )
        return applied

    def _describe(self, change: Change) -> dict[str, object]:
        return {
            "step": change.step,
            "target": change.component,
            "fact": change.fact,
            "uid": self.identities.get(source_of(change.component), ""),
            "change": change.seq,
            "before": change.before,
            "after": change.after,
        }

    async def _send(self, change: Change, context: RunContext) -> Applied:
        system = source_of(change.component)
        pinned, now = self.identities.get(system, ""), identity(self.ports, system)
        if pinned and now and pinned != now:
            return Applied(Outcome.REJECTED, f"another {system} answers now: {now}, it was {pinned}")
        try:
            return await self.ports.target(change.component).apply(change, context)
        except Exception as error:  # noqa: BLE001 - a bug in a connector must not leave a write unaccounted for
            return Applied(Outcome.UNKNOWN, f"{type(error).__name__}: {error}")

    async def _settle(self, change: Change, context: RunContext, applied: Applied) -> Applied:
        """What came of a write that got no answer, or of an undo that was refused, which may be undone already."""
        original = change.inverse() if change.undoes else change
        waits = PROBES if applied.outcome is Outcome.UNKNOWN else (0.0,)
        for wait in waits:
            await self.ports.pause(wait)
            found = await self._probe(original, context)
            told = f"{found.verdict}: {found.reason}" if found.reason else found.verdict.value
            self.record.note(Event.PROBE, **self._describe(change), outcome=found.verdict.value, reason=found.reason)
            outcome = _read(found.verdict, change.undoes, last=wait == waits[-1])
            if outcome is Outcome.REJECTED:
                return replace(applied, outcome=outcome, reason=f"{applied.reason}; probed: {told}")
            if outcome is Outcome.DONE:
                return Applied(outcome, told)
        return applied

    async def _probe(self, change: Change, context: RunContext) -> Probed:
        try:
            return await self.ports.target(change.component).probe(change, context)
        except Exception as error:  # noqa: BLE001 - as above: not knowing is the answer
            return Probed(Verdict.UNKNOWN, reason=f"{type(error).__name__}: {error}")


_EVENTS = {False: (Event.INTENT, Event.OUTCOME), True: (Event.UNDO_INTENT, Event.UNDO_OUTCOME)}


def identity(ports: Ports, system: str) -> str:
    """Which server a system is, as last read; "" when it was not."""
    source = ports.watch.topology.sources.get(system)
    return source.snapshot.identity if source and source.snapshot else ""


def _read(verdict: Verdict, undoes: bool, last: bool) -> Outcome:
    """What a probe of the change as it was first made says about the write (of it, or of its undo)."""
    match verdict:
        case Verdict.OURS if undoes:
            return Outcome.REJECTED if last else Outcome.UNKNOWN
        case Verdict.OURS:
            return Outcome.DONE
        case Verdict.NOT_APPLIED if undoes:
            return Outcome.DONE
        case Verdict.NOT_APPLIED:
            return Outcome.REJECTED if last else Outcome.UNKNOWN
        case Verdict.SUPERSEDED:
            return Outcome.REJECTED if undoes else Outcome.DONE  # it landed, and another wrote over it
        case Verdict.FOREIGN:
            return Outcome.REJECTED
        case Verdict.UNKNOWN:
            return Outcome.UNKNOWN
