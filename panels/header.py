"""The top line: where we are, whether keys can change it, how old each source is, and the time in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from console.model.component import system_of
from console.model.topology import Source
from console.model.units import show_duration
from panels.line import Line, Span, Tone, packed, spread, width_of
from panels.plain import inert
from panels.scene import Scene

WORTH_KNOWING = 5.0  # seconds; what is tried again sooner than that is not worth a countdown
SHORT = {"prometheus": "prom", "kubernetes": "k8s"}
ORDER = {name: place for place, name in enumerate(("prometheus", "kafka", "redis", "kubernetes", "probe", "host"))}


@dataclass(frozen=True, slots=True)
class Station:
    """What the header says of the console itself. Times are wall seconds."""

    environment: str
    production: bool = False
    armed: bool = False
    armed_until: float | None = None  # None: armed without an end
    paused_since: float | None = None
    speed: float = 1.0
    frozen: bool = False  # the estate's own clock stands still


def line(scene: Scene, station: Station) -> Line:
    """Failing sources come first and in words: they must be seen also where the line is short."""
    end: Line = (Span(f"{utc(scene.wall)} "),)
    left = (*_environment(station), *_mode(station, scene.wall))
    return spread((*left, *_sources(scene, scene.width - width_of(end) - width_of(left))), end, scene.width)


def utc(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%H:%M:%SZ")


def _environment(station: Station) -> Line:
    tone = Tone.BADGE_CRIT if station.production else Tone.BADGE
    speed: Line = (Span(f" ×{station.speed:g}", Tone.DIM),) if station.speed != 1 else ()
    if station.frozen:
        speed = (Span(" time stands still", Tone.WARN),)
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


def _sources(scene: Scene, room: int) -> Line:
    """Each with its age. Where that is too long, those that fail alike are told together, then only counted."""
    sources = sorted(
        scene.topology.sources.values(), key=lambda each: (ORDER.get(system_of(each.name), len(ORDER)), each.name)
    )
    failing = [each for each in sources if each.failure is not None]
    kinds = dict.fromkeys(_kind(each) for each in failing)
    alike = [tuple(each for each in failing if _kind(each) == kind) for kind in kinds]
    ways = (
        [_failing((each,), _names((each,)), scene) for each in failing],
        [_failing(group, _names(group), scene) for group in alike],
        [_failing(group, f"{len(group)} of {len(sources)}", scene) for group in alike],
    )
    told = next((way for way in ways if sum(width_of(each) + 2 for each in way) <= room), ways[-1])
    return packed((*told, *(_well(each, scene) for each in sources if each.failure is None)), room)


def _kind(source: Source) -> str:
    return "" if source.failure is None else source.failure.kind.value


def _names(sources: Iterable[Source]) -> str:
    return " ".join(inert(_short(each.name)) for each in sources)


def _short(name: str) -> str:
    """``k8s-eu`` of ``kubernetes-eu``."""
    system = system_of(name)
    return SHORT.get(system, system) + name.removeprefix(system)


def _failing(group: tuple[Source, ...], names: str, scene: Scene) -> Line:
    """``prom k8s refused 34s``: as old as the oldest of them. Then the breaker, and a wait that is worth knowing."""
    failures = [each.failure for each in group if each.failure is not None]
    broken = " open" if all(failure.open for failure in failures) else ""
    wait = max((failure.next_at or 0.0 for failure in failures), default=0.0) - scene.now
    again = f" again in {show_duration(float(round(wait)))}" if wait >= WORTH_KNOWING else ""
    return (Span(f"{names} {_kind(group[0])}{_oldest(group, scene)}{broken}{again}", Tone.CRIT),)


def _well(source: Source, scene: Scene) -> Line:
    late = source.snapshot is not None and scene.late(source.name, source.snapshot.at)
    return (Span(_names((source,)), Tone.DIM), Span(_oldest((source,), scene), Tone.UNKNOWN if late else Tone.DIM))


def _oldest(sources: tuple[Source, ...], scene: Scene) -> str:
    ages = [age for each in sources if (age := each.age(scene.now)) is not None]
    return f" {show_duration(max(1, int(max(ages))))}" if ages else ""  # a flicker between 0 s and 1 s says nothing
