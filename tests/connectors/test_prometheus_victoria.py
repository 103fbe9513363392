"""A real VictoriaMetrics: the same answers from a server that shares no code with Prometheus."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator

import pytest

from connectors import Examining, Remembering
from connectors.presets import Query
from connectors.settings.prometheus import Settings
from console.model.examination import Grade
from console.model.signal import Unit
from console.model.snapshot import Snapshot
from tests.connectors.prometheus_like import opened
from tests.real.prometheus import end, free_port, program
from tests.real.prometheus_scraping import until

pytestmark = pytest.mark.real("victoria-metrics")
WEEK = 604800.0
QUERIES = tuple(
    Query("prometheus/a", name, expr, Unit.NONE)
    for name, expr in {
        "load": "load",
        "ratio": "sum(load) / count(load)",
        "none": "absent_metric{}",
        "scalar": "3",
        "comment": "vector(2) # a comment",
        "nan": "vector(0) / 0",
        "two": 'load{job="api"} or label_replace(load, "job", "b", "", "")',
        "typo": "sum(",
    }.items()
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its Prometheus address, with a number of a minute ago and one of a week before."""
    folder = tmp_path_factory.mktemp("victoria")
    address = f"127.0.0.1:{free_port()}"
    command = [program("victoria-metrics"), f"-httpListenAddr={address}", f"-storageDataPath={folder / 'data'}"]
    with (folder / "victoria.log").open("wb") as log:
        process = subprocess.Popen([*command, "-retentionPeriod=2"], stdout=log, stderr=log)
    try:
        until(lambda: _asked(f"http://{address}/health") == b"OK")
        now = time.time() - 60
        rows = [f'load{{job="api"}} {value} {(now - back) * 1000:.0f}' for value, back in ((3, 0), (7, WEEK))]
        _asked(f"http://{address}/api/v1/import/prometheus", "\n".join(rows).encode())
        _asked(f"http://{address}/internal/force_flush")
        until(lambda: b'"3"' in _asked(f"http://{address}/prometheus/api/v1/query?query=load"))
        yield f"http://{address}/prometheus"
    finally:
        end(process)


def _asked(url: str, body: bytes | None = None) -> bytes:
    """Its answer; nothing as long as nobody listens."""
    try:
        with urllib.request.urlopen(url, body, timeout=5) as reply:
            said: bytes = reply.read()
            return said
    except OSError:
        return b""


async def test_each_query_has_its_answer_or_says_why_not(url: str) -> None:
    connector = opened(Settings(url=url), *QUERIES)
    seen = await connector.read()
    await connector.close()
    assert isinstance(seen, Snapshot)
    told = {signal.name: signal.value for signal in seen.components[0].signals}
    assert told.pop("nan") is told.pop("none") is told.pop("two") is told.pop("typo") is None
    assert told == {"load": 3.0, "ratio": 3.0, "scalar": 3.0, "comment": 2.0}
    (problem,) = seen.problems
    assert problem.startswith("prometheus/a typo: 422 ")
    assert seen.skew == 0.0


async def test_a_week_ago_is_what_was_then(url: str) -> None:
    connector = opened(Settings(url=url), QUERIES[0])
    assert isinstance(connector, Remembering)
    seen = await connector.ghost("prometheus/a", WEEK)
    await connector.close()
    assert isinstance(seen, Snapshot)
    assert seen.components[0].signals[0].value == 7.0


async def test_it_is_known_for_what_it_is_and_every_part_is_examined(url: str) -> None:
    connector = opened(Settings(url=url), *QUERIES[:3])
    assert isinstance(connector, Examining)
    found = await connector.examine(())
    await connector.close()
    assert found.version == "VictoriaMetrics"
    grades = {each.what: each for each in found.findings}
    assert grades["query prometheus/a load"].grade is Grade.YES
    assert grades["query prometheus/a none"].advice == "there is no absent_metric here: is its exporter scraped?"
    assert grades["list alerts"].reason == "0 raised"
    assert grades["query a week ago"].grade is Grade.YES
