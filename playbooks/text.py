"""Plans and journal entries as lines for a person: the same words in the terminal's verbs and on the screen.

What targets say (values, owners, refusals) is in them, so every line is inert.
"""

from __future__ import annotations

import time

from console.model.change import Change
from console.model.inert import inert
from console.model.units import show_duration
from playbooks.check import words
from playbooks.journal import Entry, Event
from playbooks.plan import Plan, PlannedStep, Purpose
from playbooks.values import say


def plan_lines(plan: Plan) -> tuple[str, ...]:
    """The whole plan: the warnings, which a short screen must not hide; steps with before → after; the hash."""
    lines = [f"{plan.title}  ({plan.environment})"]
    if plan.params:
        lines.append("  with " + ", ".join(f"{name}={value}" for name, value in plan.params))
    lines += [f"! {warning}" for warning in plan.warnings]
    for number, step in enumerate(plan.steps, 1):
        lines += _step(number, step, plan.purpose)
    if not plan.steps:
        lines.append("  nothing to undo")
    count = len(plan.changes)
    lines.append(f"{count} change{'' if count == 1 else 's'}, plan {plan.hash}" if count else "nothing to change")
    return tuple(inert(line) for line in lines)


def entry_line(entry: Entry) -> str:
    """One event: ``14:02:07 ttl redis/cache ttl.catalog 60 → 600 done``."""
    clock = time.strftime("%H:%M:%S", time.localtime(entry.time))
    return f"{clock} {happened(entry)}"


def happened(entry: Entry) -> str:
    """One event without its time of day."""
    return inert(_happened(entry))


def _step(number: int, step: PlannedStep, purpose: Purpose) -> list[str]:
    head = f"{number}. {step.id}  {step.action} {step.target}"
    if not step.changes:
        return [f"{head}  already so"]
    lines = [head, *(f"     {_change(change)}" for change in step.changes)]
    lines += [f"     ! {remark}" for remark in step.remarks]
    if purpose is Purpose.RUN:
        lines.append(f"     {_after(step)}")
    return lines


def _change(change: Change) -> str:
    return f"{change.fact:<24} {say(change.before)} → {say(change.after)}"


def _after(step: PlannedStep) -> str:
    """``ends in 2h by the application itself; verified: reads back; on failure undo step``"""
    end = f"ends in {show_duration(step.expires)} by {step.ends}" if step.expires is not None else "no end"
    proof = ", ".join(words(check) for check in step.verify) or "nothing"
    return f"{end}; verified by: {proof}; on failure: {step.on_failure.value.replace('_', ' ')}"


def _happened(entry: Entry) -> str:
    reason = f": {entry.reason}" if entry.reason else ""
    where = f"{entry.step} {entry.target} {entry.fact}"
    change = f"{where} {say(entry.before)} → {say(entry.after)}"
    match entry.event:
        case Event.RUN | Event.UNDO:
            return f"{entry.event} {entry.run} by {entry.actor}{reason}"
        case Event.PHASE:
            return f"{entry.phase}{reason}"
        case Event.INTENT | Event.UNDO_INTENT:
            return f"{change} …"
        case Event.OUTCOME | Event.UNDO_OUTCOME:
            return f"{change} {entry.outcome}{reason}"
        case Event.PROBE:
            return f"{where} probed: {entry.outcome}{reason}"
        case Event.CHECK:
            return f"{entry.step} {entry.action}: {entry.outcome}{reason}"
        case Event.STEP:
            return f"step {entry.step} {entry.outcome}{reason}"
        case Event.NOTE:
            return f"note{reason}"
        case Event.STOP:
            return "asked to stop"
        case Event.END:
            return f"ended with {entry.exit}{reason}"
