"""What fires, in one row below the layers: counted, the oldest first, and never taken for news once it is old."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.alert import Alert, AlertState
from console.model.topology import Topology
from panels import alerts, topology
from panels.line import Line, Tone, text_of, width_of
from panels.scene import Scene
from tests.panels import estates


def firing(name: str, age: float = 60.0, severity: str = "", state: AlertState = AlertState.FIRING) -> Alert:
    return Alert(name, state, estates.calm().at - age, "prometheus", severity)


def scene(*raised: Alert, width: int = 80, later: float = 0.0) -> Scene:
    calm = estates.calm()
    source = calm.sources["prometheus"]
    assert source.snapshot is not None
    told = replace(source, snapshot=replace(source.snapshot, alerts=raised))
    seen: Topology = replace(calm, sources={**calm.sources, "prometheus": told})
    return Scene(seen, now=calm.at + later, wall=calm.at + later, width=width, height=40)


def line(*raised: Alert, width: int = 80, later: float = 0.0) -> Line:
    (row,) = alerts.rows(scene(*raised, width=width, later=later))
    return row.line


def test_nothing_is_said_where_nothing_fires() -> None:
    assert alerts.rows(scene()) == ()
    assert alerts.rows(scene(firing("Soon", state=AlertState.PENDING))) == ()
    assert alerts.rows(scene(firing("Watchdog", severity="none"))) == ()


def test_alike_ones_are_told_together_the_oldest_first() -> None:
    told = line(firing("OrdersLag", 120), firing("PodCrash", 400), firing("PodCrash", 3))
    assert text_of(told).rstrip() == "   firing 3  PodCrash ×2 6m  OrdersLag 2m"


def test_what_wakes_somebody_stands_out() -> None:
    tones = {
        span.text: span.tone for span in line(firing("Errors", severity="critical"), firing("Slow", severity="info"))
    }
    assert (tones["Errors"], tones["Slow"]) == (Tone.CRIT, Tone.WARN)


def test_what_was_told_long_ago_may_be_over() -> None:
    tones = {span.text: span.tone for span in line(firing("Errors", severity="page"), later=600.0)}
    assert tones["Errors"] is Tone.UNKNOWN


@pytest.mark.parametrize("width", [60, 80, 140])
def test_what_has_no_room_is_in_the_number(width: int) -> None:
    told = line(*(firing(f"SomethingIsWrongWithNumber{n}") for n in range(30)), width=width)
    assert width_of(told) == width
    assert text_of(told).startswith("   firing 30  SomethingIs")


def test_a_hostile_name_is_inert_and_short() -> None:
    assert "\x1b" not in text_of(line(firing("\x1b[2J" + "x" * 70_000)))
    assert text_of(line(firing(""))).strip().startswith("firing 1  ?")


def test_it_stands_below_the_layers() -> None:
    shown = [text_of(row.line) for row in topology.rows(scene(firing("OrdersLag")))]
    assert [row for row in shown if "firing 1  OrdersLag" in row]
    assert shown.index("") == len(estates.LAYOUT.placements)
