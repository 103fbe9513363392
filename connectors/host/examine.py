"""Whether this machine can be measured, and what a console on it must know."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from console.model.examination import Finding, Grade, Write
from console.model.snapshot import Observed
from console.model.units import show

NOTHING_TO_SET = "nothing on this machine can be set"


def version() -> str:
    """The operating system in its own words."""
    return f"{platform.system()} {platform.release()}"


def findings(seen: Observed, writes: Iterable[Write]) -> tuple[Finding, ...]:
    """One for each signal. What needs a second reading is no fault."""
    told = tuple(
        Finding(f"measure {each.name}", Grade.YES, show(each.value, each.unit))
        if each.value is not None
        else Finding(f"measure {each.name}", Grade.NOTE if each.note == "first reading" else Grade.UNKNOWN, each.note)
        for each in seen.signals
    )
    refused = (Finding(f"set {w.fact} of {w.component}", Grade.NO, NOTHING_TO_SET, write=w) for w in writes)
    return (*told, *refused)
