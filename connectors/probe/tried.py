"""One try of a check, and how it went."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.failure import innermost, kind_of
from console.model.snapshot import FailureKind


@dataclass(frozen=True, slots=True)
class Tried:
    """``took`` in wall seconds; None: it did not get that far. ``ends``: wall seconds at which the certificate does."""

    ok: bool
    said: str  # one line: what answered, or what went wrong
    took: float | None = None
    kind: FailureKind | None = None  # of a failure
    status: int | None = None  # HTTP's
    answers: int | None = None  # DNS's
    ends: float | None = None


def refused(error: BaseException) -> Tried:
    """A try that an exception of a client or of the system ended."""
    kind = kind_of(error)
    return Tried(False, f"{kind.value}: {innermost(error)}", kind=kind)


def overdue(seconds: float) -> Tried:
    return Tried(False, f"no answer within {seconds:g} s", kind=FailureKind.TIMED_OUT)
