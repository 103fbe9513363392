"""Relatives of Prometheus as they answer (shapes from their documentation and source): nothing else is relied on."""

from __future__ import annotations

import asyncio
import base64
import time
from email.utils import formatdate

import pytest

from connectors.presets import Query
from connectors.secret import Secret
from connectors.settings.prometheus import Settings
from console.model.signal import Unit
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.faults import read_request, serving
from tests.connectors.prometheus_like import (
    RATE,
    Asked,
    Reply,
    Respond,
    asked_of,
    like,
    number,
    opened,
    read,
    refused,
    success,
    vector,
)
from tests.connectors.threaded_clock import IN_A_WORKER, ThreadedClock


def value_of(seen: object) -> tuple[float | None, str]:
    assert isinstance(seen, Snapshot)
    signal = seen.components[0].signals[0]
    return signal.value, signal.note


async def test_thanos_that_misses_a_store_says_that_its_numbers_are_partial() -> None:
    warning = 'receive series from Addr: 10.0.0.7:10901: rpc error: code = Unavailable desc = "connection refused"'
    async with like(lambda asked: number(asked, "7", warnings=[warning])) as (url, _):
        seen = await read(Settings(url=url))
    value, note = value_of(seen)
    assert value == 7.0
    assert note.startswith("the server warns: receive series from Addr")
    assert isinstance(seen, Snapshot)
    assert seen.problems == (warning,)


async def test_victoriametrics_that_misses_a_node_says_so_and_its_own_fields_are_no_trouble() -> None:
    stats = {"seriesFetched": "2", "executionTimeMsec": 3}
    async with like(lambda asked: number(asked, "7", isPartial=True, stats=stats)) as (url, asked):
        seen = await read(Settings(url=f"{url}/select/0/prometheus/"))
    assert value_of(seen) == (7.0, "the server warns: partial: some storage nodes did not answer")
    assert isinstance(seen, Snapshot)
    assert seen.problems == ("partial: some storage nodes did not answer",)
    assert {each.path for each in asked} == {"/select/0/prometheus/api/v1/query", "/select/0/prometheus/api/v1/alerts"}


async def test_what_is_whole_is_no_problem() -> None:
    async with like(lambda asked: number(asked, "7", isPartial=False, warnings=[], infos=["a lint"])) as (url, _):
        seen = await read(Settings(url=url))
    assert isinstance(seen, Snapshot)
    assert seen.problems == ()


async def test_victoriametrics_refuses_a_query_with_422_and_a_number_for_its_kind() -> None:
    def respond(asked: Asked) -> Reply:
        return (
            refused(422, "error when executing query: unexpected token", "422") if "query" in asked.params else vector()
        )

    async with like(respond) as (url, _):
        seen = await read(Settings(url=url))
    assert value_of(seen) == (None, "422 error when executing query: unexpected token")


async def test_mimir_without_a_tenant_says_which_setting_is_missing() -> None:
    def respond(asked: Asked) -> Reply:
        if "x-scope-orgid: shop\r\n" not in asked.head.lower():
            return Reply(401, b"no org id", {"Content-Type": "text/plain"})
        return number(asked)

    async with like(respond) as (url, _):
        nobody = await read(Settings(url=f"{url}/prometheus"))
        shop = await read(Settings(url=f"{url}/prometheus", tenant="shop"))
    assert isinstance(nobody, Unreachable)
    assert "tenant" in nobody.advice
    assert value_of(shop) == (5.0, "")


async def test_mimir_that_has_no_root_and_no_ruler_is_read_all_the_same() -> None:
    def respond(asked: Asked) -> Reply:
        if asked.path != "/prometheus/api/v1/query":
            return Reply(404, b"404 page not found\n", {"Content-Type": "text/plain"})
        return number(asked)

    async with like(respond) as (url, _):
        seen = await read(Settings(url=f"{url}/prometheus"))
        quiet = await read(Settings(url=f"{url}/prometheus", alerts=False))
    assert value_of(seen) == (5.0, "")
    assert isinstance(seen, Snapshot)
    assert seen.problems == ("alerts: 404 Said; alerts = false stops asking",)
    assert isinstance(quiet, Snapshot)
    assert quiet.problems == ()


async def test_too_many_requests_say_for_how_long() -> None:
    limit = refused(429, "the request has been rejected because the tenant exceeded the request rate limit",
                    "too_many_requests", {"Retry-After": "7"})  # fmt: skip
    async with like(lambda _: limit) as (url, _):
        seen = await read(Settings(url=url))
    assert isinstance(seen, Unreachable)
    assert (seen.kind, seen.retry_after) == (FailureKind.THROTTLED, 7.0)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refused(503, "query timed out in expression evaluation", "timeout"), FailureKind.TIMED_OUT),
        (Reply(503, b"<h1>no server is available</h1>", {"Content-Type": "text/html"}), FailureKind.PROTOCOL),
        (Reply(503, b"", {"Retry-After": "3"}), FailureKind.THROTTLED),
        (Reply(400, b"<h1>The plain HTTP request was sent to HTTPS port</h1>"), FailureKind.PROTOCOL),
    ],
)
async def test_what_is_no_query_s_fault_is_the_source_s(reply: Reply, kind: FailureKind) -> None:
    async with like(lambda _: reply) as (url, _):
        seen = await read(Settings(url=url))
    assert isinstance(seen, Unreachable)
    assert seen.kind is kind
    assert seen.advice


async def test_headers_parameters_and_credentials_go_with_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_KEY", "canary-key")
    monkeypatch.setenv("SEAWALL_TEST_PASSWORD", "pässword")
    settings = Settings(
        url="http://h",
        user="me",
        password=Secret("env:SEAWALL_TEST_PASSWORD"),
        headers={"X-Api-Key": Secret("env:SEAWALL_TEST_KEY")},
        params={"extra_label": "team=shop"},
    )
    async with like(number) as (url, asked):
        await read(Settings(**{**{name: getattr(settings, name) for name in settings.__struct_fields__}, "url": url}))
    assert len(asked) == 2
    for each in asked:
        assert "X-Api-Key: canary-key\r\n" in each.head
        assert each.params["extra_label"] == "team=shop"
        assert f"Authorization: Basic {base64.b64encode('me:pässword'.encode()).decode()}\r\n" in each.head


async def test_queries_that_are_too_long_for_a_url_go_as_a_form() -> None:
    long = Query("prometheus/gateway", "long", "up" + " + up" * 900, Unit.NONE)
    async with like(number) as (url, asked):
        seen = await read(Settings(url=url, alerts=False), long)
        short = await read(Settings(url=url, alerts=False), RATE)
    assert value_of(seen) == value_of(short) == (5.0, "")
    assert [each.method for each in asked] == ["POST", "GET"]
    assert asked[0].params["query"] == long.expr


@pytest.mark.parametrize("status", [403, 405])
async def test_a_proxy_that_lets_only_reading_through_gets_long_queries_in_the_url(status: int) -> None:
    long = Query("prometheus/gateway", "long", "up" + " + up" * 900, Unit.NONE)

    def respond(asked: Asked) -> Reply:
        return refused(status, "read only", "forbidden") if asked.method == "POST" else number(asked)

    async with like(respond) as (url, asked):
        connector = opened(Settings(url=url, alerts=False), long)
        seen = [await connector.read() for _ in range(2)]
        await connector.close()
    assert [value_of(each) for each in seen] == [(5.0, "")] * 2
    assert [each.method for each in asked] == ["POST", "GET", "GET"]


async def test_forty_queries_of_ten_components_take_eight_requests() -> None:
    queries = [Query(f"prometheus/c{n // 4}", f"s{n}", f"m{n}", Unit.NONE) for n in range(40)]
    async with like(number) as (url, asked):
        seen = await read(Settings(url=url, alerts=False), *queries)
    assert isinstance(seen, Snapshot)
    assert all(signal.value == 5.0 for one in seen.components for signal in one.signals)
    assert len(asked) == 8


@pytest.mark.parametrize("data", [{"alerts": []}, {"alerts": None}, {}])
async def test_an_empty_list_of_alerts_in_either_form(data: dict[str, None]) -> None:
    async with like(lambda asked: number(asked) if "query" in asked.params else success(data)) as (url, _):
        seen = await read(Settings(url=url))
    assert isinstance(seen, Snapshot)
    assert (seen.alerts, seen.problems) == ((), ())


async def test_queries_go_side_by_side_on_connections_that_are_kept() -> None:
    queries = [Query(f"prometheus/c{n // 4}", f"s{n}", f"m{n}", Unit.NONE) for n in range(40)]
    connections, waiting, all_asked = 0, 0, asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections, waiting
        connections += 1
        while True:
            asked = asked_of(await read_request(reader))
            waiting += 1
            if waiting == 8:
                all_asked.set()
            await all_asked.wait()  # nobody is answered before eight have asked
            body = number(asked).body
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with serving(handler) as url:
        connector = opened(Settings(url=url, alerts=False), *queries)
        for _ in range(20):
            assert isinstance(await connector.read(), Snapshot)
        await connector.close()
    assert connections == 8


async def test_a_server_is_told_when_to_stop_working_for_us() -> None:
    async with like(number) as (url, asked):
        await read(Settings(url=url, alerts=False, timeout=1.5))
    assert asked[0].params["timeout"] == "1500ms"


async def test_of_two_queries_of_one_name_the_later_one_is_asked() -> None:
    own = Query(RATE.component, RATE.signal, "my_rate", RATE.unit)
    async with like(number) as (url, asked):
        seen = await read(Settings(url=url, alerts=False), RATE, own)
    assert isinstance(seen, Snapshot)
    assert [signal.name for signal in seen.components[0].signals] == ["rate"]
    assert [each.params["query"] for each in asked] == ["my_rate"]


async def test_a_server_whose_clock_is_ahead_shows_by_how_much() -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(200, number(asked).body, {"Date": formatdate(time.time() + 7, usegmt=True)})

    async with like(respond) as (url, _):
        seen = await read(Settings(url=url))
    cached = await skew_of_a_cache(respond)
    assert isinstance(seen, Snapshot)
    assert seen.skew == pytest.approx(7, abs=0.7)
    assert cached is None  # the time at which a cache was filled is nobody's clock


async def skew_of_a_cache(respond: Respond) -> float | None:
    def cached(asked: Asked) -> Reply:
        reply = respond(asked)
        return Reply(reply.status, reply.body, {**reply.headers, "Age": "30"})

    async with like(cached) as (url, _):
        seen = await read(Settings(url=url))
    assert isinstance(seen, Snapshot)
    return seen.skew


async def test_a_query_that_takes_too_long_costs_its_neighbours_one_reading() -> None:
    queries = [Query(f"prometheus/{name}", name, name, Unit.NONE) for name in ("dear", "b", "c", "d", "e", "f", "g")]

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = asked_of(await read_request(reader))
            if "dear" in asked.params["query"]:
                await asyncio.Event().wait()
            body = number(asked).body
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with serving(handler) as url:
        connector = opened(Settings(url=url, alerts=False, timeout=0.5), *queries)
        first, second = await connector.read(), await connector.read()
        await connector.close()
    assert isinstance(first, Snapshot)
    assert isinstance(second, Snapshot)
    known = [[one.signals[0].value for one in seen.components] for seen in (first, second)]
    assert known == [[None] * 4 + [5.0] * 3, [None] + [5.0] * 6]
    (problem,) = second.problems
    assert problem.startswith("prometheus/dear dear: ")


async def test_numbers_are_of_the_moment_when_their_answer_came() -> None:
    async with like(number) as (url, _):
        connector = opened(Settings(url=url), clock=ThreadedClock())
        seen = await connector.read()
        await connector.close()
    assert isinstance(seen, Snapshot)
    assert {seen.at, *(each.at for each in seen.components[0].signals)} == {IN_A_WORKER}
