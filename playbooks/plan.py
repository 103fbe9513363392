"""A playbook met with the topology: what would change, what the arithmetic says, and a hash to approve.

Pure. The hash covers what a person says yes to (the playbook's words, the parameters, each target's before and
after) and nothing that moves by itself, so that an unchanged estate always gives the same hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from console.model.change import Change, Fact
from console.model.component import ComponentId
from console.model.topology import Topology
from playbooks.actions import ACTIONS, Action
from playbooks.exits import Exit, Refused
from playbooks.playbook import Check, OnFailure, Params, Playbook, SignalCheck, Steady, Step
from playbooks.values import Ref, Value, say, show

VALID = 300.0  # wall seconds for which a plan may be approved


class Purpose(StrEnum):
    RUN = "run"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step with its changes; none: already so. ``remarks`` are about the targets as they are now."""

    id: str
    action: str
    target: ComponentId
    changes: tuple[Change, ...]
    verify: tuple[Check, ...] = ()
    on_failure: OnFailure = OnFailure.UNDO_STEP
    expires: float | None = None  # estate seconds
    ends: str = ""  # who ends the changes at their end time
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A value with a hash. ``run`` names the run that an undo takes back."""

    purpose: Purpose
    name: str
    title: str
    environment: str
    params: tuple[tuple[str, str], ...]
    steps: tuple[PlannedStep, ...]
    warnings: tuple[str, ...]
    playbook_hash: str
    hash: str
    created: float  # wall epoch seconds
    run: str = ""
    file: str = ""  # what errors about ``source`` call it
    source: str = ""  # the playbook's words, so that its runner plans from the very same
    permissions: bool = False  # every write is asked for before the first one
    require: tuple[SignalCheck, ...] = ()
    steady: Steady | None = None
    wall_clock: float = 1200.0  # estate seconds that the run may take

    @property
    def changes(self) -> tuple[Change, ...]:
        """In the order in which they are written."""
        return tuple(change for step in self.steps for change in step.changes)

    @property
    def targets(self) -> tuple[ComponentId, ...]:
        return tuple(dict.fromkeys(change.component for change in self.changes))


def plan(playbook: Playbook, params: Params, topology: Topology, environment: str, created: float) -> Plan:
    """What the playbook would change now. Refused: 11 a requirement, 16 a target not read, 17 a limit."""
    steps = _number(_step(playbook, step, params, topology) for step in playbook.steps)
    warnings = tuple(line for step in playbook.steps for line in _warnings(step, params, topology))
    kinds = {param.name: param.kind.want for param in playbook.params}
    made = Plan(
        purpose=Purpose.RUN,
        name=playbook.name,
        title=playbook.title,
        environment=environment,
        params=tuple((name, show(value, kinds[name])) for name, value in params.items()),
        steps=steps,
        warnings=tuple(dict.fromkeys(warnings)),
        playbook_hash=playbook.hash,
        hash="",
        created=created,
        file=playbook.file,
        source=playbook.source,
        permissions=playbook.permissions,
        require=tuple(settle(check, params) for check in playbook.require),
        steady=_steady(playbook.steady, params),
        wall_clock=playbook.limits.wall_clock,
    )
    _within_limits(made, playbook)
    return sealed(made)


def stale(approved: Iterable[Change], now: Plan) -> tuple[str, ...]:
    """How what was approved differs from what would be done now, one line a difference; empty: not at all."""
    before = {(each.component, each.fact): each for each in approved}
    after = {(each.component, each.fact): each for each in now.changes}
    lines = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if _words(old) != _words(new):
            lines.append(f"{key[0]} {key[1]}: approved {_words(old)}, now {_words(new)}")
    return tuple(lines)


def sealed(made: Plan) -> Plan:
    """The plan with its hash."""
    parts = [
        made.purpose.value,
        made.environment,
        made.run,
        made.playbook_hash,
        made.params,
        [(each.step, each.component, each.fact, each.before, each.after, each.lasts) for each in made.changes],
    ]
    return replace(made, hash=hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16])


def settle(check: SignalCheck, params: Params) -> SignalCheck:
    """The check with its parameter's value as the bound."""
    return replace(check, bound=float(_settled(check.bound, params)))


def _settled(value: Value | Ref, params: Params) -> Value:
    return params[value.name] if isinstance(value, Ref) else value


def _step(playbook: Playbook, step: Step, params: Params, topology: Topology) -> PlannedStep:
    row = ACTIONS[step.action]
    target = _target(step, params, topology)
    _refuse_blindness(topology, target)
    expires = None if step.expires is None else float(_settled(step.expires, params))
    found = _action(step, params).plan(topology, target)
    changes = tuple(replace(each, step=step.id, lasts=expires, reason=playbook.title) for each in found)
    return PlannedStep(
        id=step.id,
        action=step.action,
        target=target,
        changes=changes,
        verify=tuple(settle(each, params) if isinstance(each, SignalCheck) else each for each in step.verify),
        on_failure=step.on_failure,
        expires=expires,
        ends=row.ends,
        remarks=tuple(line for each in changes for line in _remarks(topology.fact(each.component, each.fact))),
    )


def _action(step: Step, params: Params) -> Action:
    values: Mapping[str, Value] = {key: _settled(value, params) for key, value in step.given.items()}
    return ACTIONS[step.action].make(**values)


def _target(step: Step, params: Params, topology: Topology) -> ComponentId:
    name, kind = str(_settled(step.target, params)), ACTIONS[step.action].target
    target = topology.layout.resolve(name, kind)
    if target is None:
        raise Refused(Exit.USAGE, f"step '{step.id}': '{name}' is no {kind} in the config")
    return target


def _refuse_blindness(topology: Topology, target: ComponentId) -> None:
    source = topology.sources.get(target.split("/", 1)[0])
    if source is not None and source.failure is not None:
        raise Refused(Exit.UNREACHABLE, f"{target}: {source.failure.reason}")
    if target not in topology.observed:
        raise Refused(Exit.UNREACHABLE, f"{target} has not been read")


def _warnings(step: Step, params: Params, topology: Topology) -> tuple[str, ...]:
    return _action(step, params).warnings(topology, _target(step, params, topology))


def _remarks(fact: Fact | None) -> tuple[str, ...]:
    """Who else has a hand on the fact."""
    if fact is None:
        return ()
    lines = [f"{fact.name} is also set by {fact.owner}"] if fact.owner else []
    lines += [f"{fact.name}: run {mark.run} is in force on it" for mark in fact.marks]
    if fact.marks and fact.marks[-1].after != fact.value:
        lines.append(f"{fact.name} has drifted: {say(fact.marks[-1].after)} was set, {say(fact.value)} is there")
    return tuple(lines)


def _number(steps: Iterable[PlannedStep]) -> tuple[PlannedStep, ...]:
    """Changes numbered through the run, from 1, so that marks alone say the order."""
    numbered, seq = [], 0
    for step in steps:
        changes = tuple(replace(each, seq=seq + place) for place, each in enumerate(step.changes, 1))
        numbered.append(replace(step, changes=changes))
        seq += len(changes)
    return tuple(numbered)


def _steady(steady: Steady | None, params: Params) -> Steady | None:
    if steady is None:
        return None
    conditions = (replace(settle(each, params), within=steady.within) for each in steady.conditions)
    return replace(steady, conditions=tuple(conditions))


def _within_limits(made: Plan, playbook: Playbook) -> None:
    limits = playbook.limits
    if len(made.targets) > limits.targets:
        raise Refused(Exit.LIMIT, f"{len(made.targets)} targets, the limit is {limits.targets}")
    for change in made.changes:
        if _ratio(change) > limits.ratio:
            told = _words(change)
            raise Refused(Exit.LIMIT, f"{change.component} {change.fact}: {told} is over the ratio of {limits.ratio:g}")


def _ratio(change: Change) -> float:
    before, after = change.before, change.after
    if isinstance(before, bool) or isinstance(after, bool):
        return 1.0
    if not isinstance(before, int | float) or not isinstance(after, int | float) or before <= 0:
        return 1.0
    return after / before


def _words(change: Change | None) -> str:
    return "no change" if change is None else f"{say(change.before)} → {say(change.after)}"
