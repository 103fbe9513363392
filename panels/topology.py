"""The request path, one line a component, top to bottom as the config lays it out and never re-sorted.

The columns stand still: mark, name, values, history, status. What is wrong is told by word, shape and colour.
"""

from __future__ import annotations

from console.model.topology import Component, InForce, Topology
from console.model.units import show_duration
from panels import alerts
from panels.line import Line, Row, Span, Tone, fit, packed, pad, right
from panels.plain import inert
from panels.scene import Scene
from panels.spark import sweep
from panels.words import doubt, shown, status, words

NAME = 16  # cells
STATUS = 5
TELLING = ("lag", "hit_rate", "cpu", "rate", "depth", "connections", "latency", "p95", "errors", "ready", "up")
FLAT = ("desired", "hpa.current", "hpa.desired", "connections_max", "up")  # have no history worth a look


def rows(scene: Scene) -> tuple[Row, ...]:
    """The layers, then what follows from them: where the pressure starts, what fires, and what is in force."""
    lines = tuple(
        _component(component, scene, first=component is layer.components[0])
        for layer in scene.topology.layers
        for component in layer.components
    )
    follows = (*_told(scene), *_in_force(scene))
    room = scene.height - len(lines)
    return (*lines, *(_folded(follows, room) if room > 1 else ()))


def spark_width(width: int) -> int:
    """Cells for the history: what the values do not need, up to 24."""
    return max(0, min(24, width - 70))


def _component(component: Component, scene: Scene, *, first: bool) -> Row:
    pressed = scene.topology.pressure is not None and scene.topology.pressure.alias == component.alias
    history = spark_width(scene.width)
    room = scene.width - 3 - NAME - (history + 2 if history else 0) - STATUS - 1
    line: Line = (
        Span(" ▶ " if pressed else "   ", Tone.CRIT),
        *_name(component, first=first),
        *fit(_said(component, scene, room), room),
    )
    if history:
        line += (Span("  "), Span(_history(component, scene, history), Tone.DIM))
    return Row((*line, Span(" "), _padded(status(component))), component.alias)


def _said(component: Component, scene: Scene, room: int) -> Line:
    """How old a line is comes first: it says how much to believe of the rest."""
    warning = doubt(component, scene)
    if not component.seen:
        return packed((warning, *_why_unseen(component, scene)), room)
    return packed((warning, *words(component, scene)) if warning else words(component, scene), room)


def _why_unseen(component: Component, scene: Scene) -> tuple[Line, ...]:
    for each in component.ids:
        source = scene.topology.sources.get(each.split("/", 1)[0])
        if source is not None and source.failure is not None:
            return ((Span(f"{inert(source.name)}: {source.failure.kind.value}", Tone.UNKNOWN),),)
    return ()


def _name(component: Component, *, first: bool) -> Line:
    """Who shares a layer with the line above is set in by one."""
    indent = "" if first else " "
    name = Span(pad(inert(component.alias), NAME - 2 - len(indent)), Tone.NAME)
    return (Span(indent), name, Span("  "))


def _padded(span: Span) -> Span:
    return Span(pad(span.text, STATUS), span.tone)


def _history(component: Component, scene: Scene, width: int) -> str:
    for name in (*(each for each in component.show if each not in FLAT), *TELLING):
        points = scene.topology.points(f"{component.alias}.{name}")
        if points:
            return sweep(points, scene.now, width, scene.topology.layout.interval)
    return " " * width


def _told(scene: Scene) -> tuple[Row, ...]:
    told = (*_pressure(scene), *alerts.rows(scene))
    return (Row(()), *told) if told else ()


def _pressure(scene: Scene) -> tuple[Row, ...]:
    pressure = scene.topology.pressure
    if pressure is None:
        return ()
    return (Row(fit((Span("   "), Span(inert(pressure.evidence), Tone.STRONG)), scene.width)),)


def _in_force(scene: Scene) -> tuple[Row, ...]:
    """Whatever was changed and not taken back, on every console: what, by which run, until when."""
    lines = in_force_rows(scene)
    if not lines:
        return ()
    count = f"{len(lines)} change{'' if len(lines) == 1 else 's'}"
    title = (Span("   in force ", Tone.STRONG), Span(count, Tone.DIM))
    return (Row(()), Row(fit(title, scene.width)), *lines)


def in_force_rows(scene: Scene) -> tuple[Row, ...]:
    """One row a change, in an order that no reading disturbs."""
    standing = sorted(scene.topology.in_force, key=lambda each: (each.component, each.fact, each.mark.seq))
    return tuple(Row(in_force_line(each, scene)) for each in standing)


def _folded(rows: tuple[Row, ...], height: int) -> tuple[Row, ...]:
    """What follows from the lines gives way where the screen is short; view 6 has all of it."""
    if len(rows) <= height:
        return rows
    left_out = len(rows) - height + 1
    return (*rows[: height - 1], Row((Span(f"     and {left_out} more: ", Tone.DIM), Span("6", Tone.KEY))))


def in_force_line(each: InForce, scene: Scene) -> Line:
    left = "no end" if each.mark.until is None else _left(each.mark.until - scene.wall)
    value = (
        Span(shown(each.value), Tone.WARN if each.drifted else Tone.STRONG),
        Span(f" was {shown(each.mark.before)}", Tone.DIM),
    )
    drift = (Span(f"  drifted from {shown(each.mark.after)}", Tone.WARN),) if each.drifted else ()
    what = (Span("     "), Span(pad(alias_of(scene.topology, each), 10)), Span(pad(inert(each.fact), 24)))
    end: Line = (Span(right(inert(left), 14), Tone.DIM), Span(" "))
    return (*fit((*what, *value, *drift), scene.width - 15), *end)


def _left(seconds: float) -> str:
    """Whole minutes while there are many: an end in an hour need not be redrawn every second."""
    if seconds < 0:
        return f"{show_duration(float(round(-seconds)))} over"
    return f"{show_duration(seconds - seconds % 60 if seconds >= 300 else float(round(seconds)))} left"


def alias_of(topology: Topology, each: InForce) -> str:
    """The name of the line that this component stands on; its id's last part where it has none."""
    for component in topology.components:
        if each.component in component.ids:
            return inert(component.alias)
    return inert(each.component.rsplit("/", 1)[-1])
