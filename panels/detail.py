"""One component whole: its health with the reasons, every reading with age and source, what can be set and by whom."""

from __future__ import annotations

from collections.abc import Iterable

from console.model.change import Fact, Mark
from console.model.component import ComponentId
from console.model.reading import Reading
from console.model.topology import Component
from console.model.units import show_duration
from panels.header import SHORT
from panels.inspection import rows as inspection_rows
from panels.line import Row, Span, Tone, fit, pad, right, spread
from panels.plain import inert
from panels.scene import Scene
from panels.words import doubt, shown, status, value_of

LABEL = 16  # cells
VALUE = 9


def rows(scene: Scene) -> tuple[Row, ...]:
    """The chosen component whole, with the drill-down once it was asked for and has come."""
    component = chosen(scene)
    if component is None:
        name = inert(scene.chosen) or "nothing chosen"
        return (Row((Span(f" {name}", Tone.TITLE),)), *_answers((scene.chosen,), scene))
    return (
        *_head(component, scene),
        *_answers(component.ids, scene),
        *_reasons(component),
        *_readings(component, scene),
        *_facts(component, scene),
        *_notes(component, scene),
    )


def _answers(ids: tuple[ComponentId, ...], scene: Scene) -> Iterable[Row]:
    """What was asked for last comes first: on a short screen the rest is below the fold."""
    for each in ids:
        if each in scene.inspections:
            yield from inspection_rows(scene.inspections[each], scene.width)


def chosen(scene: Scene) -> Component | None:
    """What the chosen row is about: rows are named by alias in one view and by id in the others."""
    found = scene.topology.component(scene.chosen)
    return found or next((each for each in scene.topology.components if scene.chosen in each.ids), None)


def _head(component: Component, scene: Scene) -> Iterable[Row]:
    name = (Span(" "), Span(inert(component.alias), Tone.TITLE))
    yield Row(spread(name, (*doubt(component, scene), Span("  "), status(component), Span(" ")), scene.width))
    for each in component.ids:
        yield Row((Span(f" {inert(each)}", Tone.DIM),))


def _title(text: str) -> tuple[Row, Row]:
    return Row(()), Row((Span(f" {text}", Tone.STRONG),))


def _reasons(component: Component) -> Iterable[Row]:
    if not component.reasons:
        return
    yield from _title("why")
    for reason in component.reasons:
        yield Row((Span(f"   {inert(reason)}"),))


def _readings(component: Component, scene: Scene) -> Iterable[Row]:
    if not component.readings:
        return
    yield from _title("readings")
    for reading in component.readings.values():
        yield _reading(reading, scene)


def _reading(reading: Reading, scene: Scene) -> Row:
    value = value_of(reading, scene)
    age = show_duration(max(1, int(scene.now - reading.at)))
    tone = Tone.UNKNOWN if scene.stale(reading) else Tone.DIM
    note = Span(f"  {inert(reading.note)}" if reading.note else "", Tone.WARN)
    line = (
        Span(f"   {pad(inert(reading.name), LABEL)}", Tone.DIM),
        Span(right(value.text, VALUE), value.tone),
        Span(right(age, 6), tone),
        Span(f"  {inert(SHORT.get(reading.source, reading.source))}", Tone.DIM),
        note,
    )
    return Row(fit(line, scene.width))


def _facts(component: Component, scene: Scene) -> Iterable[Row]:
    facts = [fact for fact in component.facts.values() if fact.value is not None or fact.marks]
    if not facts:
        return
    yield from _title("can be set")
    for fact in facts:
        yield _fact(fact, scene)
        for mark in reversed(fact.marks):
            yield _mark(mark, scene)


def _fact(fact: Fact, scene: Scene) -> Row:
    owner = f"  owner {inert(fact.owner)}" if fact.owner else ""
    name = Span(f"   {pad(inert(fact.name), LABEL)}", Tone.DIM)
    return Row(fit((name, Span(right(shown(fact.value), VALUE)), Span(owner, Tone.DIM)), scene.width))


def _mark(mark: Mark, scene: Scene) -> Row:
    left = "no end" if mark.until is None else f"{show_duration(float(round(mark.until - scene.wall)))} left"
    by = f" by {inert(mark.actor)}" if mark.actor else ""
    text = f"     was {shown(mark.before)}, {left}, {inert(mark.run)}{by}"
    return Row(fit((Span(text, Tone.WARN),), scene.width))


def _notes(component: Component, scene: Scene) -> Iterable[Row]:
    forecasts = [each for each in scene.topology.forecasts if each.alias == component.alias]
    if not (component.notes or forecasts):
        return
    yield from _title("notes")
    for forecast in forecasts:
        window = show_duration(forecast.window)
        yield Row((Span(f"   {forecast.what} in {show_duration(forecast.seconds)}, if the last {window} go on"),))
    for note in component.notes:
        yield Row((Span(f"   {inert(note)}"),))
