"""What an examination says of each relative, of queries that find nothing, and of a server that cannot be asked."""

from __future__ import annotations

import pytest

from connectors import Examining, Explaining
from connectors.presets import Query
from connectors.prometheus.examine import metrics_of
from connectors.secret import Secret
from connectors.settings.prometheus import Settings
from console.model.examination import Examination, Finding, Grade, Write
from console.model.signal import Unit
from console.model.snapshot import FailureKind
from tests.connectors.faults import closed_port
from tests.connectors.prometheus_like import RATE, Asked, Reply, Respond, like, number, opened, refused, success, vector

BUILDS = {
    "Prometheus 2.42.0": ({"version": "2.42.0", "revision": "x", "goVersion": "go1.19.8"}, {}),
    "Thanos 0.32.0": ({"version": "0.32.0", "branch": "HEAD"}, {}),
    "Cortex 1.16.0": ({"version": "1.16.0"}, {}),
    "Grafana Mimir 2.10.0": ({"application": "Grafana Mimir", "version": "2.10.0", "features": {}}, {}),
    "VictoriaMetrics": ({"version": "2.24.0"}, {"X-Server-Hostname": "vmselect-0"}),
}


async def examined(settings: Settings, *queries: Query, writes: tuple[Write, ...] = ()) -> Examination:
    connector = opened(settings, *queries)
    assert isinstance(connector, Examining)
    try:
        return await connector.examine(writes)
    finally:
        await connector.close()


def finding(found: Examination, what: str) -> Finding:
    return next(each for each in found.findings if each.what == what)


@pytest.mark.parametrize("name", BUILDS)
async def test_each_is_known_by_what_it_tells_of_itself(name: str) -> None:
    data, headers = BUILDS[name]

    def respond(asked: Asked) -> Reply:
        if asked.path.endswith("/buildinfo"):
            return Reply(body=success(data).body, headers=headers)
        return number(asked)

    async with like(respond) as (url, _):
        found = await examined(Settings(url=url, tenant="shop"))
    assert (found.version, found.who, found.server) == (name, "tenant shop", url)
    assert finding(found, "query prometheus/gateway rate") == Finding("query prometheus/gateway rate", Grade.YES, "5/s")
    assert finding(found, "query a week ago").grade is Grade.YES


async def test_one_that_tells_no_version_is_examined_all_the_same() -> None:
    async with like(lambda asked: number(asked) if asked.path.endswith("/query") else refused(404, "")) as (url, _):
        found = await examined(Settings(url=url))
    assert found.version == ""
    assert finding(found, "ask for its version").grade is Grade.NOTE
    assert finding(found, "query prometheus/gateway rate").grade is Grade.YES
    assert finding(found, "list alerts").kind is FailureKind.NOT_FOUND


def having(*metrics: str) -> Respond:
    """Counts these metrics, and answers every other query with nothing."""

    def respond(asked: Asked) -> Reply:
        asks = asked.params.get("query", "")
        if any(f"count({metric})" in asks for metric in metrics):
            return number(asked)
        return vector()

    return respond


@pytest.mark.parametrize(
    ("there", "advice"),
    [
        ((), "there is no a_total and no b_total here: is its exporter scraped?"),
        (("a_total", "b_total"), "there is a_total and b_total here, but none that this selects: check match"),
    ],
)
async def test_a_query_that_finds_nothing_says_whether_its_metrics_are_there(
    there: tuple[str, ...], advice: str
) -> None:
    query = Query("prometheus/x", "r", 'rate(a_total{job="b{c}"}[1m]) / rate(b_total[1m])', Unit.RATIO)
    async with like(having(*there)) as (url, _):
        found = await examined(Settings(url=url), query)
    tried = finding(found, "query prometheus/x r")
    assert (tried.grade, tried.reason, tried.advice) == (Grade.UNKNOWN, "no series", advice)


async def test_a_server_that_is_gone_is_one_finding_with_what_to_do() -> None:
    found = await examined(Settings(url=f"http://127.0.0.1:{closed_port()}"))
    (only,) = found.findings
    assert (only.grade, only.kind) == (Grade.NO, FailureKind.REFUSED)
    assert only.advice
    assert found.skew is None


async def test_expired_credentials_are_told_with_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_TOKEN", "canary-5ecret")
    async with like(lambda _: refused(401, "token expired")) as (url, _):
        found = await examined(Settings(url=url, token=Secret("env:SEAWALL_TEST_TOKEN")))
    assert [each.kind for each in found.findings if each.grade is Grade.NO] == [FailureKind.EXPIRED]
    assert "canary" not in repr(found)


async def test_nothing_can_be_set_and_it_says_so_of_each_write() -> None:
    write = Write("prometheus/gateway", "rate")
    async with like(number) as (url, _):
        found = await examined(Settings(url=url), writes=(write,))
    (answer,) = [each for each in found.findings if each.write is not None]
    assert (answer.grade, answer.write) == (Grade.NO, write)


async def test_a_clock_that_is_off_is_told_with_its_doubt() -> None:
    date = {"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}
    async with like(lambda asked: Reply(body=number(asked).body, headers=date)) as (url, _):
        found = await examined(Settings(url=url))
    assert found.skew is not None
    assert found.skew < -1e8
    assert finding(found, "clock").grade is Grade.NOTE


def test_the_query_behind_a_signal_and_behind_what_follows_from_several() -> None:
    connector = opened(
        Settings(url="http://h"),
        RATE,
        Query("prometheus/db", "connections", "sum(a)", Unit.COUNT),
        Query("prometheus/db", "connections_max", "max(b{x='{y}'})", Unit.COUNT),
    )
    assert isinstance(connector, Explaining)
    assert connector.behind("prometheus/gateway", "rate") == "up"
    assert connector.behind("prometheus/db", "connections_ratio") == "(sum(a)) / (max(b{x='{y}'}))"
    assert connector.behind("prometheus/db", "hit_rate") == ""
    assert connector.behind("prometheus/nothing", "rate") == ""


@pytest.mark.parametrize(
    ("expr", "metrics"),
    [
        ("up", ()),
        ("sum by (le) (rate(a_bucket{x='b{', y=\"[\"}[1m])) # c{}", ("a_bucket",)),
        ("a{} + a{} - job:b:rate5m [5m]", ("a", "job:b:rate5m")),
        ("", ()),
    ],
)
def test_the_metrics_that_a_query_names(expr: str, metrics: tuple[str, ...]) -> None:
    assert metrics_of(expr) == metrics
