"""What can be set, and one setting of it: facts, marks and changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from console.model.component import ComponentId

FactValue = bool | int | float | str | None
"""None: the fact is absent (no such flag, no TTL configured). Absent is not zero."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The trace a change leaves on its target, in the same atomic write as the change itself.

    With it any machine can undo without the journal. Marks of one fact stack: the last one is on top.
    """

    run: str
    step: str
    before: FactValue
    after: FactValue
    until: float | None  # wall epoch seconds; None: no end
    reason: str = ""
    actor: str = ""
    seq: int = 0  # order within the run, so that undo from marks alone is last in, first out


@dataclass(frozen=True, slots=True)
class Fact:
    """Something on a component that we can set, as it was read.

    ``version`` is the target's own token for a conditional write (a resourceVersion, or "" where the
    condition is the value itself). ``owner`` names who else writes it ("hpa api", "keda", "" for nobody).
    """

    name: str  # "replicas", "hpa.max", "flag.read_only", "ttl.catalog"
    value: FactValue
    version: str = ""
    owner: str = ""
    marks: tuple[Mark, ...] = ()  # oldest first


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of one component, before → after, with an end time.

    Undo is the inverse: before and after swapped, and ``undoes`` naming the step whose mark is removed
    in the same write.
    """

    component: ComponentId
    fact: str
    before: FactValue
    after: FactValue
    version: str = ""  # of the target when it was planned; "" where the value alone is the condition
    step: str = ""
    seq: int = 0
    lasts: float | None = None  # estate seconds until it ends by itself or is reaped; None: no end
    reason: str = ""
    undoes: bool = False

    def inverse(self) -> Change:
        return replace(self, before=self.after, after=self.before, version="", lasts=None, undoes=not self.undoes)


class Outcome(StrEnum):
    """The three outcomes of a write. UNKNOWN is settled by ``probe``, never by a blind retry."""

    DONE = "done"
    REJECTED = "rejected"  # certainly nothing happened
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a write. ``reason`` is one line for a person; ``version`` is the target's new token."""

    outcome: Outcome
    reason: str = ""
    version: str = ""
    forbidden: bool = False  # rejected for lack of permission


class Verdict(StrEnum):
    """What a probe found at the target."""

    OURS = "ours"  # the change is in force, with our mark
    NOT_APPLIED = "not applied"  # the before-value still stands, without our mark
    SUPERSEDED = "superseded"  # our mark is there, the value is another's
    FOREIGN = "foreign"  # neither the before- nor our value
    UNKNOWN = "unknown"  # the target could not be read; asking again is harmless


@dataclass(frozen=True, slots=True)
class Probed:
    verdict: Verdict
    value: FactValue = None  # what is there now
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunContext:
    """Who writes, on whose behalf: travels with each write into its mark."""

    run: str
    actor: str
    reason: str
    fence: int = 0  # grows with each holder of the lock; 0 where no lock is held
    until: float | None = None  # wall epoch seconds at which the change ends
