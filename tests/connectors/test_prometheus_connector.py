"""The Prometheus connector against sick servers, the simulated Prometheus and the real one."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable

import pytest

from connectors import Connector, ConnectorError
from connectors.presets import Query, presets, queries_for
from connectors.prometheus import open_connector
from connectors.prometheus.reply import read_result
from connectors.secret import Secret
from connectors.settings.prometheus import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.estate import Estate
from connectors.simulator.prometheus import PrometheusWire
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext, Verdict
from console.model.signal import Unit
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable
from tests.connectors.faults import (
    Handler,
    answering,
    black_hole,
    closed_port,
    drip_body,
    drip_head,
    read_request,
    serving,
    slam,
)

RATE = Query("prometheus/gateway", "rate", "up", Unit.PER_SECOND)
RUN = RunContext("r1", "tester", "test")
IN_THE_SHOP = (
    ("blackbox", 'job="blackbox-dns"'),
    ("blackbox-http", 'job="blackbox-http"'),
    ("cadvisor", 'namespace="shop",container="api"'),
    ("ingress-nginx", 'ingress="shop"'),
    ("kafka-exporter", 'consumergroup="orders"'),
    ("kube-state-metrics", 'namespace="shop",deployment="api"'),
    ("kube-state-metrics-hpa", 'namespace="shop",horizontalpodautoscaler="api"'),
    ("kube-state-metrics-pods", 'namespace="shop",pod=~"api-.*"'),
    ("node", ""),
    ("postgres-exporter", ""),
    ("redis-exporter", ""),
)


def connector(url: str, *queries: Query, token: Secret | None = None, timeout: float = 0.4) -> Connector:
    settings = Settings(url=url, token=token, timeout=timeout)
    return open_connector("prometheus", settings, SystemClock(), queries or (RATE,))


async def read_of(url: str, *queries: Query, token: Secret | None = None, timeout: float = 0.4) -> Seen:
    opened = connector(url, *queries, token=token, timeout=timeout)
    try:
        return await opened.read()
    finally:
        await opened.close()


def vector(*values: str) -> bytes:
    result = [{"metric": {"n": str(n)}, "value": [1.5, value]} for n, value in enumerate(values)]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


@pytest.mark.parametrize(
    ("body", "value", "note"),
    [
        (vector("12.5"), 12.5, ""),
        (vector(), None, "no series"),
        (vector("NaN"), None, "NaN"),
        (vector("+Inf"), None, "infinite"),
        (vector("1", "2", "3"), None, "3 series, expected 1"),
        (vector("0"), 0.0, ""),
    ],
)
async def test_a_number_or_why_there_is_none(body: bytes, value: float | None, note: str) -> None:
    async with serving(answering(200, body)) as url:
        seen = await read_of(url)
    assert isinstance(seen, Snapshot)
    (signal,) = seen.components[0].signals
    assert (signal.name, signal.value, signal.note, signal.unit) == ("rate", value, note, Unit.PER_SECOND)
    assert seen.problems == ()


def test_a_scalar_is_a_number_too() -> None:
    assert read_result([1.5, "3"]).value == 3.0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, FailureKind.EXPIRED),
        (403, FailureKind.FORBIDDEN),
        (404, FailureKind.NOT_FOUND),
        (429, FailureKind.THROTTLED),
        (500, FailureKind.PROTOCOL),
        (504, FailureKind.TIMED_OUT),
    ],
)
async def test_a_refusal_by_its_kind(status: int, kind: FailureKind) -> None:
    async with serving(answering(status, b'{"status":"error","error":"because"}')) as url:
        seen = await read_of(url)
    assert isinstance(seen, Unreachable)
    assert seen.kind is kind
    assert seen.reason == f"{status} because"


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"{}", b'{"data":{"result":7}}', b"[1,2]", b""])
async def test_an_answer_of_something_else(body: bytes) -> None:
    async with serving(answering(200, body)) as url:
        seen = await read_of(url)
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.PROTOCOL


async def test_a_closed_port() -> None:
    seen = await read_of(f"http://127.0.0.1:{closed_port()}")
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.REFUSED
    assert "Connection refused" in seen.reason


async def test_a_name_that_does_not_resolve() -> None:
    seen = await read_of("http://seawall-test.invalid:9090")
    assert isinstance(seen, Unreachable)
    assert seen.kind in (FailureKind.NAME, FailureKind.TIMED_OUT)


async def test_plain_http_where_tls_is_expected() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)  # a client's hello, which is no HTTP
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with serving(handler) as url:
        seen = await read_of(url.replace("http://", "https://"))
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.TLS


async def test_a_connection_closed_without_a_word() -> None:
    async with serving(slam) as url:
        seen = await read_of(url)
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.REFUSED


@pytest.mark.parametrize("sick", [black_hole, drip_head, drip_body])
async def test_a_server_that_hangs_ends_at_the_deadline_and_gives_its_threads_back(sick: Handler) -> None:
    queries = tuple(Query(f"prometheus/c{n}", "up", "up", Unit.NONE) for n in range(12))
    async with serving(sick) as url:
        opened = connector(url, *queries, timeout=0.2)
        for _ in range(2):
            started = time.monotonic()
            seen = await opened.read()
            assert time.monotonic() - started < 2.5
            assert isinstance(seen, Unreachable)
            assert seen.kind is FailureKind.TIMED_OUT
        await opened.close()
        await until(lambda: not any(thread.name.startswith("prometheus-") for thread in threading.enumerate()))


async def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        await asyncio.sleep(0.01)


async def test_one_bad_query_is_one_unknown_signal() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            bad = "oops" in (await read_request(reader)).path
            body = b'{"status":"error","errorType":"bad_data","error":"parse error"}' if bad else vector("5")
            status = "400 Bad Request" if bad else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    bad = Query("prometheus/gateway", "errors", "oops", Unit.RATIO)
    async with serving(handler) as url:
        seen = await read_of(url, RATE, bad)
        alone = await read_of(url, bad)
    assert isinstance(seen, Snapshot)
    rate, errors = seen.components[0].signals
    assert (rate.value, errors.value, errors.note) == (5.0, None, "400 parse error")
    assert seen.problems == ("prometheus/gateway errors: 400 parse error",)
    assert isinstance(alone, Snapshot)  # the server is there; it is the query that is wrong


async def test_a_renewed_token_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            ok = "Authorization: Bearer fresh\r\n" in (await read_request(reader)).head
            body = vector("1") if ok else b""
            status = "200 OK" if ok else "401 Unauthorized"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    monkeypatch.setenv("SEAWALL_TEST_TOKEN", "old")
    async with serving(handler) as url:
        opened = connector(url, token=Secret("env:SEAWALL_TEST_TOKEN"))
        seen = await opened.read()
        assert isinstance(seen, Unreachable)
        assert seen.kind is FailureKind.EXPIRED
        assert seen.advice
        monkeypatch.setenv("SEAWALL_TEST_TOKEN", "fresh")
        assert isinstance(await opened.read(), Snapshot)
        await opened.close()


async def test_without_queries_it_still_says_whether_it_is_there() -> None:
    async with serving(answering(200, vector("1"))) as url:
        opened = open_connector("prometheus", Settings(url=url), SystemClock(), ())
        seen = await opened.read()
        await opened.close()
    assert isinstance(seen, Snapshot)
    assert seen.components == ()


async def test_inspect_shows_the_queries_behind_a_component() -> None:
    async with serving(answering(200, vector("2"))) as url:
        opened = connector(url)
        detail = await opened.inspect("prometheus/gateway")
        other = await opened.inspect("prometheus/nothing")
        await opened.close()
    assert isinstance(detail, Detail)
    assert detail.rows == (("rate", "2", "/s", "up", ""),)
    assert isinstance(other, Unreachable)
    assert other.kind is FailureKind.NOT_FOUND


async def test_nothing_can_be_set() -> None:
    opened = connector("http://127.0.0.1:1")
    change = Change("prometheus/gateway", "rate", 1, 2)
    assert (await opened.apply(change, RUN)).outcome is Outcome.REJECTED
    assert (await opened.probe(change, RUN)).verdict is Verdict.FOREIGN


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(url="localhost:9090"), "url"),
        (Settings(url="http://me:secret@localhost:9090"), "credentials"),
        (Settings(url="http://h", user="me"), "together"),
        (Settings(url="http://h", token=Secret("env:SEAWALL_TEST_ABSENT")), "env:SEAWALL_TEST_ABSENT"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_opening(settings: Settings, words: str) -> None:
    with pytest.raises(ConnectorError, match=words) as raised:
        open_connector("prometheus", settings, SystemClock(), ())
    assert "secret@" not in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_every_preset_measures_something_in_the_simulated_shop() -> None:
    assert {preset for preset, _ in IN_THE_SHOP} <= set(presets())
    estate = Estate("calm", seed=1)
    await estate.prometheus.start()
    queries = [query for preset, match in IN_THE_SHOP for query in queries_for(f"prometheus/{preset}", preset, match)]
    try:
        seen = await read_of(estate.prometheus.url, *queries, timeout=2.0)
    finally:
        await estate.prometheus.stop()
    assert isinstance(seen, Snapshot)
    assert seen.problems == ()
    unknown = {(one.id, signal.name): signal.note for one in seen.components for signal in one.signals if signal.note}
    assert unknown == {}
    values = {(one.id, signal.name): signal.value for one in seen.components for signal in one.signals}
    assert values["prometheus/ingress-nginx", "errors"] == 0.0
    assert values["prometheus/kube-state-metrics", "ready"] == 5.0


async def test_a_token_that_the_simulated_one_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_TOKEN", "old")
    wire = PrometheusWire(SimClock())
    wire.require_token("new")
    await wire.start()
    try:
        seen = await read_of(wire.url, token=Secret("env:SEAWALL_TEST_TOKEN"))
        monkeypatch.setenv("SEAWALL_TEST_TOKEN", "new")
        taken = await read_of(wire.url, token=Secret("env:SEAWALL_TEST_TOKEN"))
    finally:
        await wire.stop()
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.EXPIRED
    assert isinstance(taken, Snapshot)
