"""The HTTP API's forms, side by side with a real Prometheus that scrapes the simulated one."""

from __future__ import annotations

import asyncio
import gzip
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connectors.simulator.clock import SimClock
from connectors.simulator.exporters import Cluster, samples
from connectors.simulator.model import Model
from connectors.simulator.prometheus import PrometheusWire
from connectors.simulator.prometheus.rules import rules_of
from connectors.simulator.scenarios import SCENARIOS
from connectors.simulator.tick import Levers, Pods
from tests.real.prometheus import prometheus

RULES = """
[[groups]]
name = "g"
[[groups.rules]]
record = "job:up:sum"
expr = "sum by(job)(up)"
labels = { source = "rules" }
[[groups.rules]]
alert = "Down"
expr = "up == 0"
for = "10m"
annotations = { summary = "{{ $labels.job }} is down" }
"""
REQUESTS = """
GET /api/v1/query
GET /api/v1/query?query=sum(
GET /api/v1/query?query=up&time=noon
GET /api/v1/query?query=up&timeout=soon
GET /api/v1/query?query=vector(1)%2Bon()(vector(1)or+label_replace(vector(2),"a","b","",""))
GET /api/v1/query_range?query=up&start=1&end=2&step=1x
GET /api/v1/query_range?query=up&start=1&end=2&step=0
GET /api/v1/query_range?query=up&start=2&end=1&step=1
GET /api/v1/query_range?query=up&start=x&end=1&step=1
GET /api/v1/query_range?query=up&start=0&end=11001&step=1
GET /api/v1/query_range?query=up[1m]&start=0&end=1&step=1
GET /api/v1/series
GET /api/v1/series?match[]=up&start=x
GET /api/v1/labels?end=x
GET /api/v1/labels?start=5&end=3
GET /api/v1/label/0bad/values
GET /api/v1/metadata?limit=x
GET /api/v1/targets/metadata?limit=x
GET /api/v1/rules?type=x
GET /api/v1/query_exemplars?query=up
GET /api/v1/alertmanagers
GET /api/v1/format_query?query=sum(up)by(job)
POST /api/v1/format_query?query=a%2Bb
GET /api/v1/parse_query?query=up
GET /api/v1/nothing
GET /nothing
DELETE /api/v1/query?query=up
HEAD /api/v1/query?query=up
OPTIONS /api/v1/query
POST /api/v1/admin/tsdb/snapshot
POST /-/reload
GET /-/ready
GET /-/healthy
"""
FORMS = ["rules", "alerts", "targets", "status/buildinfo", "status/runtimeinfo", "status/tsdb", "status/walreplay"]
LINES = [line for line in REQUESTS.splitlines() if line]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    kind: str
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, request: str, **headers: str) -> Reply:
    method, path = request.split(" ")
    asked = urllib.request.Request(url + path, method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as response:
            return reply_of(response)
    except urllib.error.HTTPError as error:
        return reply_of(error)


def reply_of(response: Any) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status, headers.get("content-type", "").partition(";")[0], response.read(), headers)


@pytest.fixture
async def wire() -> AsyncIterator[PrometheusWire]:
    """The shop on an ordinary day, one of its targets down."""
    wire = PrometheusWire(SimClock(1.0), 0, rules_of(RULES))
    model = Model(SCENARIOS["calm"], 0, workers=4)
    pods = {name: Pods(count, desired=count) for name, count in (("api", 5), ("workers", 4), ("gateway", 3))}
    cluster = Cluster(pods, down={"redis-exporter": "connection refused"})
    for t in range(-60, 1):
        tick = model.step(t, Levers(pods))
        if t % 5 == 0:
            wire.scrape(t, samples(tick, cluster))
    await wire.start()
    yield wire
    await wire.stop()


async def told(wire: PrometheusWire, request: str, **headers: str) -> Reply:
    return await asyncio.to_thread(ask, wire.url, request, **headers)


def without_place(message: str) -> str:
    """A parse error's words are the parser's; that it is one, and of which parameter, is Prometheus's."""
    before, found, _ = message.partition("parse error")
    return before.rstrip("0123456789: ") + found


@pytest.mark.real("prometheus")
async def test_every_request_is_answered_as_prometheus_answers_it(wire: PrometheusWire, tmp_path: Path) -> None:
    def compared() -> list[tuple[object, object]]:
        with prometheus(tmp_path, [wire.url.removeprefix("http://")]) as url:
            return [(normal(ask(wire.url, line)), normal(ask(url, line))) for line in LINES]

    replies = zip(LINES, await asyncio.to_thread(compared), strict=True)
    assert not [f"{line}\n{ours}\n{theirs}" for line, (ours, theirs) in replies if ours != theirs]


def normal(reply: Reply) -> object:
    if reply.kind != "application/json":
        return reply.status, reply.kind, reply.body
    found = reply.json
    return reply.status, {**found, "error": without_place(found.get("error", ""))}


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("page", FORMS)
async def test_pages_have_the_fields_that_prometheus_gives_them(
    wire: PrometheusWire, tmp_path: Path, page: str
) -> None:
    def compared() -> tuple[object, object]:
        with prometheus(tmp_path, [wire.url.removeprefix("http://")]) as url:
            request = f"GET /api/v1/{page}"
            return fields(ask(wire.url, request).json["data"]), fields(ask(url, request).json["data"])

    ours, theirs = await asyncio.to_thread(compared)
    assert fits(theirs, ours), (ours, theirs)


def fields(data: Any) -> Any:
    """The shape of a document: names, and types of what they hold; one element stands for a list."""
    match data:
        case dict():
            return {name: fields(value) for name, value in data.items()}
        case list():
            return [fields(data[0])] if data else []
        case bool() | str():
            return type(data).__name__
        case _:
            return "number"


def fits(theirs: Any, ours: Any) -> bool:
    """Whether ours has all that theirs has; a list that is empty there says nothing, and labels are names of data."""
    match theirs, ours:
        case dict(), dict():
            return all(
                name in ("labels", "discoveredLabels") or (name in ours and fits(value, ours[name]))
                for name, value in theirs.items()
            )
        case list(), list():
            return not theirs or not ours or fits(theirs[0], ours[0])
        case _:
            return bool(theirs == ours)


async def test_rules_and_alerts_are_told(wire: PrometheusWire) -> None:
    (group,) = (await told(wire, "GET /api/v1/rules")).json["data"]["groups"]
    record, alert = group["rules"]
    assert (group["name"], group["interval"], record["query"]) == ("g", 15, "sum by (job) (up)")
    assert (record["type"], record["health"], record["labels"]) == ("recording", "ok", {"source": "rules"})
    assert (alert["state"], alert["duration"], alert["keepFiringFor"]) == ("pending", 600, 0)
    (active,) = (await told(wire, "GET /api/v1/alerts")).json["data"]["alerts"]
    assert active in alert["alerts"]
    assert active["labels"] == {"alertname": "Down", "instance": "redis:6379", "job": "redis-exporter"}
    assert active["annotations"] == {"summary": "redis-exporter is down"}
    assert (active["state"], active["value"]) == ("pending", "0e+00")
    (only,) = (await told(wire, "GET /api/v1/rules?type=record")).json["data"]["groups"]
    assert [rule["name"] for rule in only["rules"]] == ["job:up:sum"]


async def test_targets_say_which_is_down_and_what_they_show(wire: PrometheusWire) -> None:
    targets = (await told(wire, "GET /api/v1/targets")).json["data"]["activeTargets"]
    down = [target["scrapePool"] for target in targets if target["health"] == "down"]
    assert down == ["redis-exporter"]
    assert all(bool(target["lastError"]) is (target["health"] == "down") for target in targets)
    match = urllib.parse.quote('{job="kafka-exporter"}')
    path = f"GET /api/v1/targets/metadata?match_target={match}&metric=kafka_brokers"
    (row,) = (await told(wire, path)).json["data"]
    assert row["help"] == "Number of Brokers in the Kafka Cluster."
    assert (await told(wire, "GET /api/v1/targets?state=dropped")).json["data"]["activeTargets"] == []


async def test_every_metric_has_its_meaning(wire: PrometheusWire) -> None:
    found = (await told(wire, "GET /api/v1/metadata")).json["data"]
    unexplained = [name for name, ((entry),) in found.items() if not entry["help"] and not name.startswith("scrape_")]
    assert unexplained == []
    assert len((await told(wire, "GET /api/v1/metadata?limit=3")).json["data"]) == 3
    assert (await told(wire, "GET /api/v1/metadata?metric=nothing")).json["data"] == {}


async def test_metrics_speak_the_format_that_is_asked_for(wire: PrometheusWire) -> None:
    openly = await told(wire, "GET /metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert openly.kind == "application/openmetrics-text"
    assert openly.body.endswith(b"# EOF\n")
    assert b"# TYPE container_cpu_usage_seconds counter\n" in openly.body
    plainly = await told(wire, "GET /metrics")
    assert b"# TYPE container_cpu_usage_seconds_total counter\n" in plainly.body


async def test_federation_tells_the_newest_samples_with_their_times(wire: PrometheusWire) -> None:
    match = urllib.parse.quote('up{job="kafka-exporter"}')
    head, row = (await told(wire, f"GET /federate?match[]={match}")).body.decode().splitlines()
    assert head == "# TYPE up untyped"
    assert row.startswith('up{instance="kafka:9308",job="kafka-exporter"} 1 1')


async def test_a_slow_line_gets_gzip_and_a_browser_its_headers(wire: PrometheusWire) -> None:
    packed = await told(wire, "GET /api/v1/series?match[]=up", **{"Accept-Encoding": "gzip", "Origin": "http://x"})
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body))["status"] == "success"
    assert packed.headers["access-control-allow-origin"] == "*"
    assert "content-encoding" not in (await told(wire, "GET /api/v1/query?query=1")).headers


async def test_a_query_that_takes_longer_than_it_was_given_times_out(wire: PrometheusWire) -> None:
    for request in ("query?query=up", "query_range?query=up&start=0&end=9&step=1"):
        reply = await told(wire, f"GET /api/v1/{request}&timeout=0.0000001")
        assert (reply.status, reply.json["errorType"]) == (503, "timeout")


async def test_a_long_range_query_lets_others_in(wire: PrometheusWire) -> None:
    """A point query is answered while a query of many points is at work."""
    long = {"query": "sum by (job) ({__name__=~'.+'})", "start": "0", "end": "10000", "step": "1"}
    async with aiohttp.ClientSession() as session:
        slow = asyncio.create_task(session.post(f"{wire.url}/api/v1/query_range", data={**long, "timeout": "3s"}))
        async with session.get(f"{wire.url}/api/v1/query", params={"query": "1"}) as quick:
            assert quick.status == 200
        assert not slow.done()
        async with await slow as reply:
            assert reply.status in (200, 503)
