"""The phases of a run, as a table: what may follow what. Any other move is a bug and raises.

In force is a normal state, not an end: a run is over when closed. A run whose runner is gone is INTERRUPTED,
which nobody can write at the time: whoever opens its journal next does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    PLANNED = "planned"
    PREFLIGHT = "preflight"
    APPLYING = "applying"
    VERIFYING = "verifying"
    SOAKING = "soaking"
    IN_FORCE = "in force"
    UNDOING = "undoing"
    CLOSED = "closed"
    ABORTED_CLEAN = "aborted clean"  # over, and nothing was touched
    HELD = "held"  # stopped, part in force
    INTERRUPTED = "interrupted"  # the runner is gone; what is in force is on the targets
    UNDO_FAILED = "undo failed"


P = Phase
NEXT: Mapping[Phase, frozenset[Phase]] = {
    P.PLANNED: frozenset({P.PREFLIGHT, P.ABORTED_CLEAN, P.INTERRUPTED}),
    P.PREFLIGHT: frozenset({P.APPLYING, P.SOAKING, P.CLOSED, P.ABORTED_CLEAN, P.INTERRUPTED}),
    P.APPLYING: frozenset(
        {P.VERIFYING, P.SOAKING, P.IN_FORCE, P.HELD, P.UNDOING, P.ABORTED_CLEAN, P.INTERRUPTED}
    ),  # to soaking at once: the last step could not be written, and the playbook says to continue
    P.VERIFYING: frozenset({P.APPLYING, P.SOAKING, P.IN_FORCE, P.HELD, P.UNDOING, P.INTERRUPTED}),
    P.SOAKING: frozenset({P.IN_FORCE, P.HELD, P.UNDOING, P.INTERRUPTED}),
    P.IN_FORCE: frozenset({P.UNDOING}),
    P.HELD: frozenset({P.UNDOING}),
    P.INTERRUPTED: frozenset({P.UNDOING}),
    P.UNDOING: frozenset({P.APPLYING, P.CLOSED, P.HELD, P.IN_FORCE, P.UNDO_FAILED, P.INTERRUPTED}),
    P.UNDO_FAILED: frozenset({P.UNDOING}),
    P.ABORTED_CLEAN: frozenset({P.UNDOING}),  # harmless: an undo that finds nothing
    P.CLOSED: frozenset({P.UNDOING}),
}

ENDED = frozenset({P.IN_FORCE, P.HELD, P.CLOSED, P.ABORTED_CLEAN, P.UNDO_FAILED, P.INTERRUPTED})
"""Phases that no runner is at work in."""


class IllegalMove(Exception):
    """A bug: the engine tried to move a run to a phase that cannot follow."""


def move(now: Phase, to: Phase) -> Phase:
    """``to``, when it may follow ``now``; IllegalMove otherwise."""
    if to not in NEXT[now]:
        raise IllegalMove(f"a run that is {now} cannot become {to}")
    return to
