"""The same signals some time ago: from the simulated Prometheus, and from a real one with a week of samples."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from connectors import Remembering
from connectors.presets import Query
from connectors.settings.prometheus import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus import PrometheusWire
from connectors.simulator.tick import Sample
from console.clock import SystemClock
from console.ghost import ghost_of
from console.model.layout import Layout, Placement
from console.model.signal import Unit
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.faults import closed_port
from tests.connectors.prometheus_like import opened
from tests.real.prometheus import program, prometheus

WEEK = 604800.0
LOAD = Query("prometheus/api", "load", "load", Unit.NONE)
AGE = Query("prometheus/api", "age", "time() - started", Unit.SECONDS)
LAYOUT = Layout(
    (
        Placement("api", "api", "kubernetes/deployment/shop/api", ("prometheus/api",)),
        Placement("cache", "cache", "redis/c"),
    )
)


@pytest.mark.parametrize("speed", [1.0, 20.0])
async def test_it_is_what_was_then(speed: float) -> None:
    sim, clock = SimClock(speed), SystemClock(speed)
    wire = PrometheusWire(sim)
    for t in range(-900, 1, 15):
        wire.scrape(t, [Sample("load", (), float(t // 300))])
    await wire.start()
    connector = opened(Settings(url=wire.url), LOAD, Query("prometheus/other", "load", "load", Unit.NONE), clock=clock)
    assert isinstance(connector, Remembering)
    try:
        ghosts = [await connector.ghost("prometheus/api", back) for back in (150.0, 450.0, 750.0, 5000.0)]
        other = await connector.ghost("prometheus/nothing", 60.0)
    finally:
        await connector.close()
        await wire.stop()
    told = []
    for ghost in ghosts:
        assert isinstance(ghost, Snapshot)
        (component,) = ghost.components
        (signal,) = component.signals
        told.append((signal.value, signal.note))
        assert signal.at == ghost.at
    assert told == [(-1.0, ""), (-2.0, ""), (-3.0, ""), (None, "no series")]
    assert isinstance(ghosts[0], Snapshot)
    assert clock.now() - ghosts[0].at == pytest.approx(150, abs=2 * speed)
    assert isinstance(other, Unreachable)
    assert other.kind is FailureKind.NOT_FOUND


async def test_a_line_of_the_topology_as_it_was_by_its_source_that_remembers() -> None:
    sim, clock = SimClock(), SystemClock()
    wire = PrometheusWire(sim)
    for t in range(-900, 1, 15):
        wire.scrape(t, [Sample("load", (), float(t // 300))])
    await wire.start()
    connectors = {"prometheus": opened(Settings(url=wire.url), LOAD, clock=clock)}
    try:
        readings = await ghost_of("api", 450.0, LAYOUT, connectors, clock)
        nobody = await ghost_of("cache", 450.0, LAYOUT, connectors, clock)
        unknown = await ghost_of("nothing", 450.0, LAYOUT, connectors, clock)
    finally:
        await connectors["prometheus"].close()
        await wire.stop()
    assert not isinstance(readings, Unreachable)
    assert {name: reading.value for name, reading in readings.items()} == {"load": -2.0}
    for seen, reason in ((nobody, "no source of cache keeps the past"), (unknown, "there is no line nothing")):
        assert isinstance(seen, Unreachable)
        assert seen.reason == reason


async def test_a_server_that_is_gone_has_no_past() -> None:
    connectors = {"prometheus": opened(Settings(url=f"http://127.0.0.1:{closed_port()}"), LOAD)}
    seen = await ghost_of("api", WEEK, LAYOUT, connectors, SystemClock())
    await connectors["prometheus"].close()
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.REFUSED


@pytest.mark.real("prometheus")
async def test_a_week_ago_is_what_promtool_says_of_an_offset(tmp_path: Path) -> None:
    then = int(time.time() - WEEK)
    rows = [f"load {n} {then + n * 15}\nstarted {then - 500} {then + n * 15}\n" for n in range(-40, 40)]
    (tmp_path / "samples.txt").write_text("".join([*rows, "# EOF\n"]))
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "samples.txt")]
    subprocess.run([*command, str(tmp_path / "data")], check=True, capture_output=True)  # noqa: ASYNC221
    with prometheus(tmp_path) as url:
        connector = opened(Settings(url=url), LOAD, AGE)
        assert isinstance(connector, Remembering)
        seen = await connector.ghost("prometheus/api", WEEK)
        await connector.close()
        command = [program("promtool"), "query", "instant", url, "load offset 1w"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: ASYNC221
    assert isinstance(seen, Snapshot)
    values = {signal.name: signal.value for signal in seen.components[0].signals}
    assert values["load"] == float(said.partition("=> ")[2].split(" ")[0])
    assert values["age"] == pytest.approx(500, abs=15)  # an offset would say a week more
