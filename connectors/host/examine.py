"""Whether this machine can be measured, and what a console on it must know."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from console.model.examination import Finding, Grade, Write
from console.model.signal import Signal
from console.model.snapshot import Observed
from console.model.units import show

NOTHING_TO_SET = "nothing on this machine can be set"


def version() -> str:
    """The operating system in its own words."""
    return f"{platform.system()} {platform.release()}"


def findings(seen: Observed, writes: Iterable[Write]) -> tuple[Finding, ...]:
    """One for each signal. What needs a second reading is no fault."""
    told = tuple(map(_measured, seen.signals))
    refused = (Finding(f"set {w.fact} of {w.component}", Grade.NO, NOTHING_TO_SET, write=w) for w in writes)
    return (*told, *refused)


def _measured(signal: Signal) -> Finding:
    what = f"measure {signal.name}"
    if signal.value is not None:
        return Finding(what, Grade.YES, show(signal.value, signal.unit))
    if signal.name == "disk":
        return Finding(what, Grade.NO, signal.note, "disk is a path on a file system that is mounted here")
    return Finding(what, Grade.NOTE if signal.note == "first reading" else Grade.UNKNOWN, signal.note)
