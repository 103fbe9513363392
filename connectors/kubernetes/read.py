"""What every kind's reading has in common: whose it is and when, ids, facts with their owners and marks. Pure.

Counts are the server's own, from each object's status; pods are never listed for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.failure import one_line
from connectors.kubernetes.facts import Thing, value_of
from connectors.kubernetes.marks import Entry, UnreadableMarks, decode, marks_of
from connectors.kubernetes.objects import Condition, Metadata
from console.model.change import Fact
from console.model.component import ComponentId
from console.model.signal import Signal, Unit

WORDS = 60
"""Characters of a reason that come into a note: the API allows 1,024 of them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose reading it is, and when (estate seconds)."""

    source: str
    at: float

    def signal(self, name: str, value: float | None, unit: Unit, note: str = "") -> Signal:
        return Signal(name, value, unit, self.at, self.source, note)

    def count(self, name: str, value: float | None, note: str = "") -> Signal:
        return self.signal(name, value, Unit.COUNT, note)

    def id(self, kind: str, metadata: Metadata) -> ComponentId:
        return f"{self.source}/{kind}/{metadata.namespace}/{metadata.name}"


def facts_of(thing: Thing, names: tuple[str, ...], owner: str) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The facts that the object has, and a note where its marks cannot be read."""
    entries, notes = _entries(thing.metadata)
    version = thing.metadata.resource_version
    read = ((name, value_of(thing, name)) for name in names)
    facts = (Fact(name, value, version, owner, marks_of(entries, name)) for name, value in read if value is not None)
    return tuple(facts), notes


def _entries(metadata: Metadata) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    try:
        return decode(marks_text(metadata)), ()
    except UnreadableMarks:
        return (), ("marks unreadable",)


def marks_text(metadata: Metadata) -> str | None:
    """The annotation with the marks, as it stands; None where there is none."""
    return metadata.annotations.marks if metadata.annotations else None


def troubles(conditions: Iterable[Condition] | None, which: set[tuple[str, str]]) -> Iterator[str]:
    """The reasons of those conditions that are in one of these states (type, status)."""
    for condition in conditions or ():
        if (condition.type, condition.status) in which:
            yield one_line(condition.reason or condition.type, WORDS)


def held(conditions: Iterable[Condition] | None, type_: str) -> Condition | None:
    """The condition of that type, whatever its status; None before it was ever set."""
    return next((condition for condition in conditions or () if condition.type == type_), None)
