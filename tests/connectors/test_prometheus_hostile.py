"""Answers that are broken, absurd or somebody else's: told by their kind, within the deadline, at a bounded cost."""

from __future__ import annotations

import asyncio
import gc
import gzip
import itertools
import json
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.presets import Query
from connectors.prometheus.session import LARGEST
from connectors.secret import Secret
from connectors.settings.prometheus import Settings
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.faults import answering, drip_body, drip_head, read_request, serving, slam
from tests.connectors.prometheus_like import RATE, Asked, Reply, like, number, opened, read, refused, series, success

LOGIN = b"<!doctype html><title>Sign in</title>"
CANARY = "canary-5ecret"


async def failure_of(url: str, **settings: object) -> Unreachable:
    seen = await read(Settings(**{"url": url, "timeout": 2.0, "alerts": False, **settings}))  # type: ignore[arg-type]
    assert isinstance(seen, Unreachable)
    return seen


async def sending(*parts: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()

    return handler


async def test_an_answer_that_breaks_off() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b'{"status":"success","data":{"resu'
    async with serving(await sending(half)) as url:
        seen = await failure_of(url)
    assert seen.kind is FailureKind.PROTOCOL
    assert "broke off" in seen.reason


@pytest.mark.parametrize(
    "body", [b'{"status":"success","data":{"resultType":"vector","result":[{"metr', b"[" * 100_000]
)
async def test_json_that_ends_too_early_or_goes_too_deep(body: bytes) -> None:
    async with serving(answering(200, body)) as url:
        seen = await failure_of(url)
    assert seen.kind is FailureKind.PROTOCOL
    assert "does not answer like Prometheus" in seen.reason


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As fast as it is taken."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


async def test_an_answer_without_an_end_is_given_up_at_its_bound() -> None:
    async with serving(endless) as url:
        started = time.monotonic()
        seen = await read(Settings(url=url, timeout=5.0, alerts=False))
        assert time.monotonic() - started < 5
    assert isinstance(seen, Snapshot)  # it is the query that asks for too much
    assert seen.components[0].signals[0].value is None
    assert seen.problems == (f"prometheus/gateway rate: an answer of more than {LARGEST // 2**20} MiB",)


async def test_a_bomb_of_gzip_costs_no_more_than_the_bound() -> None:
    packing = zlib.compressobj(wbits=31)
    bomb = b"".join(packing.compress(b" " * 2**20) for _ in range(64)) + packing.flush()
    assert len(bomb) < 2**19
    async with like(lambda _: Reply(200, bomb, {"Content-Encoding": "gzip"})) as (url, _):
        tracemalloc.start()
        seen = await read(Settings(url=url, alerts=False))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(seen, Snapshot)
    assert "more than" in seen.problems[0]
    assert peak < 5 * LARGEST


async def test_an_answer_may_be_packed() -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(200, gzip.compress(number(asked).body), {"Content-Encoding": "gzip"})

    async with like(respond) as (url, _):
        seen = await read(Settings(url=url))
    assert isinstance(seen, Snapshot)
    assert seen.components[0].signals[0].value == 5.0


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        pytest.param(b"no gzip", "gzip", "cannot be unpacked", id="not packed"),
        pytest.param(gzip.compress(b"x" * 99)[:-12], "gzip", "broke off", id="cut"),
        pytest.param(b"x", "br", "nobody asked for", id="another way"),
    ],
)
async def test_packed_wrongly(body: bytes, encoding: str, words: str) -> None:
    async with like(lambda _: Reply(200, body, {"Content-Encoding": encoding})) as (url, _):
        seen = await failure_of(url)
    assert seen.kind is FailureKind.PROTOCOL
    assert words in seen.reason


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/json"])
async def test_a_sign_in_page_is_called_one(content_type: str) -> None:
    async with like(lambda _: Reply(200, LOGIN, {"Content-Type": content_type})) as (url, _):
        seen = await failure_of(url)
    assert seen.kind is FailureKind.PROTOCOL
    assert seen.reason == f"{url} answers with a web page"
    assert "sign-in" in seen.advice


async def test_a_wrong_content_type_is_no_trouble() -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(200, number(asked).body, {"Content-Type": "text/plain"})

    async with like(respond) as (url, _):
        seen = await read(Settings(url=url))
    assert isinstance(seen, Snapshot)
    assert seen.components[0].signals[0].value == 5.0


async def test_a_redirect_is_not_followed_and_its_ticket_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_TOKEN", CANARY)
    async with like(number) as (elsewhere, asked):
        location = f"{elsewhere}/login?ticket=7".replace("127.0.0.1", "localhost")
        async with like(lambda _: Reply(302, b"", {"Location": location})) as (url, _):
            seen = await failure_of(url, token=Secret("env:SEAWALL_TEST_TOKEN"))
    assert asked == []
    assert seen.kind is FailureKind.PROTOCOL
    assert seen.reason.startswith("302 to http://localhost/login")
    assert "ticket" not in seen.reason
    assert "sign-in" in seen.advice


async def test_a_redirect_on_the_same_host_says_which_address_to_take() -> None:
    async with like(lambda _: Reply(301, b"", {"Location": "/prometheus/graph"})) as (url, _):
        seen = await failure_of(url)
    assert seen.reason.endswith("/prometheus/graph")
    assert "url" in seen.advice


@pytest.mark.parametrize("sick", [drip_head, drip_body])
async def test_one_byte_at_a_time_ends_at_the_deadline(sick: Callable[..., Awaitable[None]]) -> None:
    async with serving(sick) as url:
        started = time.monotonic()
        seen = await failure_of(url, timeout=0.3)
        assert time.monotonic() - started < 2
    assert seen.kind is FailureKind.TIMED_OUT


async def test_what_was_not_asked_is_no_answer() -> None:
    forged = success({"resultType": "vector", "result": [series("1", seawall_query="99999999999999999999")]})
    async with like(lambda _: forged) as (url, _):
        seen = await read(Settings(url=url, alerts=False), RATE, *_three())
    assert isinstance(seen, Unreachable)
    assert seen.reason == "an answer to something that was not asked"


def _three() -> list[Query]:
    return [replace(RATE, signal=f"s{n}", expr=f"m{n}") for n in range(3)]


async def test_text_from_outside_comes_as_one_bounded_line() -> None:
    ugly = "a\x1b[2J\nb" + "x" * 100_000
    body = json.dumps({"status": "error", "errorType": "internal", "error": ugly}).encode()
    async with like(lambda _: Reply(500, body)) as (url, _):
        seen = await failure_of(url)
    assert seen.reason.isprintable()
    assert len(seen.reason) < 250


@pytest.mark.parametrize("text", [f"{CANARY}\nwith a second line", f" {CANARY}", f"{CANARY}é"])
@pytest.mark.parametrize("kind", ["token", "password", "headers"])
async def test_no_credential_is_in_any_word(kind: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_CANARY", text)
    secret = Secret("env:SEAWALL_TEST_CANARY")
    given = {
        "token": {"token": secret},
        "password": {"user": "me", "password": secret},
        "headers": {"headers": {"X": secret}},
    }
    settings = Settings(url="http://127.0.0.1:1", **given[kind])  # type: ignore[arg-type]
    connector = opened(settings)
    seen = await connector.read()
    await connector.close()
    assert CANARY not in repr((settings, connector, seen))


def resources() -> tuple[int, int, int]:
    """Threads, open files and sockets, and blocks of memory of this process, once what is unreachable is gone."""
    gc.collect()
    return threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir()), sys.getallocatedblocks()


async def test_a_thousand_sick_readings_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_TOKEN", "old")
    sicknesses = itertools.cycle([
        refused(401, "unauthorized"), refused(429, "slower", headers={"Retry-After": "1"}), refused(503, "storm"),
        Reply(200, LOGIN), Reply(200, b"no JSON"), Reply(302, b"", {"Location": "http://elsewhere/"}),
    ])  # fmt: skip
    async with like(lambda _: next(sicknesses)) as (url, asked):
        connector = opened(Settings(url=url, token=Secret("env:SEAWALL_TEST_TOKEN"), alerts=False))
        for _ in range(100):
            await connector.read()
        asked.clear()
        before = resources()
        for _ in range(1000):
            assert isinstance(await connector.read(), Unreachable)
        asked.clear()
        after = resources()
        await connector.close()
    assert after[0] <= before[0] + 1
    assert after[1] <= before[1] + 3
    assert after[2] <= before[2] + 3000


async def test_a_server_that_slams_every_door_leaves_nothing_behind() -> None:
    async with serving(slam) as url:
        connector = opened(Settings(url=url))
        for _ in range(10):
            await connector.read()
        before = resources()
        for _ in range(90):
            assert isinstance(await connector.read(), Unreachable)
        after = resources()
        await connector.close()
    assert after[0] <= before[0] + 1
    assert after[1] <= before[1] + 3
