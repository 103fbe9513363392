"""What monitoring has raised and has not taken back, in one row: the screen judges by itself, and says what others do.

Alike ones are told together, the oldest first. What does not fit is in the number; ``seawall status`` lists them all,
also those of severity ``none``, which in the usual sets of rules fire always (Watchdog) or for machines to read.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.model.alert import Alert, AlertState
from console.model.units import show_duration
from panels.line import Line, Row, Span, Tone, fit, packed, width_of
from panels.plain import inert
from panels.scene import Scene

URGENT = ("critical", "page", "crit")  # severities that wake somebody, as the usual sets of rules have them
QUIET = "none"
NAME = 30  # cells of an alert's name


def rows(scene: Scene) -> tuple[Row, ...]:
    """Nothing where nothing fires that somebody is to know; what is pending is not told."""
    alike: dict[tuple[str, str], list[Alert]] = {}
    firing = [each for each in scene.topology.alerts if each.state is AlertState.FIRING and each.severity != QUIET]
    for each in firing:
        alike.setdefault((each.name, each.severity), []).append(each)
    if not firing:
        return ()
    title: Line = (Span("   firing ", Tone.STRONG), Span(f"{len(firing)}  ", Tone.DIM))
    told = packed((_told(each, scene) for each in alike.values()), scene.width - width_of(title))
    return (Row(fit((*title, *told), scene.width)),)


def _told(alike: Sequence[Alert], scene: Scene) -> Line:
    """``OrdersLag ×3 4m``: how many of them, and since when the oldest."""
    tone = Tone.CRIT if alike[0].severity.lower() in URGENT else Tone.WARN
    if all(_late(each, scene) for each in alike):
        tone = Tone.UNKNOWN
    count = f" ×{len(alike)}" if len(alike) > 1 else ""
    begun = [each.since for each in alike if each.since is not None]
    age = f" {_age(scene.now - min(begun))}" if begun else ""
    return (Span(inert(alike[0].name, NAME) or "?", tone), Span(f"{count}{age}", Tone.DIM))


def _late(alert: Alert, scene: Scene) -> bool:
    """Whether it was told so long ago that it may be over."""
    source = scene.topology.sources[alert.source]
    return source.snapshot is not None and scene.late(source.name, source.snapshot.at)


def _age(seconds: float) -> str:
    """Whole minutes while there are many: the row need not be drawn anew every second."""
    seconds = max(0.0, float(round(seconds)))
    return show_duration(seconds - seconds % 60 if seconds >= 300 else seconds)
