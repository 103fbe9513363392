"""The top line: where we are, whether keys can change it, how old each source is, and the time in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from console.model.topology import Source
from console.model.units import show_duration
from panels.line import Line, Span, Tone, spread, width_of
from panels.plain import inert
from panels.scene import Scene

SHORT = {"prometheus": "prom", "kubernetes": "k8s"}
ORDER = {name: place for place, name in enumerate(("prometheus", "kafka", "redis", "kubernetes", "host"))}


@dataclass(frozen=True, slots=True)
class Station:
    """What the header says of the console itself. Times are wall seconds."""

    environment: str
    production: bool = False
    armed: bool = False
    armed_until: float | None = None  # None: armed without an end
    paused_since: float | None = None
    speed: float = 1.0


def line(scene: Scene, station: Station) -> Line:
    """Failing sources come first and in words: they must be seen also where the line is short."""
    end: Line = (Span(f"{utc(scene.wall)} "),)
    left = (*_environment(station), *_mode(station, scene.wall))
    room = scene.width - width_of(end)
    for source in _by_need(scene):
        said = _source(source, scene)
        if width_of(left) + width_of(said) <= room:
            left += said
    return spread(left, end, scene.width)


def utc(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%H:%M:%SZ")


def _environment(station: Station) -> Line:
    tone = Tone.BADGE_CRIT if station.production else Tone.BADGE
    speed: Line = (Span(f" ×{station.speed:g}", Tone.DIM),) if station.speed != 1 else ()
    return (Span(f" {inert(station.environment.upper(), 20)} ", tone), *speed, Span(" "))


def _mode(station: Station, wall: float) -> Line:
    paused: Line = ()
    if station.paused_since is not None:
        paused = (Span(f" PAUSED since {utc(station.paused_since)} ", Tone.BADGE_WARN), Span(" "))
    if not station.armed:
        return (Span("RO", Tone.STRONG), Span("  "), *paused)
    left = (
        "" if station.armed_until is None else f" {show_duration(max(0.0, float(round(station.armed_until - wall))))}"
    )
    return (Span(f" ARMED{left} ", Tone.BADGE_WARN), Span("  "), *paused)


def _by_need(scene: Scene) -> list[Source]:
    """The failing first, otherwise in an order that does not depend on who answered first."""
    sources = scene.topology.sources.values()
    return sorted(sources, key=lambda each: (each.failure is None, ORDER.get(each.name, len(ORDER)), each.name))


def _source(source: Source, scene: Scene) -> Line:
    name = inert(SHORT.get(source.name, source.name))
    age = source.age(scene.now)
    old = "" if age is None else f" {show_duration(max(1, int(age)))}"  # a flicker between 0 s and 1 s says nothing
    if source.failure is not None:
        return (Span(f"{name} {source.failure.kind.value}{old}  ", Tone.CRIT),)
    late = source.snapshot is not None and scene.late(source.name, source.snapshot.at)
    return (Span(f"{name}", Tone.DIM), Span(f"{old}  ", Tone.UNKNOWN if late else Tone.DIM))
