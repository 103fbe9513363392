"""What a playbook needs of an environment, known before anything was read: writes, and signals to prove them by.

Pure, and from the config alone, so that permissions can be asked for on a calm day and also where a target is down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from console.model.component import ComponentId
from console.model.examination import Write
from console.model.layout import Layout
from playbooks.actions import ACTIONS
from playbooks.exits import PlaybookError
from playbooks.playbook import Params, Playbook, SignalCheck, Step, bind
from playbooks.values import Ref


@dataclass(frozen=True, slots=True)
class Needs:
    """``missing``: why the config has no place for some of its steps, one line each; those writes are not known."""

    playbook: Playbook
    params: Params
    writes: tuple[Write, ...]
    signals: tuple[str, ...]  # alias.signal that its checks look at, each once
    missing: tuple[str, ...] = ()


def needs_of(playbook: Playbook, layout: Layout) -> Needs:
    """What it needs with the parameters that it has by default."""
    signals = tuple(dict.fromkeys(check.signal for check in _checks(playbook)))
    try:
        params = bind(playbook, {})
    except PlaybookError as error:
        return Needs(playbook, {}, (), signals, (error.reason,))
    writes: dict[Write, None] = {}
    missing = []
    for step in playbook.steps:
        target = _target(step, params, layout)
        if target is None:
            missing.append(_nowhere(step, params))
            continue
        facts = _facts(step, params, layout)
        if not facts:
            missing.append(f"step '{step.id}': nothing in the config says what it would set")
        writes.update(dict.fromkeys(Write(target, fact) for fact in facts))
    return Needs(playbook, params, tuple(writes), signals, tuple(missing))


def _target(step: Step, params: Params, layout: Layout) -> ComponentId | None:
    return layout.resolve(str(_settled(step.target, params)), ACTIONS[step.action].target)


def _nowhere(step: Step, params: Params) -> str:
    return f"step '{step.id}': '{_settled(step.target, params)}' is no {ACTIONS[step.action].target} in the config"


def _facts(step: Step, params: Params, layout: Layout) -> tuple[str, ...]:
    given = {key: _settled(value, params) for key, value in step.given.items()}
    return ACTIONS[step.action].make(**given).facts(layout)


def _settled(value: object, params: Params) -> object:
    return params[value.name] if isinstance(value, Ref) else value


def _checks(playbook: Playbook) -> Iterator[SignalCheck]:
    yield from playbook.require
    for step in playbook.steps:
        yield from (check for check in step.verify if isinstance(check, SignalCheck))
    if playbook.steady is not None:
        yield from playbook.steady.conditions
