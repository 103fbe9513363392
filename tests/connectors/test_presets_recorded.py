"""Each preset on what a real exporter said: loaded into a real Prometheus, every query gives the number it promises."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from connectors import Remembering
from connectors.presets import Query, preset_named, presets, queries_for
from connectors.prometheus import open_connector
from connectors.settings.prometheus import Settings
from console.model.snapshot import Snapshot
from tests.connectors.preset_expectations import EXPECTED
from tests.connectors.preset_recordings import AT, FOLDER, laid, openmetrics, recorded
from tests.real.exporters import LARGEST, asked
from tests.real.prometheus import program, prometheus

RECORDED = sorted(EXPECTED)
WEEK = 604_800.0
CLOSE = 2e-4  # the first scrape is a millisecond inside the minute


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Prometheus with the recordings of all presets."""
    folder = tmp_path_factory.mktemp("presets")
    text = folder / "recordings.txt"
    text.write_text(openmetrics(each for name in RECORDED for each in laid(name)), encoding="utf-8")
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)
    with prometheus(folder, flags=["--storage.tsdb.retention.time=100y"]) as started:
        yield started


def answers(url: str, query: Query) -> list[float]:
    """The values of all series that the query gives when the second scrape was made."""
    asked = urllib.parse.urlencode({"query": query.expr, "time": AT})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=10) as reply:
        result = json.loads(reply.read())["data"]["result"]
    return [float(series["value"][1]) for series in result]


def test_no_preset_is_without_a_recording_that_says_where_it_is_from() -> None:
    assert set(presets()) == set(EXPECTED) == {path.stem for path in FOLDER.glob("*.txt")}
    for name in presets():
        head = recorded(name).head
        assert head.lstrip().startswith(("# Recorded: ", "# From documentation: ")), name
        assert (FOLDER / f"{name}.txt").stat().st_size <= LARGEST


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("restarted", ["", "-reset"])
def test_every_query_answers_what_the_scrapes_add_up_to(url: str, name: str, restarted: str) -> None:
    expected = EXPECTED[name](recorded(name))
    assert set(expected) == set(preset_named(name).signals)
    for query in queries_for("prometheus/x", name, f'job="{name}{restarted}"', "1m"):
        wanted = expected[query.signal]
        if wanted is None:
            assert answers(url, query) == [], query.signal
            assert preset_named(name).signals[query.signal].absent, query.signal
        else:
            assert answers(url, query) == [pytest.approx(wanted, rel=CLOSE)], query.signal


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("name", RECORDED)
def test_several_instances_make_one_number_too(url: str, name: str) -> None:
    expected = EXPECTED[name](recorded(name))
    for query in queries_for("prometheus/x", name, f'job="{name}-twice"', "1m"):
        found = answers(url, query)
        assert len(found) == (expected[query.signal] is not None), query.signal
        if query.unit in ("ratio", "s") and expected[query.signal] is not None:
            assert found == [pytest.approx(expected[query.signal], rel=CLOSE)], query.signal


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("case", ["still", "gaps"])
def test_no_traffic_and_missing_series_are_never_negative_and_never_infinite(url: str, name: str, case: str) -> None:
    for query in queries_for("prometheus/x", name, f'job="{name}-{case}"', "1m"):
        for value in answers(url, query):
            assert not math.isinf(value), query.signal
            assert math.isnan(value) or value >= 0, query.signal


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("name", RECORDED)
def test_without_a_match_it_is_still_one_number(url: str, name: str) -> None:
    expected = EXPECTED[name](recorded(name))
    for query in queries_for("prometheus/x", name, window="1m"):
        found = answers(url, query)
        assert len(found) == (expected[query.signal] is not None), query.signal
        assert all(map(math.isfinite, found)), query.signal


@pytest.mark.parametrize("name", RECORDED)
def test_the_recording_has_what_the_preset_asks_for(name: str) -> None:
    there = {series for series, _ in recorded(name).second}
    for signal, ready in preset_named(name).signals.items():
        names = asked(ready.query)
        assert names <= there or ready.absent or (" or " in ready.query and names & there), signal


@dataclass(frozen=True)
class Later:
    """A clock that stands still, a week after the recordings."""

    speed: float = 1.0
    paused: bool = False

    def now(self) -> float:
        return AT + WEEK

    def wall(self) -> float:
        return AT + WEEK

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@pytest.mark.real("prometheus")
async def test_the_connector_reads_them_all_together(url: str) -> None:
    queries = [query for name in RECORDED for query in queries_for(f"prometheus/{name}", name, f'job="{name}"', "1m")]
    connector = open_connector("prometheus", Settings(url=url, timeout=5.0), Later(), tuple(queries))
    assert isinstance(connector, Remembering)
    try:
        seen = {name: await connector.ghost(f"prometheus/{name}", WEEK) for name in RECORDED}
    finally:
        await connector.close()
    for name, snapshot in seen.items():
        assert isinstance(snapshot, Snapshot)
        assert snapshot.problems == ()
        values = {signal.name: signal.value for signal in snapshot.components[0].signals}
        expected = EXPECTED[name](recorded(name)).items()
        assert values == {key: None if value is None else pytest.approx(value, rel=CLOSE) for key, value in expected}
