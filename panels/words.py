"""A component's readings in the words of its topology line: ``lag 48.2k  growing 310/s  drained in 4m``.

One small function a phrase, one row a phrase in the table. A phrase that has nothing to say is left out; a
reading that was asked for and is not known says ``?``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from console.model.component import Health
from console.model.reading import Reading
from console.model.topology import Component
from console.model.units import show, show_duration, show_number
from panels.line import Line, Span, Tone, tone_of
from panels.plain import inert
from panels.scene import Scene

LOOK_BACK = 300.0  # estate seconds, for "was"
NOTICED = 0.05  # a share that moved by less is not worth a "was"
FLOWING = 0.5  # a rate under this is standing still

Phrase = Callable[[Component, Scene], Line]


def words(component: Component, scene: Scene) -> tuple[Line, ...]:
    """The phrases of one component, most important first."""
    names = component.show or tuple(PHRASES)
    wanted = [each for name in names for each in (name, *IMPLIED.get(name, ()))]
    phrases = dict.fromkeys(PHRASES.get(name, _plain(name)) for name in wanted)
    said = [phrase(component, scene) for phrase in phrases]
    said += [_forecast(component, scene), *_remarks(component)]
    return tuple(line for line in said if line)


def value_of(reading: Reading | None, scene: Scene) -> Span:
    """A reading's value in its tone: dim when stale, ``?`` when not known."""
    if reading is None or reading.value is None:
        return Span("?", Tone.UNKNOWN)
    return Span(reading.text, Tone.DIM if scene.stale(reading) else tone_of(reading.health))


def labelled(label: str, value: Span) -> Line:
    return (Span(f"{label} ", Tone.DIM), value)


def _plain(name: str, label: str | None = None) -> Phrase:
    """``p95 180ms``: the reading under its label, where the component has it."""

    def phrase(component: Component, scene: Scene) -> Line:
        reading = component.readings.get(name)
        shown = name.replace("_", " ") if label is None else label
        return () if reading is None else labelled(inert(shown), value_of(reading, scene))

    return phrase


def _bare(name: str) -> Phrase:
    """``8.4k/s``: a value that needs no label."""

    def phrase(component: Component, scene: Scene) -> Line:
        reading = component.readings.get(name)
        return () if reading is None else (value_of(reading, scene),)

    return phrase


def _unusual(name: str, label: str) -> Phrase:
    """A reading that is only worth a word while it is not zero."""

    def phrase(component: Component, scene: Scene) -> Line:
        reading = component.readings.get(name)
        if reading is None or not reading.value:
            return ()
        return labelled(label, value_of(reading, scene))

    return phrase


def _pods(component: Component, scene: Scene) -> Line:
    ready, desired = component.readings.get("ready"), component.readings.get("desired")
    if ready is None and desired is None:
        return ()
    have, want = value_of(ready, scene), value_of(desired, scene)
    short = ready is not None and desired is not None and ready.value != desired.value
    tone = Tone.WARN if short and have.tone is Tone.PLAIN else have.tone
    return (Span(f"{have.text}/{want.text}", tone), Span(" pods", Tone.DIM))


def _hpa(component: Component, scene: Scene) -> Line:
    current, most = component.readings.get("hpa.current"), component.fact("hpa.max")
    if current is None and most is None:
        return ()
    value = value_of(current, scene)
    bound = show_number(most.value) if most is not None and isinstance(most.value, int | float) else "?"
    at_max = value.text == bound and value.tone is Tone.PLAIN
    return labelled("hpa", Span(f"{value.text}/{bound}", Tone.WARN if at_max else value.tone))


def _hit_rate(component: Component, scene: Scene) -> Line:
    reading = component.readings.get("hit_rate")
    if reading is None:
        return ()
    line = labelled("hit", value_of(reading, scene))
    before = scene.topology.history.since(f"{component.alias}.hit_rate", scene.now - LOOK_BACK)
    if reading.value is not None and before and abs(before[0].value - reading.value) >= NOTICED:
        line += (Span(f" (was {before[0].value * 100:.0f})", Tone.DIM),)
    return line


def _memory(component: Component, scene: Scene) -> Line:
    readings = component.readings
    known = readings.get("memory_ratio")
    reading = known if known is not None and known.value is not None else readings.get("memory", known)
    return () if reading is None else labelled("mem", value_of(reading, scene))


def _growth(component: Component, scene: Scene) -> Line:
    reading = component.readings.get("growth")
    if reading is None or reading.value is None or reading.value < FLOWING:
        return ()
    return (Span(f"growing {reading.text}", value_of(reading, scene).tone),)


def _drain(component: Component, scene: Scene) -> Line:
    reading = component.readings.get("drain")
    if reading is None or not reading.value or not component.value("lag"):
        return ()
    return (Span("drained in ", Tone.DIM), value_of(reading, scene))


def _connections(component: Component, scene: Scene) -> Line:
    used, most = component.readings.get("connections"), component.readings.get("connections_max")
    if used is None:
        return ()
    ratio = component.readings.get("connections_ratio")
    value = value_of(used, scene)
    tone = tone_of(ratio.health) if ratio is not None and value.tone is Tone.PLAIN else value.tone
    return labelled("conns", Span(f"{value.text}/{value_of(most, scene).text}" if most else value.text, tone))


def _up(component: Component, scene: Scene) -> Line:
    reading = component.readings.get("up")
    if reading is None:
        return ()
    value = value_of(reading, scene)
    return (value if reading.value is None else Span("up" if reading.value >= 1 else "down", value.tone),)


PHRASES: dict[str, Phrase] = {
    "up": _up,
    "ready": _pods,
    "desired": _pods,
    "hpa.current": _hpa,
    "hpa.desired": _hpa,
    "lag": _plain("lag"),
    "growth": _growth,
    "drain": _drain,
    "produced": _plain("produced", "in"),
    "consumed": _plain("consumed", "out"),
    "depth": _plain("depth"),
    "arrivals": _unusual("arrivals", "arriving"),
    "lost": _unusual("lost", "lost"),
    "stalled": _unusual("stalled", "stalled"),
    "stopped": _unusual("stopped", "stopped"),
    "tasks_failed": _unusual("tasks_failed", "tasks failed"),
    "hit_rate": _hit_rate,
    "memory_ratio": _memory,
    "memory": _memory,
    "rate": _bare("rate"),
    "errors": _plain("errors", "err"),
    "p95": _plain("p95"),
    "success": _plain("success"),
    "cpu": _plain("cpu"),
    "connections": _connections,
    "connections_ratio": _connections,
    "connections_max": _connections,
    "latency": _plain("latency"),
    "limited": _unusual("limited", "limited"),
    "evictions": _unusual("evictions", "evicting"),
    "rejections": _unusual("rejections", "rejecting"),
    "unavailable": _unusual("unavailable", "unavailable"),
    "never_committed": _unusual("never_committed", "never committed"),
    "load_ratio": _plain("load_ratio", "load"),
}
"""In the order in which they are said where the config does not name any."""

IMPLIED = {"lag": ("growth", "drain"), "ready": ("hpa.current",)}
"""What is said right after a reading that the config names, because the one means little without the other."""


def _forecast(component: Component, scene: Scene) -> Line:
    """``full in 4m``; how a queue drains is a reading of its own."""
    for forecast in scene.topology.forecasts:
        if forecast.alias == component.alias and forecast.what != "drained":
            return (Span(f"{forecast.what} in {show_duration(forecast.seconds)}", Tone.WARN),)
    return ()


def _remarks(component: Component) -> Iterable[Line]:
    """A state that is not the usual one, and the connector's notes."""
    if component.state and component.state not in USUAL:
        yield (Span(inert(component.state, 24), Tone.WARN),)
    for note in component.notes:
        yield (Span(inert(note, 40), Tone.WARN),)


USUAL = ("Stable", "Available", "Complete", "Ready", "RUNNING", "master", "ok")


def doubt(component: Component, scene: Scene) -> Line:
    """Why a line cannot be believed: how old it is, or that nobody has reported it."""
    if not component.seen:
        return (Span("not seen", Tone.UNKNOWN),)
    old = [reading for reading in component.readings.values() if scene.stale(reading)]
    if not old:
        return ()
    age = scene.now - min(reading.at for reading in old)
    return (Span(f"{show_duration(max(0.0, float(round(age))))} old", Tone.UNKNOWN),)


def status(component: Component) -> Span:
    tone = Tone.DIM if component.health is Health.OK else tone_of(component.health)
    return Span(component.health.word, tone)


def shown(value: object) -> str:
    """A fact's value as a person reads it; absent is said, not shown as zero."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "on" if value else "off"
    return inert(str(value))


def reading_text(reading: Reading) -> str:
    return show(reading.value, reading.unit)
