"""Bearer tokens that an endpoint grants: got before they are needed, kept, renewed, and never shown."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.deadline import Line
from connectors.kafka.oauth import Tokens
from connectors.secret import Secret
from connectors.settings.kafka import Settings
from connectors.simulator.kafka.options import KafkaOptions
from console.model.snapshot import FailureKind
from tests.connectors.faults import answering, black_hole, closed_port, drip_body, read_request, serving, slam
from tests.connectors.kafka_estate import bad, good, opened
from tests.connectors.simulator.sim_kafka import Estate, estate

TOKEN, SECRET = "granted-canary", "secret-canary"
BEARERS = KafkaOptions(security="SASL_PLAINTEXT", tokens={TOKEN: "seawall"})


class Grantor:
    """An endpoint as RFC 6749 has it: a token for whoever knows the client's secret."""

    def __init__(self, life: float = 300.0) -> None:
        self.token, self.life = TOKEN, life
        self.asked: list[dict[str, list[str]]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        self.asked.append(parse_qs(request.body.decode()))
        known = base64.b64encode(f"seawall:{SECRET}".encode()).decode()
        if f"authorization: basic {known.lower()}" in request.head.lower():
            said, status = {"access_token": self.token, "token_type": "bearer", "expires_in": self.life}, 200
        else:
            said, status = {"error": "invalid_client", "error_description": "who are you?"}, 401
        await answering(status, json.dumps(said).encode())(_again(request.head, request.body), writer)


def _again(head: str, body: bytes) -> asyncio.StreamReader:
    """The request once more, for the one who answers."""
    reader = asyncio.StreamReader()
    reader.feed_data(head.encode("latin-1") + body)
    reader.feed_eof()
    return reader


@pytest.fixture
def way(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Settings of a client that has its token granted there."""

    def made(url: str, secret: str = SECRET) -> dict[str, Any]:
        kept = tmp_path / "secret"
        kept.write_text(secret, encoding="utf-8")
        return {
            "mechanism": "OAUTHBEARER",
            "token_url": f"{url}/token",
            "client_id": "seawall",
            "client_secret": Secret(f"file:{kept}"),
            "scope": "kafka",
            "timeout": 2.0,
        }

    return made


@asynccontextmanager
async def granted(grantor: Grantor) -> AsyncIterator[tuple[Estate, str]]:
    async with estate(BEARERS) as at, serving(grantor) as url:
        yield at, url


async def test_a_token_is_granted_once_and_kept(way: Callable[..., dict[str, Any]]) -> None:
    grantor = Grantor()
    async with granted(grantor) as (at, url), opened(at.wire.bootstrap, **way(url)) as connector:
        for _ in range(3):
            good(await connector.read())
    assert grantor.asked == [{"grant_type": ["client_credentials"], "scope": ["kafka"]}]


async def test_a_token_that_the_broker_does_not_take_any_more_is_replaced(way: Callable[..., dict[str, Any]]) -> None:
    grantor = Grantor()
    async with granted(grantor) as (at, url), opened(at.wire.bootstrap, **way(url)) as connector:
        good(await connector.read())
        at.wire.ports.honour({"another-canary": "seawall"})
        at.wire.ports.drop()
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.EXPIRED
        assert TOKEN not in refused.reason
        grantor.token = "another-canary"
        good(await connector.read())
        assert len(grantor.asked) == 2


async def test_a_wrong_secret_is_told_as_such(way: Callable[..., dict[str, Any]]) -> None:
    wrong = "wrong-canary"
    async with granted(Grantor()) as (at, url), opened(at.wire.bootstrap, **way(url, wrong)) as connector:
        refused = bad(await connector.read())
    assert refused.kind is FailureKind.EXPIRED
    assert refused.reason.endswith("status 401: who are you?")
    assert "client_secret" in refused.advice
    assert "canary" not in repr(refused)


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (black_hole, FailureKind.TIMED_OUT),
        (drip_body, FailureKind.TIMED_OUT),
        (slam, FailureKind.REFUSED),
        (answering(200, b"no json"), FailureKind.PROTOCOL),
        (answering(200, b'{"access_token": "two\\nlines"}'), FailureKind.PROTOCOL),
        (answering(400, b'{"error": "invalid_client"}'), FailureKind.EXPIRED),
        (answering(429, b"{}"), FailureKind.THROTTLED),
        (answering(503, b"<html>"), FailureKind.PROTOCOL),
    ],
)
async def test_a_sick_endpoint_is_told_apart_in_time(
    server: Any, kind: FailureKind, way: Callable[..., dict[str, Any]]
) -> None:
    async with serving(server) as url, opened(("127.0.0.1:1",), **{**way(url), "timeout": 0.5}) as connector:
        started = time.monotonic()
        refused = bad(await connector.read())
        assert time.monotonic() - started < 2.0
    assert refused.kind is kind, refused
    assert refused.reason.startswith("token from 127.0.0.1:")


async def test_an_endpoint_that_is_not_there(way: Callable[..., dict[str, Any]]) -> None:
    async with opened(("127.0.0.1:1",), **way(f"http://127.0.0.1:{closed_port()}")) as connector:
        assert bad(await connector.read()).kind is FailureKind.REFUSED


async def test_the_next_one_is_got_before_the_last_one_ends(way: Callable[..., dict[str, Any]]) -> None:
    now, grantor = 1000.0, Grantor(life=100.0)
    async with serving(grantor) as url:
        tokens = Tokens(Settings(bootstrap=("b:1",), **way(url)), lambda: now)
        assert tokens.due
        await asyncio.to_thread(tokens.renew, Line(), 2.0)
        assert tokens.token() == TOKEN
        now += 79.0
        assert not tokens.due
        now += 2.0
        assert tokens.due, "at 80 % of its life"
