"""The Prometheus wire over HTTP: Prometheus's own API, asked by ordinary clients."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_api_client import PrometheusConnect

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus import PrometheusWire
from connectors.simulator.prometheus.rules import RuleFile
from connectors.simulator.tick import Sample
from tests.real.prometheus import program, prometheus

ORIGIN = 1_700_000_000
DEADLINE = 20.0  # wall seconds, for what a real server does in its own time
API = (("job", "api"),)


def samples(t: int) -> list[Sample]:
    return [
        Sample("up", (("instance", "api-1"), ("job", "api")), 1.0),
        Sample("up", (("instance", "web-1"), ("job", "web")), 0.0),
        Sample("requests_total", API, 10.0 * (t + 600), "counter"),
        Sample("note", (("job", "api"), ("text", 'a "quoted"\\\nline')), 0.5),
        Sample("spent_seconds_bucket", (("job", "api"), ("le", "0.5")), 3.0, "histogram"),
        Sample("spent_seconds_bucket", (("job", "api"), ("le", "+Inf")), 4.0, "histogram"),
        Sample("spent_seconds_sum", API, 2.5, "histogram"),
        Sample("spent_seconds_count", API, 4.0, "histogram"),
    ]


def fed(clock: SimClock) -> PrometheusWire:
    wire = PrometheusWire(clock, seed=1, rules=RuleFile())
    for t in range(-600, 1, 5):
        wire.scrape(t, samples(t))
    return wire


@pytest.fixture
async def wire() -> AsyncIterator[PrometheusWire]:
    wire = fed(SimClock(1.0, wall=lambda: ORIGIN))
    await wire.start()
    yield wire
    await wire.stop()


@pytest.fixture
async def live() -> AsyncIterator[PrometheusWire]:
    """One on the machine's own clock, for clients that ask for now."""
    wire = fed(SimClock(1.0))
    await wire.start()
    yield wire
    await wire.stop()


async def get(wire: PrometheusWire, path: str, *pairs: tuple[str, str]) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(wire.url + path, params=list(pairs)) as response:
        return response.status, json.loads(await response.text())


async def data(wire: PrometheusWire, path: str, *pairs: tuple[str, str]) -> Any:
    status, reply = await get(wire, f"/api/v1/{path}", *pairs)
    assert (status, reply["status"]) == (200, "success"), reply
    return reply["data"]


async def test_a_query_now_and_at_a_time(wire: PrometheusWire) -> None:
    now = await data(wire, "query", ("query", "requests_total"))
    assert now == {
        "resultType": "vector",
        "result": [{"metric": {"__name__": "requests_total", "job": "api"}, "value": [ORIGIN, "6000"]}],
    }
    then = await data(wire, "query", ("query", "scalar(requests_total)"), ("time", "2023-11-14T22:13:00.5Z"))
    assert then == {"resultType": "scalar", "result": [ORIGIN - 19.5, "5800"]}


async def test_a_posted_form_asks_the_same(wire: PrometheusWire) -> None:
    form = {"query": "rate(requests_total[1m])", "start": str(ORIGIN - 60), "end": str(ORIGIN), "step": "30s"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{wire.url}/api/v1/query_range", data=form) as response,
    ):
        posted = await response.json()
    assert posted["data"] == await data(wire, "query_range", *form.items())
    assert posted["data"]["result"][0]["values"] == [[ORIGIN - 60, "10"], [ORIGIN - 30, "10"], [ORIGIN, "10"]]


async def test_series_labels_and_values(wire: PrometheusWire) -> None:
    assert await data(wire, "series", ("match[]", "up"), ("match[]", '{job="api", __name__=~"req.*|up"}')) == [
        {"__name__": "requests_total", "job": "api"},
        {"__name__": "up", "instance": "api-1", "job": "api"},
        {"__name__": "up", "instance": "web-1", "job": "web"},
    ]
    assert await data(wire, "labels") == ["__name__", "instance", "job", "le", "text"]
    assert await data(wire, "labels", ("match[]", "up")) == ["__name__", "instance", "job"]
    assert await data(wire, "label/job/values") == ["api", "web"]
    assert await data(wire, "label/job/values", ("end", str(ORIGIN - 601))) == []


async def test_what_surrounds_it(wire: PrometheusWire) -> None:
    targets = (await data(wire, "targets"))["activeTargets"]
    assert [(target["scrapePool"], target["health"]) for target in targets] == [("api", "up"), ("web", "down")]
    assert (await data(wire, "metadata", ("metric", "spent_seconds"))) == {
        "spent_seconds": [{"type": "histogram", "help": "", "unit": ""}]
    }
    assert await data(wire, "rules") == {"groups": []}
    assert await data(wire, "alerts") == {"alerts": []}
    assert (await data(wire, "status/buildinfo"))["version"] == "2.42.0"
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/-/ready", "/-/healthy"):
            async with session.get(wire.url + path) as response:
                assert response.status == 200


@pytest.mark.parametrize(
    ("path", "pairs", "status", "words"),
    [
        ("query", [], 400, "no expression found"),
        ("query", [("query", "sum(")], 400, "parse error"),
        ("query", [("query", "up"), ("time", "noon")], 400, 'invalid parameter "time"'),
        ("query", [("query", "info(up)")], 422, "info"),
        ("query", [("query", "up + on() up")], 422, "duplicate series"),
        ("query_range", [("query", "up"), ("start", "5"), ("end", "4"), ("step", "1")], 400, "must not be before"),
        ("query_range", [("query", "up"), ("start", "5"), ("end", "6"), ("step", "0")], 400, "zero or negative"),
        ("query_range", [("query", "up"), ("start", "5"), ("end", "6")], 400, 'invalid parameter "step"'),
        ("query_range", [("query", "up"), ("end", "6"), ("step", "1")], 400, 'invalid parameter "start"'),
        ("query_range", [("query", "up[1m]"), ("start", "5"), ("end", "6"), ("step", "1")], 400, "range vector"),
        ("query_range", [("query", "'x'"), ("start", "5"), ("end", "6"), ("step", "1")], 400, "string"),
        ("query_range", [("query", "up"), ("start", "0"), ("end", "11001"), ("step", "1")], 400, "11,000 points"),
        ("series", [], 400, "no match[] parameter"),
        ("series", [("match[]", "sum(up)")], 400, "selector"),
        ("label/0bad/values", [], 400, "invalid label name"),
    ],
)
async def test_errors_have_prometheus_form(
    wire: PrometheusWire, path: str, pairs: list[tuple[str, str]], status: int, words: str
) -> None:
    told, reply = await get(wire, f"/api/v1/{path}", *pairs)
    assert told == status
    assert reply["status"] == "error"
    assert reply["errorType"] == {400: "bad_data", 422: "execution"}[status]
    assert words in reply["error"]


async def test_eleven_thousand_points_are_allowed(wire: PrometheusWire) -> None:
    span = [("start", str(ORIGIN - 11_000)), ("end", str(ORIGIN)), ("step", "1")]
    reply = await data(wire, "query_range", ("query", "1"), *span)
    assert len(reply["result"][0]["values"]) == 11_001


NONSENSE = [
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /api/v1/query?query=" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /api/v1/query HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nquery=\xff\xfe+",
    b"POST /api/v1/query HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n"
    b"Content-Type: application/x-www-form-urlencoded; charset=none\r\n\r\nquery=1",
    b"POST /api/v1/query HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\nContent-Type: multipart/form-data\r\n\r\nquery=1",
]


@pytest.mark.parametrize("request_bytes", NONSENSE, ids=lambda raw: repr(raw[:12]))
async def test_nonsense_is_refused_and_the_wire_goes_on(wire: PrometheusWire, request_bytes: bytes) -> None:
    host, port = wire.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request_bytes)
    status = await asyncio.wait_for(reader.readline(), DEADLINE)
    writer.close()
    assert b" 400 " in status
    assert (await data(wire, "query", ("query", "1")))["result"][1] == "1"


def test_its_log_never_reaches_a_screen_by_itself() -> None:
    """Without a handler of its own, Python would print a client's nonsense over the console."""
    log = logging.getLogger("connectors.simulator.prometheus.wire")
    assert any(isinstance(handler, logging.NullHandler) for handler in log.handlers)


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (None, "Bearer"),
        ("Bearer old", "invalid_token"),
        ("Basic bmV3", "invalid_token"),
        ("Bearer n\u00e9w", "invalid_token"),
    ],
)
async def test_a_token_that_is_missing_or_wrong_is_told(
    wire: PrometheusWire, header: str | None, challenge: str
) -> None:
    wire.require_token("new")
    headers = {} if header is None else {"Authorization": header}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(wire.url) as response:
        assert response.status == 401
        assert challenge in response.headers["WWW-Authenticate"]
        assert ("expired" in await response.text()) is (header is not None)


async def test_the_right_token_passes_until_it_is_changed(wire: PrometheusWire) -> None:
    wire.require_token("new")
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer new"}) as session:
        statuses = []
        for token in ("new", "newer", None):
            wire.require_token(token)
            async with session.get(wire.url) as response:
                statuses.append(response.status)
    assert statuses == [200, 401, 200]


async def test_a_stopped_wire_has_left_its_port(wire: PrometheusWire) -> None:
    await wire.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await get(wire, "/")


async def test_the_exposition_is_grouped_and_escaped(wire: PrometheusWire) -> None:
    async with aiohttp.ClientSession() as session, session.get(wire.url + "/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    assert text.splitlines() == [
        "# HELP up 1 if the target could be scraped, 0 if not.",
        "# TYPE up gauge",
        'up{instance="api-1",job="api"} 1',
        'up{instance="web-1",job="web"} 0',
        "# TYPE requests_total counter",
        'requests_total{job="api"} 6000',
        "# TYPE note gauge",
        r'note{job="api",text="a \"quoted\"\\\nline"} 0.5',
        "# TYPE spent_seconds histogram",
        'spent_seconds_bucket{job="api",le="0.5"} 3',
        'spent_seconds_bucket{job="api",le="+Inf"} 4',
        'spent_seconds_sum{job="api"} 2.5',
        'spent_seconds_count{job="api"} 4',
    ]


async def test_prometheus_connect_asks_it(live: PrometheusWire) -> None:
    client = PrometheusConnect(live.url)
    assert await asyncio.to_thread(client.check_prometheus_connection)
    (row,) = await asyncio.to_thread(client.custom_query, "requests_total")
    assert row["value"][1] == "6000"
    end = int(time.time())
    rows = await asyncio.to_thread(
        client.custom_query_range,
        "rate(requests_total[1m])",
        datetime.fromtimestamp(end - 120),
        datetime.fromtimestamp(end),
        "30",
    )
    assert len(rows[0]["values"]) == 5
    assert "requests_total" in await asyncio.to_thread(client.all_metrics)
    assert await asyncio.to_thread(client.get_label_values, "job") == ["api", "web"]


async def told_by(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 0, out
    return out.decode()


@pytest.mark.real("prometheus")
async def test_promtool_asks_it(live: PrometheusWire) -> None:
    promtool = program("promtool")
    assert '{job="api"} => 10 @[' in await told_by(
        promtool, "query", "instant", live.url, "sum by (job) (rate(requests_total[1m]))"
    )
    assert "6000 @[" in await told_by(promtool, "query", "range", "--step=10s", live.url, "requests_total")
    assert 'instance="web-1"' in await told_by(promtool, "query", "series", "--match=up", live.url)
    assert await told_by(promtool, "query", "labels", live.url, "job") == "api\nweb\n"


def scraped(url: str) -> Iterable[tuple[str, str]]:
    """What a real Prometheus has of ours, as soon as it has any."""
    client = PrometheusConnect(url)
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        rows = client.custom_query('{job="api"}')
        if rows:
            return sorted((row["metric"]["__name__"], row["value"][1]) for row in rows)
        time.sleep(0.1)
    return []


@pytest.mark.real("prometheus")
async def test_a_real_prometheus_scrapes_it(wire: PrometheusWire, tmp_path: Path) -> None:
    def scrape() -> Iterable[tuple[str, str]]:
        with prometheus(tmp_path, [wire.url.removeprefix("http://")]) as url:
            return scraped(url)

    assert await asyncio.to_thread(scrape) == sorted(
        (sample.name, f"{sample.value:g}") for sample in samples(0) if ("job", "api") in sample.labels
    )
