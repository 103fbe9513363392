"""Consumer groups: how far behind, how fast in and out, and when that ends. Coloured by time, not by raw lag."""

from __future__ import annotations

from collections.abc import Mapping

from console.model.component import Health, kind_of, name_of
from console.model.derive import readings_of
from console.model.forecast import DAY
from console.model.reading import Reading
from console.model.shape import Shape, shape_of
from console.model.snapshot import Observed
from console.model.topology import Component, Topology
from panels.line import Row, Span, Tone, tone_of
from panels.plain import inert
from panels.scene import Scene
from panels.table import Column, heading, line, status_cell
from panels.words import USUAL, value_of

COLUMNS = (
    Column("GROUP", 13, numeric=False),
    Column("STATE", 10, numeric=False, least=70),
    Column("LAG", 6),
    Column("IN", 7),
    Column("OUT", 7),
    Column("DRAINED", 7),
    Column("MEMBERS", 7, least=78),
    Column("", 4, numeric=False),
    Column("LOST", 6, least=90),
    Column("LATE", 6, least=130),
    Column("NOTES", 40, numeric=False, least=100),
)
"""MEMBERS is members over partitions: more members than partitions are idle. LATE: age of the oldest unread message."""

_OF_A_SINK = ("lag", "produced", "consumed")
STANDING_STILL = (Shape.STALLED, Shape.STOPPED, Shape.REWOUND)


def rows(scene: Scene) -> tuple[Row, ...]:
    """Every group that Kafka knows, on a line of the topology or not, and the dead letters below."""
    observed = scene.topology.observed.values()
    groups = [each for each in observed if kind_of(each.id) == "kafka/group"]
    dead = [each for each in observed if kind_of(each.id) == "kafka/topic"]
    piped = [each for each in observed if kind_of(each.id) == "kafka/connector"]
    if not groups and not dead and not piped:
        return (Row((Span("   no consumer group has been seen", Tone.DIM),)),)
    lines = [Row(heading(COLUMNS, scene.width)), *(_group(each, scene) for each in groups)]
    if dead:
        lines += [Row(()), Row((Span("   dead letters", Tone.STRONG),)), *(_dead(each, scene) for each in dead)]
    if piped:
        lines += [Row(()), Row((Span("   connectors", Tone.STRONG),)), *(_piped(each, scene) for each in piped)]
    return tuple(lines)


def component_of(topology: Topology, observed: Observed) -> Component | None:
    """The line of the topology that this stands on."""
    return next((each for each in topology.components if observed.id in each.ids), None)


def _readings(scene: Scene, observed: Observed) -> Mapping[str, Reading]:
    """Judged where it has a line of its own, otherwise as measured."""
    component = component_of(scene.topology, observed)
    return readings_of(observed, scene.topology.tallies) if component is None else component.readings


def _group(observed: Observed, scene: Scene) -> Row:
    readings = _readings(scene, observed)
    component = component_of(scene.topology, observed)

    def cell(name: str) -> Span:
        return value_of(readings.get(name), scene)

    cells = (
        Span(inert(name_of(observed.id)), Tone.NAME),
        _state(observed, readings),
        cell("lag"),
        cell("produced"),
        cell("consumed"),
        _drained(readings, scene),
        Span(f"{cell('members').text}/{cell('partitions').text}"),
        status_cell(component),
        cell("lost"),
        cell("late"),
        Span(", ".join(badges(observed, readings)), Tone.WARN),
    )
    return Row(line(COLUMNS, cells, scene.width), observed.id)


def _state(observed: Observed, readings: Mapping[str, Reading]) -> Span:
    """Kafka's word for the group's condition; where that is the usual one, whether its commits move all the same."""
    found = shape_of(readings)
    if observed.state in USUAL and found in STANDING_STILL:
        return Span(found.value, Tone.WARN)
    return Span(inert(observed.state) or "?", Tone.PLAIN if observed.state in USUAL else Tone.WARN)


def _drained(readings: Mapping[str, Reading], scene: Scene) -> Span:
    """The time to drain; what grows says so, what has nothing left says that."""
    lag, growth = readings.get("lag"), readings.get("growth")
    if lag is None or lag.value is None or growth is None or growth.value is None:
        return Span("?", Tone.UNKNOWN)
    if lag.value <= 0:
        return Span("empty", Tone.DIM)
    drain = readings.get("drain")
    if drain is None or drain.value is None:
        return Span("growing" if growth.value > 0 else "never", tone_of(max(lag.health, Health.WARN)))
    return Span("now", Tone.DIM) if drain.value < 1.0 else value_of(drain, scene)


def badges(observed: Observed, readings: Mapping[str, Reading]) -> tuple[str, ...]:
    """Short remarks: idle members, partitions without a commit, and what the connector noted."""
    found = [inert(note) for note in observed.notes]
    members, partitions = (readings[name].value if name in readings else None for name in ("members", "partitions"))
    if members is not None and partitions is not None and members > partitions:
        found.append(f"{members - partitions:.0f} members idle")
    loss, lag = readings.get("loss"), readings.get("lag")
    if loss is not None and loss.value is not None and loss.value < DAY and lag is not None and lag.value:
        found.insert(0, f"loss in {loss.text}")
    never = readings.get("never_committed")
    if never is not None and never.value and not any("never" in note for note in found):
        found.append(f"{never.value:.0f} partitions never committed")
    return tuple(found)


def _dead(observed: Observed, scene: Scene) -> Row:
    readings = _readings(scene, observed)
    depth, arrivals = value_of(readings.get("depth"), scene), value_of(readings.get("arrivals"), scene)
    cells = (
        Span(inert(name_of(observed.id)), Tone.NAME),
        Span(""),
        depth,
        arrivals,
        *[Span("")] * 3,
        status_cell(component_of(scene.topology, observed)),
        *[Span("")] * 3,
    )
    return Row(line(COLUMNS, cells, scene.width), observed.id)


def _piped(observed: Observed, scene: Scene) -> Row:
    """A connector of Kafka Connect, where MEMBERS is the tasks that run over those there are."""
    readings = _readings(scene, observed)
    running, tasks = (value_of(readings.get(name), scene).text for name in ("tasks_running", "tasks"))
    failed = readings.get("tasks_failed")
    usual = observed.state in USUAL and not (failed is not None and failed.value)
    cells = (
        Span(inert(name_of(observed.id)), Tone.NAME),
        Span(inert(observed.state) or "?", Tone.PLAIN if usual else Tone.WARN),
        *(
            value_of(readings[name], scene) if name in readings else Span("")
            for name in ("lag", "produced", "consumed")
        ),
        Span(""),
        Span(f"{running}/{tasks}"),
        status_cell(component_of(scene.topology, observed)),
        Span(""),
        Span(""),
        Span(", ".join(inert(note) for note in observed.notes), Tone.WARN),
    )
    return Row(line(COLUMNS, cells, scene.width), observed.id)
