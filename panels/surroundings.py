"""What workloads live among: nodes, quotas, disruption budgets, jobs and schedules. Those in trouble come first.

Of nodes there is one row for all, and one for each that is not well: of five hundred the others say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from console.model.component import kind_of
from console.model.derive import readings_of
from console.model.snapshot import Observed
from panels.lag import component_of
from panels.line import Row, Span, Tone
from panels.plain import inert
from panels.scene import Scene
from panels.table import Column, heading, line, status_cell
from panels.words import value_of

COLUMNS = (
    Column("ALSO", 24, numeric=False),
    Column("KIND", 12, numeric=False),
    Column("STATE", 10, numeric=False),
    Column("VALUE", 6),
    Column("OF", 18, numeric=False, least=78),
    Column("", 4, numeric=False),
    Column("NOTES", 40, numeric=False, least=100),
)
MOST = 40  # rows

VALUES: Mapping[str, str] = {
    "nodes": "nodes_not_ready",
    "node": "up",
    "quota": "quota_ratio",
    "pdb": "disruptions_allowed",
    "job": "failed",
    "cronjob": "since_start",
    "scaledobject": "",
}
"""The kinds that are shown, and the one number of each that says most."""

CALM = ("Ready", "Allowed", "Idle", "Scheduled", "Active", "Inactive", "Complete", "Running", "")


def rows(scene: Scene) -> tuple[Row, ...]:
    found = [each for each in scene.topology.observed.values() if _shown(each)]
    if not found:
        return ()
    found.sort(key=lambda each: (not _troubled(each), list(VALUES).index(_kind(each)), each.id))
    left = len(found) - MOST
    more = (Row((Span(f"   and {left} more", Tone.DIM),)),) if left > 0 else ()
    return (Row(()), Row(heading(COLUMNS, scene.width)), *(_row(each, scene) for each in found[:MOST]), *more)


def _kind(observed: Observed) -> str:
    return observed.id.split("/")[1]


def _shown(observed: Observed) -> bool:
    if not kind_of(observed.id).startswith("kubernetes") or _kind(observed) not in VALUES:
        return False
    return _kind(observed) != "node" or _troubled(observed)


def _troubled(observed: Observed) -> bool:
    return observed.state not in CALM or (_kind(observed) in ("node", "quota", "nodes") and bool(observed.notes))


def _row(observed: Observed, scene: Scene) -> Row:
    kind, component = _kind(observed), component_of(scene.topology, observed)
    name = "/".join(observed.id.split("/")[2:]) or "all"
    signal = VALUES[kind]
    reading = readings_of(observed, scene.topology.tallies).get(signal)
    cells = (
        Span(inert(name), Tone.NAME),
        Span(kind, Tone.DIM),
        Span(inert(observed.state) or "-", Tone.WARN if observed.state not in CALM else Tone.PLAIN),
        value_of(reading, scene) if signal else Span(""),
        Span(signal.replace("_", " "), Tone.DIM),
        status_cell(component),
        Span(", ".join(inert(note) for note in observed.notes), Tone.WARN if _troubled(observed) else Tone.DIM),
    )
    return Row(line(COLUMNS, cells, scene.width), observed.id)
