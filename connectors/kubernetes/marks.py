"""The marks that changes leave on an object: one annotation on the object itself, never on its pod template.

An annotation on the template would roll the pods. The list is written in the same patch as the change, so whoever
sees the change sees who made it, what was there before and when it ends, with no journal and no other store.
"""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.kubernetes.objects import ANNOTATION
from console.model.change import FactValue, Mark

__all__ = ["ANNOTATION", "Entry", "UnreadableMarks", "decode", "encode", "find", "marks_of"]


class UnreadableMarks(Exception):
    """Someone else wrote into the annotation; it is left as it is, and nothing is written over it."""


class Entry(msgspec.Struct, frozen=True):
    """One mark. ``raw`` is what was there before, where ``before`` is a word that does not say all of it."""

    run: str
    step: str
    seq: int
    fact: str
    before: FactValue
    after: FactValue
    until: float | None = None  # wall epoch seconds
    reason: str = ""
    actor: str = ""
    raw: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

    def mark(self) -> Mark:
        return Mark(self.run, self.step, self.before, self.after, self.until, self.reason, self.actor, self.seq)

    def is_of(self, run: str, step: str, fact: str) -> bool:
        return (self.run, self.step, self.fact) == (run, step, fact)


_DECODER = msgspec.json.Decoder(tuple[Entry, ...])  # made once, by one thread: see objects.py


def decode(text: str | None) -> tuple[Entry, ...]:
    """An object's marks by the annotation's text, oldest first; UnreadableMarks where it is not such a list."""
    if text is None:
        return ()
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise UnreadableMarks(f"annotation {ANNOTATION} is not a list of marks: {error}") from error


def encode(entries: tuple[Entry, ...]) -> str | None:
    """The annotation's text; None, which removes it, when no mark is left."""
    return msgspec.json.encode(entries).decode() if entries else None


def marks_of(entries: tuple[Entry, ...], fact: str) -> tuple[Mark, ...]:
    return tuple(entry.mark() for entry in entries if entry.fact == fact)


def find(entries: tuple[Entry, ...], run: str, step: str, fact: str) -> Entry | None:
    return next((entry for entry in entries if entry.is_of(run, step, fact)), None)
