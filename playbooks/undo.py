"""The plan that takes a run back: its marks, last in first out, each restored to what was there before.

The marks on the targets are the truth and are enough. The journal, where it is there, adds what marks cannot
say: which targets must be reachable before anybody may claim that there is nothing to undo.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from console.model.change import Change
from console.model.component import source_of, system_of
from console.model.topology import InForce, Topology
from playbooks.actions import ACTIONS
from playbooks.actions.action import same
from playbooks.check import Passed, evaluate, words
from playbooks.exits import Exit, Refused
from playbooks.plan import Plan, PlannedStep, Purpose, sealed
from playbooks.playbook import SignalCheck
from playbooks.values import say

MARKED = frozenset(system_of(row.target) for row in ACTIONS.values())
"""The systems that can hold a mark."""


def undo_plan(
    run: str,
    topology: Topology,
    environment: str,
    created: float,
    journaled: Iterable[Change] = (),
    guard: SignalCheck | None = None,
) -> Plan:
    """How to take ``run`` back now; without changes when there is nothing to undo.

    ``journaled``: what its journal says was written or may have been. Refused: 16 when a target that it names
    (or, without it, any target) cannot be read, 30 when a value is no longer the run's (both values named).
    """
    written = tuple(journaled)
    _refuse_blindness(written, topology)
    ours = [each for each in topology.in_force if each.mark.run == run]
    unseen = _unseen(written, topology)
    if unseen and not ours:
        raise Refused(Exit.UNREACHABLE, "; ".join(unseen))
    drifted = [line for each in ours for line in _drift(each, topology, created)]
    if drifted:
        raise Refused(Exit.DRIFTED, "; ".join(drifted))
    ours.sort(key=lambda each: each.mark.seq, reverse=True)
    made = Plan(
        purpose=Purpose.UNDO,
        name=name_of_run(run),
        title=f"Undo {run}",
        environment=environment,
        params=(),
        steps=_steps(ours),
        warnings=(
            *_guard(guard if ours else None, topology),
            *_lost(written, ours, topology),
            *unseen,
            *(() if ours else (f"no target carries a mark of {run}",)),
        ),
        playbook_hash="",
        hash="",
        created=created,
        run=run,
    )
    return sealed(made)


def name_of_run(run: str) -> str:
    """``viral-spike`` of ``20261122T140207Z-viral-spike-7f3a``; the id itself when it is not shaped so."""
    parts = run.split("-")
    return "-".join(parts[1:-1]) if len(parts) > 2 else run


def _refuse_blindness(written: tuple[Change, ...], topology: Topology) -> None:
    for change in written:
        source = topology.sources.get(source_of(change.component))
        if source is None or source.snapshot is None or source.failure is not None:
            why = f": {source.failure.reason}" if source and source.failure else ""
            raise Refused(Exit.UNREACHABLE, f"{change.component} cannot be read{why}")


def _drift(each: InForce, topology: Topology, wall: float) -> tuple[str, ...]:
    fact = topology.fact(each.component, each.fact)
    mark = each.mark
    what = f"{each.component} {each.fact}"
    if fact is not None and fact.marks[-1] != mark:
        return (f"{what}: run {fact.marks[-1].run} was written over it; undo that first",)
    ended = mark.until is not None and mark.until <= wall
    if fact is None or same(fact.value, mark.after) or (ended and same(fact.value, mark.before)):
        return ()
    owner = f" (set by {fact.owner})" if fact.owner else ""
    return (f"{what}: {say(mark.after)} was set, {say(fact.value)} is there{owner}",)


def _steps(ours: Iterable[InForce]) -> tuple[PlannedStep, ...]:
    steps = []
    for (step, component), group in groupby(ours, key=lambda each: (each.mark.step, each.component)):
        steps.append(PlannedStep(step, "undo", component, tuple(_inverse(each) for each in group)))
    return tuple(steps)


def _inverse(each: InForce) -> Change:
    mark = each.mark
    applied = Change(
        each.component, each.fact, mark.before, mark.after, step=mark.step, seq=mark.seq, reason=mark.reason
    )
    return applied.inverse()


def _guard(guard: SignalCheck | None, topology: Topology) -> tuple[str, ...]:
    """Capacity is taken away from a cold system only; hot is a warning, the decision is a person's."""
    if guard is None or isinstance(evaluate(guard, topology, 0.0, topology.at), Passed):
        return ()
    reading = topology.reading(guard.signal)
    now = f"{guard.signal} is {reading.text}" if reading else f"{guard.signal} is not known"
    return (f"not cold: {now}, wanted {words(guard, topology)}",)


def _lost(written: tuple[Change, ...], ours: Iterable[InForce], topology: Topology) -> tuple[str, ...]:
    """What the journal says was written, is not as before, and carries our mark no more: left alone."""
    marked = {(each.component, each.fact) for each in ours}
    lines = []
    for change in written:
        fact = topology.fact(change.component, change.fact)
        now = None if fact is None else fact.value
        if (change.component, change.fact) not in marked and not same(now, change.before):
            lines.append(f"{change.component} {change.fact} is {say(now)}, and our mark is gone: left alone")
    return tuple(lines)


def _unseen(written: tuple[Change, ...], topology: Topology) -> tuple[str, ...]:
    """Without a journal nobody knows what an unreachable source holds."""
    if written:
        return ()
    failed = [source.name for source in topology.sources.values() if source.failure is not None]
    return tuple(f"{name} cannot be read: it may hold more of this run" for name in failed if system_of(name) in MARKED)
