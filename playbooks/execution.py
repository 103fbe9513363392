"""What the runner's process does with an approved plan, from the first line of its journal to the last."""

from __future__ import annotations

from playbooks import runner
from playbooks.approval import Approval, again
from playbooks.exits import Exit, Refused
from playbooks.journal import NOTHING, Entry, Event, Journal, JournalError, Read, written
from playbooks.phase import ENDED, Phase
from playbooks.plan import Plan, Purpose
from playbooks.ports import Ports
from playbooks.record import Record
from playbooks.runner import Stop


async def execute(approval: Approval, journal: Journal, ports: Ports, stop: Stop, before: Read = NOTHING) -> Exit:
    """Plans again from the estate as it is now, and does it when it is what was approved.

    ``before``: what the journal held already, for an undo. The exit code is the last line of the journal, unless
    the journal can no longer be written: then Refused says so, 16 when nothing of the run is in force and 21 when
    something is, on its targets, with its marks.
    """
    entries = before.entries
    if entries and approval.purpose is Purpose.RUN:
        raise Refused(Exit.USAGE, f"{approval.run} has been done already: plan again")
    record = Record(journal, ports.clock.wall, before.phase)
    try:
        _note_damage(journal, before, record)
        code = await _execute(approval, ports, record, stop, entries)
        record.note(Event.END, exit=int(code), outcome=code.name.lower(), reason=code.words)
    except JournalError as error:
        raise await _unjournaled(ports, approval.run, error) from error
    return code


async def _execute(approval: Approval, ports: Ports, record: Record, stop: Stop, entries: tuple[Entry, ...]) -> Exit:
    undoes = approval.purpose is Purpose.UNDO
    _begin(approval, ports, record, undoes, entries)
    topology = await ports.watch.read_now()
    try:
        plan = again(approval, topology, ports.clock.wall(), written(entries))
    except Refused as refused:
        if not undoes:
            record.enter(Phase.ABORTED_CLEAN, refused.reason)
        record.note(Event.NOTE, reason=refused.reason)
        return refused.exit
    _note_warnings(plan, record)
    return await (runner.undo if undoes else runner.run)(plan, ports, record, stop)


def _begin(approval: Approval, ports: Ports, record: Record, undoes: bool, entries: tuple[Entry, ...]) -> None:
    """Who asked for what. An undo of a run whose runner is gone says first that it was interrupted."""
    if undoes and record.phase not in ENDED:
        reason = "its runner is gone" if entries else "no journal here: undone from the marks"
        record.enter(Phase.INTERRUPTED, reason)
    record.note(
        Event.UNDO if undoes else Event.RUN,
        plan=approval.hash,
        actor=ports.actor,
        reason=", ".join(f"{name}={value}" for name, value in approval.given.items()),
        title=approval.title,
        playbook=approval.playbook,
    )


def _note_warnings(plan: Plan, record: Record) -> None:
    for warning in plan.warnings:
        record.note(Event.NOTE, reason=warning)


def _note_damage(journal: Journal, before: Read, record: Record) -> None:
    if journal.torn:
        record.note(Event.NOTE, reason="the last line of this journal was torn; it was dropped")
    if before.broken:
        record.note(Event.NOTE, reason=f"this journal is not whole: {before.broken}")


async def _unjournaled(ports: Ports, run: str, error: JournalError) -> Refused:
    topology = await ports.watch.read_now()
    marked = any(each.mark.run == run for each in topology.in_force)
    exit = Exit.FAILED_PART if marked else Exit.UNREACHABLE
    return Refused(exit, f"stopped, the journal cannot be written: {error.reason}")
