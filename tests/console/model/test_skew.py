"""The clock of this machine against the servers': the worst of them, on the line of the machine itself."""

from __future__ import annotations

from dataclasses import replace

from console.model.component import Health
from console.model.layout import Layout, Placement
from console.model.observe import empty, observe
from console.model.reading import Reading
from console.model.signal import Signal, Unit
from console.model.snapshot import FailureKind, Observed, Snapshot, Unreachable
from console.model.topology import Topology

LAYOUT = Layout((Placement("console", "console", "host/local"), Placement("api", "api", "prometheus/api")))
HOST = Snapshot("host", 0.0, 0.0, (Observed("host/local", (Signal("load", 0.1, Unit.RATIO, 0.0, "host"),)),))


def source(name: str, skew: float | None, at: float = 0.0) -> Snapshot:
    return Snapshot(name, at, 0.0, (), skew=skew)


def seen(*snapshots: Snapshot | Unreachable) -> Topology:
    topology = empty(LAYOUT)
    for each in snapshots:
        topology = observe(topology, each)
    return topology


def skew_of(topology: Topology) -> Reading | None:
    return topology.reading("console.skew")


def test_the_worst_of_the_sources_is_told_with_its_name_and_side() -> None:
    reading = skew_of(seen(source("prometheus", 0.4), source("redis", -3.0), source("kafka", None), HOST))
    assert reading is not None
    assert (reading.value, reading.unit, reading.source) == (3.0, Unit.SECONDS, "redis")
    assert reading.note == "redis is 3s behind this machine"


def test_without_a_server_that_tells_its_time_there_is_no_such_number() -> None:
    assert skew_of(seen(source("kafka", None), HOST)) is None


def test_a_source_that_cannot_be_read_tells_no_time() -> None:
    gone = Unreachable("redis", 1.0, FailureKind.REFUSED, "refused")
    reading = skew_of(seen(source("prometheus", 0.0), source("redis", 9.0), gone, HOST))
    assert reading is not None
    assert (reading.value, reading.note) == (0.0, "")


def test_it_stands_on_the_machines_line_alone() -> None:
    topology = seen(source("prometheus", 9.0), HOST)
    assert topology.reading("api.skew") is None


def test_above_two_seconds_for_a_while_is_a_warning() -> None:
    topology = empty(LAYOUT)
    healths = []
    for at in range(0, 30, 5):
        topology = observe(topology, source("prometheus", 2.5, float(at)))
        topology = observe(topology, replace(HOST, at=float(at)))
        reading = skew_of(topology)
        assert reading is not None
        healths.append(reading.health)
    assert healths == [Health.OK] * 3 + [Health.WARN] * 3


def test_under_two_seconds_is_none() -> None:
    topology = empty(LAYOUT)
    for at in range(0, 60, 5):
        topology = observe(topology, source("prometheus", -1.9, float(at)))
        topology = observe(topology, replace(HOST, at=float(at)))
    reading = skew_of(topology)
    assert reading is not None
    assert reading.health is Health.OK
