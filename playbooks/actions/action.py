"""What an action is: a wish that, met with a topology, says which facts must change.

``plan`` is pure and reads only what was observed; nothing to do is an empty tuple ("already so"). The wire is
the connector's. A fact of a component that has not been read is a refusal, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from console.model.change import Change, FactValue
from console.model.component import ComponentId
from console.model.layout import Layout
from console.model.topology import Topology
from playbooks.exits import Exit, Refused
from playbooks.values import Value, Want


class Action(Protocol):
    """A frozen value: what is wanted of one component."""

    def facts(self, layout: Layout) -> tuple[str, ...]:
        """The names of all facts that it may set, whatever they are now: the writes that it needs to be permitted."""
        ...

    def plan(self, topology: Topology, target: ComponentId) -> tuple[Change, ...]:
        """The changes in the order in which they must be written; Refused when they must not be."""
        ...

    def warnings(self, topology: Topology, target: ComponentId) -> tuple[str, ...]:
        """What the arithmetic says about it, one line each."""
        ...


@dataclass(frozen=True, slots=True)
class Take:
    """One key of a step's ``with``."""

    want: Want
    needed: bool = False
    choices: tuple[str, ...] = ()


def _anything_goes(keys: frozenset[str]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of actions."""

    target: str  # the kind of component it acts on
    takes: Mapping[str, Take]
    make: Callable[..., Action]  # with the values of ``takes`` by name
    ends: str  # who ends a change at its end time
    fits: Callable[[frozenset[str]], str] = field(default=_anything_goes)  # "" or why these keys do not go together


def change(topology: Topology, target: ComponentId, name: str, after: Value) -> tuple[Change, ...]:
    """The one change that makes the fact ``after``, or none when it is already so.

    A fact that its component does not report is absent (None), which is not the same as false or zero.
    """
    before = current(topology, target, name)
    return () if same(before, after) else (Change(target, name, before, after),)


def current(topology: Topology, target: ComponentId, name: str) -> FactValue:
    """What was last read; Refused when the component has never been read or its source has failed since."""
    if target not in topology.observed:
        raise Refused(Exit.UNREACHABLE, f"{target} has not been read{_why(topology, target)}")
    fact = topology.fact(target, name)
    return None if fact is None else fact.value


def same(one: FactValue, other: FactValue) -> bool:
    """Equal, and not because Python takes True for 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _why(topology: Topology, target: ComponentId) -> str:
    source = topology.sources.get(target.split("/", 1)[0])
    return f": {source.failure.reason}" if source and source.failure else ""
