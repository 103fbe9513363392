"""A run as it happens: what was done, what was proven, what is not known, and what comes next."""

from __future__ import annotations

from console.acting import Happening, Mood, Progress
from console.model.units import show_duration
from panels.header import utc
from panels.line import Line, Row, Span, Tone, fit, spread
from panels.plain import inert

TONES = {
    Mood.WAITING: Tone.DIM,
    Mood.QUIET: Tone.PLAIN,
    Mood.GOOD: Tone.STRONG,
    Mood.UNSURE: Tone.UNKNOWN,
    Mood.BAD: Tone.CRIT,
}
MARKS = {Mood.WAITING: "…", Mood.QUIET: "·", Mood.GOOD: "✓", Mood.UNSURE: "?", Mood.BAD: "×"}


def rows(progress: Progress, width: int, height: int, wall: float) -> tuple[Row, ...]:
    """A title, the latest happenings that fit, and what comes next or what came of it."""
    room = max(1, height - 2)
    happened = progress.happened[-room:]
    return (
        Row(_title(progress, width, wall)),
        *(Row(_happening(each, width)) for each in happened),
        Row(_last(progress, width)),
    )


def _title(progress: Progress, width: int, wall: float) -> Line:
    left = (
        Span("───", Tone.DIM),
        Span(f" {inert(progress.title)} ", Tone.TITLE),
        Span(inert(progress.phase), Tone.STRONG),
    )
    ended = progress.happened[-1].at if progress.code is not None and progress.happened else wall
    elapsed = show_duration(max(0.0, float(round(ended - progress.started))))
    return spread((*left, Span(f"  {elapsed} ", Tone.DIM)), (Span(f" {inert(progress.run)} ", Tone.DIM),), width)


def _happening(each: Happening, width: int) -> Line:
    tone = TONES[each.mood]
    line = (
        Span(f" {utc(each.at)[:-1]} ", Tone.DIM),
        Span(f"{MARKS[each.mood]} ", tone),
        Span(inert(each.text), tone),
    )
    return fit(line, width)


def _last(progress: Progress, width: int) -> Line:
    if progress.code is None:
        keys: Line = (Span("x", Tone.KEY), Span(" stops ", Tone.DIM))
        said = f" next: {inert(progress.next)}" if progress.next else ""
        return spread((Span(said, Tone.DIM),), keys, width)
    tone = {0: Tone.STRONG, 23: Tone.UNKNOWN}.get(progress.code, Tone.CRIT)
    keys = (Span("z", Tone.KEY), Span(" undoes  ", Tone.DIM), Span("esc", Tone.KEY), Span(" closes ", Tone.DIM))
    return spread((Span(f" {inert(progress.result)}", tone),), keys, width)
