"""The bottom line: the keys that work here, or why the last key did not, or the filter being typed."""

from __future__ import annotations

from collections.abc import Iterable

from panels.line import Line, Span, Tone, packed, spread, width_of
from panels.plain import inert
from panels.scene import Scene


def line(scene: Scene, keys: Iterable[tuple[str, str]], notice: str = "", filter: str | None = None) -> Line:
    """``filter`` None: not being typed. A notice stays until the next key."""
    if filter is not None:
        typed: Line = (
            Span(" /", Tone.KEY),
            Span(inert(filter)),
            Span("▏"),
            Span("  enter keeps, esc clears", Tone.DIM),
        )
        return spread(typed, (), scene.width)
    if notice:
        return spread((Span(" "), Span(inert(notice), Tone.WARN)), (), scene.width)
    end = _standing(scene)
    left = packed((hint(key, what) for key, what in keys), scene.width - width_of(end) - 1)
    return spread((Span(" "), *left), end, scene.width)


def hint(key: str, what: str) -> Line:
    return (Span(key, Tone.KEY), Span(f" {what}", Tone.DIM))


def _standing(scene: Scene) -> Line:
    """How much is in force, and what its conditions suggest now."""
    count = len(scene.topology.in_force)
    line: Line = (Span(f"in force {count} ", Tone.STRONG if count else Tone.DIM),)
    suggested = next((offer for offer in scene.offers if offer.because), None)
    if suggested is not None:
        line = (
            Span("suggests ", Tone.DIM),
            Span(f"!{suggested.key}", Tone.KEY),
            Span(f" {inert(suggested.name, 20)}  ", Tone.WARN),
            *line,
        )
    return line
