"""Workloads: replicas from their status (never from listing pods), the bounds of their HPA, and who owns the number."""

from __future__ import annotations

from collections.abc import Mapping

from console.model.component import ComponentId, kind_of, name_of
from console.model.derive import readings_of
from console.model.reading import Reading
from console.model.snapshot import Observed
from console.model.topology import Topology
from panels.lag import component_of
from panels.line import Row, Span, Tone
from panels.plain import inert
from panels.scene import Scene
from panels.surroundings import rows as surroundings
from panels.table import Column, heading, line, status_cell
from panels.words import shown, value_of

COLUMNS = (
    Column("WORKLOAD", 14, numeric=False),
    Column("READY", 7),
    Column("UNAVAIL", 7, least=78),
    Column("MIN", 4),
    Column("NOW", 4),
    Column("MAX", 4),
    Column("CPU", 5),
    Column("TARGET", 6, least=90),
    Column("OWNER", 10, numeric=False, least=70),
    Column("", 4, numeric=False),
    Column("NOTES", 40, numeric=False, least=100),
)
WORKLOADS = tuple(f"kubernetes/{kind}" for kind in ("deployment", "statefulset", "daemonset", "rollout"))


def rows(scene: Scene) -> tuple[Row, ...]:
    """Every workload, and below them what else there is to know of the estate that they live in."""
    found = [each for each in scene.topology.observed.values() if kind_of(each.id) in WORKLOADS]
    if not found:
        return (Row((Span("   no workload has been seen", Tone.DIM),)), *surroundings(scene))
    return (Row(heading(COLUMNS, scene.width)), *(_workload(each, scene) for each in found), *surroundings(scene))


def _workload(observed: Observed, scene: Scene) -> Row:
    topology = scene.topology
    component = component_of(topology, observed)
    hpa = hpa_of(topology, observed.id)
    own = readings_of(observed, topology.tallies)
    if hpa is not None:
        own = {**readings_of(hpa, topology.tallies), **own}
    readings = own if component is None else {**own, **component.readings}
    owner = next((fact.owner for fact in observed.facts if fact.owner), "")
    cells = (
        Span(inert(name_of(observed.id)), Tone.NAME),
        _ready(own, scene),
        _unavailable(readings, scene),
        _fact(hpa, "hpa.min"),
        value_of(readings.get("hpa.current"), scene) if hpa else Span(""),
        _fact(hpa, "hpa.max"),
        value_of(readings["cpu"], scene) if "cpu" in readings else _cpu(readings, scene),
        _target(hpa),
        Span(inert(owner) or "-", Tone.PLAIN if owner else Tone.DIM),
        status_cell(component),
        Span(", ".join(inert(note) for note in (*observed.notes, *(hpa.notes if hpa else ()))), Tone.WARN),
    )
    return Row(line(COLUMNS, cells, scene.width), observed.id)


def hpa_of(topology: Topology, workload: ComponentId) -> Observed | None:
    """The HPA on the same line of the topology, else the one of the same namespace and name, or KEDA's for it."""
    lines = [component.ids for component in topology.components if workload in component.ids]
    beside = [each for ids in lines for each in ids if kind_of(each) == "kubernetes/hpa"]
    source, _, namespace, name = workload.split("/", 3)
    named = (f"{source}/hpa/{namespace}/{hpa}" for hpa in (name, f"keda-hpa-{name}"))
    return next((topology.observed[each] for each in (*beside, *named) if each in topology.observed), None)


def _ready(readings: Mapping[str, Reading], scene: Scene) -> Span:
    ready, desired = value_of(readings.get("ready"), scene), value_of(readings.get("desired"), scene)
    tone = Tone.WARN if ready.text != desired.text and ready.tone is Tone.PLAIN else ready.tone
    return Span(f"{ready.text}/{desired.text}", tone)


def _unavailable(readings: Mapping[str, Reading], scene: Scene) -> Span:
    value = value_of(readings.get("unavailable"), scene)
    return Span(value.text, Tone.DIM) if value.text == "0" else value


def _cpu(readings: Mapping[str, Reading], scene: Scene) -> Span:
    return value_of(readings["hpa.cpu"], scene) if "hpa.cpu" in readings else Span("")


def _fact(hpa: Observed | None, name: str) -> Span:
    fact = next((fact for fact in hpa.facts if fact.name == name), None) if hpa else None
    if fact is None:
        return Span("")
    return Span(shown(fact.value), Tone.WARN if fact.marks else Tone.PLAIN)


def _target(hpa: Observed | None) -> Span:
    cell = _fact(hpa, "hpa.cpu")
    return Span(f"{cell.text}%", cell.tone) if cell.text else cell
