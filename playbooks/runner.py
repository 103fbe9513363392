"""One run: apply and verify step by step, soak, and leave it in force; or undo it.

A mitigation is additive: when a step fails, what earlier steps added stays, with its end time, and the failed step
alone is taken back. A stop request is honoured between writes; a write in flight is always awaited and recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from console.model.change import Applied, Change, Outcome
from console.model.component import source_of
from playbooks.check import Ours
from playbooks.exits import Exit
from playbooks.journal import Event
from playbooks.phase import Phase
from playbooks.plan import Plan, PlannedStep
from playbooks.playbook import OnFailure
from playbooks.ports import Ports
from playbooks.preflight import preflight
from playbooks.record import Record
from playbooks.watching import Verified, Watcher
from playbooks.writing import Pen, identity


@dataclass(frozen=True, slots=True)
class Stop:
    """Asked to stop: the event, and whether what is in force by then is kept or undone."""

    event: asyncio.Event
    undo: bool = False


async def run(plan: Plan, ports: Ports, record: Record, stop: Stop) -> Exit:
    """Runs an approved plan. JournalError when the journal can no longer be written."""
    record.enter(Phase.PREFLIGHT)
    refused = await preflight(plan, ports)
    if refused is not None:
        record.enter(Phase.ABORTED_CLEAN, refused.reason)
        return refused.exit
    if not plan.changes:
        record.enter(Phase.CLOSED, "already so")
        return Exit.OK
    return await _Run(plan, ports, record, stop).steps()


async def undo(plan: Plan, ports: Ports, record: Record, stop: Stop) -> Exit:
    """Takes back what an undo plan names. A second time there is nothing to undo, which is fine."""
    record.enter(Phase.UNDOING)
    pen = _pen(plan, ports, record)
    failed = []
    for change in plan.changes:
        if stop.event.is_set():
            record.note(Event.STOP)
            record.enter(Phase.HELD, "stopped before all was undone")
            return Exit.CANCELLED_PART
        applied = await pen.write(change)
        if applied.outcome is not Outcome.DONE:
            failed.append(f"{change.component} {change.fact}: {applied.reason}")
    topology = await ports.watch.read_now()
    failed += [
        f"{each.component} {each.fact} is still marked" for each in topology.in_force if each.mark.run == plan.run
    ]
    if failed:
        record.enter(Phase.UNDO_FAILED, "; ".join(failed))
        return Exit.UNDO_FAILED
    record.enter(Phase.CLOSED, "undone" if plan.changes else "nothing to undo")
    return Exit.OK


def _pen(plan: Plan, ports: Ports, record: Record) -> Pen:
    systems = {source_of(target) for target in plan.targets}
    return Pen(ports, record, plan.title, {system: identity(ports, system) for system in systems})


class _Run:
    def __init__(self, plan: Plan, ports: Ports, record: Record, stop: Stop) -> None:
        self._plan = plan
        self._ports = ports
        self._record = record
        self._stop = stop
        self._pen = _pen(plan, ports, record)
        self._watcher = Watcher(ports, record, stop.event)
        self._ends = ports.clock.now() + plan.wall_clock
        self._applied: list[Change] = []
        self._unproven: list[str] = []
        self._failed: list[str] = []

    async def steps(self) -> Exit:
        for step in self._plan.steps:
            ended = await self._step(step)
            if ended is not None:
                return ended
        return await self._soak()

    async def _step(self, step: PlannedStep) -> Exit | None:
        """The step, done and verified; an exit code when the run ends with it."""
        if not step.changes:
            self._record.note(Event.STEP, step=step.id, action=step.action, outcome="already so")
            return None
        if self._ports.clock.now() > self._ends:
            return self._over(step)
        self._record.enter(Phase.APPLYING)
        for change in step.changes:
            if self._stop.event.is_set():
                return await self._cancel()
            applied = await self._pen.write(change)
            if applied.outcome is not Outcome.DONE:
                return await self._not_written(step, change, applied)
            self._applied.append(change)
        return await self._verify(step)

    async def _verify(self, step: PlannedStep) -> Exit | None:
        self._record.enter(Phase.VERIFYING)
        verified = await self._watcher.verify(step.id, step.verify, Ours(self._record.run, step.changes))
        if verified.stopped:
            return await self._cancel()
        if verified.failed:
            return await self._fail(step, "; ".join(verified.failed))
        self._done(step, verified)
        return None

    def _done(self, step: PlannedStep, verified: Verified) -> None:
        reason = "; ".join(verified.inconclusive)
        if reason:
            self._unproven.append(f"{step.id}: {reason}")
        outcome = "unproven" if reason else "done"
        self._record.note(Event.STEP, step=step.id, action=step.action, outcome=outcome, reason=reason)

    async def _not_written(self, step: PlannedStep, change: Change, applied: Applied) -> Exit | None:
        """A write was rejected, or nobody knows: the run stops there, or goes on where the step says so."""
        reason = f"{change.component} {change.fact}: {applied.reason}"
        if applied.outcome is Outcome.UNKNOWN:
            self._applied.append(change)  # it may stand, so it counts
            return self._hold(step, f"not known whether it was written: {reason}")
        if not self._applied and step.on_failure is not OnFailure.CONTINUE:
            self._step_failed(step, reason)
            self._record.enter(Phase.ABORTED_CLEAN, reason)
            return Exit.PERMISSION if applied.forbidden else Exit.FAILED_CLEAN
        return await self._fail(step, reason)

    async def _fail(self, step: PlannedStep, reason: str) -> Exit | None:
        match step.on_failure:
            case OnFailure.HOLD:
                return self._hold(step, reason)
            case OnFailure.CONTINUE:
                self._step_failed(step, reason)
                self._failed.append(reason)
                return None
            case OnFailure.UNDO_STEP:
                self._step_failed(step, reason)
                ours = [each for each in self._applied if each.step == step.id]
                return await self._undo(ours, Exit.FAILED_CLEAN, Exit.FAILED_PART, reason)
            case OnFailure.UNDO_RUN:
                self._step_failed(step, reason)
                return await self._undo(list(self._applied), Exit.FAILED_CLEAN, Exit.FAILED_PART, reason)

    def _step_failed(self, step: PlannedStep, reason: str) -> None:
        self._record.note(Event.STEP, step=step.id, action=step.action, outcome="failed", reason=reason)

    def _over(self, step: PlannedStep) -> Exit:
        reason = "the run has taken longer than its wall_clock limit"
        if self._applied:
            return self._hold(step, reason)
        self._step_failed(step, reason)
        self._record.enter(Phase.ABORTED_CLEAN, reason)
        return Exit.FAILED_CLEAN if self._failed else Exit.LIMIT

    def _hold(self, step: PlannedStep, reason: str) -> Exit:
        self._step_failed(step, reason)
        self._record.enter(Phase.HELD, reason)
        return Exit.FAILED_PART

    async def _undo(self, changes: Iterable[Change], clean: Exit, part: Exit, reason: str) -> Exit:
        """Takes these back, last in first out; the rest of what was applied stays in force.

        One that cannot be taken back does not keep the others in force; all that are left are named.
        """
        self._record.enter(Phase.UNDOING, reason)
        left = []
        for change in reversed(list(changes)):
            applied = await self._pen.write(change.inverse())
            if applied.outcome is Outcome.DONE:
                self._applied.remove(change)
            else:
                left.append(f"{change.component} {change.fact}: {applied.reason}")
        if left:
            self._record.enter(Phase.UNDO_FAILED, "; ".join(left))
            return Exit.UNDO_FAILED
        self._record.enter(Phase.HELD if self._applied else Phase.CLOSED, reason)
        return part if self._applied else clean

    async def _cancel(self) -> Exit:
        self._record.note(Event.STOP)
        if not self._applied:
            self._record.enter(Phase.ABORTED_CLEAN, "stopped")
            return Exit.CANCELLED_CLEAN
        if self._stop.undo:
            return await self._undo(list(self._applied), Exit.CANCELLED_CLEAN, Exit.CANCELLED_PART, "stopped")
        self._record.enter(Phase.HELD, "stopped")
        return Exit.CANCELLED_PART

    async def _soak(self) -> Exit:
        """Watches for the steady state; all steps are in force by now, so a stop ends the watching only."""
        if not self._applied:
            self._record.enter(Phase.ABORTED_CLEAN, "; ".join(self._failed))
            return Exit.FAILED_CLEAN
        if self._plan.steady is not None:
            self._record.enter(Phase.SOAKING)
            longest = max(0.0, self._ends - self._ports.clock.now())
            steady, missing = await self._watcher.soak(self._plan.steady, longest)
            if self._stop.event.is_set() and self._stop.undo and not steady:
                return await self._cancel()
            if not steady:
                self._unproven.append(f"not steady: {missing}")
        self._record.enter(Phase.IN_FORCE, "; ".join(self._failed + self._unproven))
        if self._failed:
            return Exit.FAILED_PART
        return Exit.UNPROVEN if self._unproven else Exit.OK
