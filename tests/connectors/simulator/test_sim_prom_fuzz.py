"""Hostile clients of the Prometheus wire: each gets an error or a closed connection, and nobody else notices."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus import PrometheusWire
from connectors.simulator.tick import Sample

PATIENCE = 0.5  # wall seconds
DEADLINE = 20.0
PAGES = [
    "query",
    "query_range",
    "series",
    "labels",
    "label/job/values",
    "query_exemplars",
    "format_query",
    "rules",
    "alerts",
    "metadata",
    "targets",
    "targets/metadata",
    "status/tsdb",
]
NAMES = [
    "query",
    "time",
    "start",
    "end",
    "step",
    "timeout",
    "match[]",
    "limit",
    "type",
    "metric",
    "match_target",
    "state",
]
VALUES = st.one_of(
    st.sampled_from(["up", "{job=~'(a*)*b'}", "rate(up[1m])", "1e308", "-1", "NaN", "Inf", "9" * 40, "\x00", "é", "{"]),
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)


def wire_of(series: int = 50) -> PrometheusWire:
    wire = PrometheusWire(SimClock(1.0), 0, patience=PATIENCE)
    for t in range(-600, 1, 5):
        wire.scrape(t, [Sample("up", (("job", "a" * 40), ("i", str(i))), 1.0) for i in range(series)])
    return wire


@pytest.fixture
async def wire() -> AsyncIterator[PrometheusWire]:
    wire = wire_of()
    await wire.start()
    yield wire
    await wire.stop()


async def alive(wire: PrometheusWire) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{wire.url}/api/v1/query?query=1") as reply:
        return reply.status == 200


async def connected(wire: PrometheusWire) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = wire.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection is closed, in whatever way."""
    try:
        return await asyncio.wait_for(reader.read(), DEADLINE)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "begun", [b"", b"GET /api/v1/qu", b"GET / HTTP/1.1\r\nHost: h\r\nX-A: b", b"POST /api/v1/query HT"]
)
async def test_a_request_that_is_never_finished_is_given_up(wire: PrometheusWire, begun: bytes) -> None:
    reader, writer = await connected(wire)
    writer.write(begun)
    assert await rest(reader) == b""
    writer.close()
    assert await alive(wire)


async def test_a_request_that_drips_is_given_up(wire: PrometheusWire) -> None:
    reader, writer = await connected(wire)
    closed = asyncio.create_task(rest(reader))
    deadline = time.monotonic() + DEADLINE
    while not closed.done() and time.monotonic() < deadline:
        writer.write(b"G")
        await asyncio.wait([closed], timeout=PATIENCE / 10)
    assert closed.done()
    writer.close()


async def test_a_body_that_never_comes_is_a_timeout(wire: PrometheusWire) -> None:
    reader, writer = await connected(wire)
    writer.write(b"POST /api/v1/query HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nquery=")
    assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_body_that_is_too_long_is_refused(wire: PrometheusWire) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bomb = gzip.compress(b"query=" + b"1+" * 2_000_000)
    async with aiohttp.ClientSession() as session:
        for body, headers in ((b"query=" + b"1+" * 1_000_000, form), (bomb, {**form, "Content-Encoding": "gzip"})):
            async with session.post(f"{wire.url}/api/v1/query", data=body, headers=headers) as reply:
                assert reply.status in (400, 413)
    assert await alive(wire)


async def test_idle_connections_do_not_keep_others_out(wire: PrometheusWire) -> None:
    idle = [await connected(wire) for _ in range(200)]
    assert await alive(wire)
    assert [await rest(reader) for reader, _ in idle] == [b""] * 200
    for _, writer in idle:
        writer.close()


HEAVY = [
    "(" * 2000 + "1" + ")" * 2000,
    "-" * 4000 + "1",
    "+".join(["up"] * 1300),
    "sum_over_time(" * 60 + "up" + "[1h:1s])" * 60,
    "max_over_time(up[10m:1s])[10m:1s]",
    "count_over_time(({__name__=~'.+'})[12h:1s])",
    "up{job=~'(a*)*b'}",
    "up{job=~'((a?){30}){30}b'}",
    "label_replace(up, 'x', '$1', 'job', '((a|aa)+)+c')",
    "up[1000y]",
    "up offset 290y",
    "vector(1)[300y:1ms]",
    "up" + " or up" * 600,
]


@pytest.mark.parametrize("query", HEAVY, ids=range(len(HEAVY)))
async def test_a_query_that_asks_for_too_much_is_bounded(wire: PrometheusWire, query: str) -> None:
    async with aiohttp.ClientSession() as session:
        begin = time.monotonic()
        async with session.post(f"{wire.url}/api/v1/query", data={"query": query}) as reply:
            assert reply.status in (200, 400, 422, 503)
        assert time.monotonic() - begin < 10
    assert await alive(wire)


async def test_a_client_that_leaves_takes_its_query_along(wire: PrometheusWire) -> None:
    heavy = "{__name__=~'.+'} + up" + " + up" * 90
    span = {"query": heavy, "start": "0", "end": "11000", "step": "1"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(0.2)) as session:
        with pytest.raises(TimeoutError):
            async with session.get(f"{wire.url}/api/v1/query_range", params=span):
                pass
    assert await alive(wire)


REQUESTS = st.tuples(
    st.sampled_from(PAGES), st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5), st.booleans()
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(REQUESTS, min_size=20, max_size=20))
def test_any_parameters_get_an_answer(requests: list[tuple[str, list[tuple[str, str]], bool]]) -> None:
    async def asked() -> set[int]:
        wire = wire_of(3)
        await wire.start()
        statuses = set()
        try:
            async with aiohttp.ClientSession() as session:
                for page, pairs, posted in requests:
                    url = f"{wire.url}/api/v1/{page}"
                    text = urlencode([(name, value.encode(errors="replace")) for name, value in pairs])
                    form = {"Content-Type": "application/x-www-form-urlencoded"}
                    request = session.post(url, data=text, headers=form) if posted else session.get(f"{url}?{text}")
                    async with request as reply:
                        statuses.add(reply.status)
        finally:
            await wire.stop()
        return statuses

    assert asyncio.run(asked()) <= {200, 400, 405, 422, 503}
