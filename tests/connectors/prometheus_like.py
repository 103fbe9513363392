"""Small servers that answer as Prometheus and its relatives do, and keep what they were asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors import Clock, Connector
from connectors.presets import Query
from connectors.prometheus import open_connector
from connectors.settings.prometheus import Settings
from console.clock import SystemClock
from console.model.signal import Unit
from console.model.snapshot import Seen
from tests.connectors.faults import Request, read_request, serving

RATE = Query("prometheus/gateway", "rate", "up", Unit.PER_SECOND)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the path without its query, and the parameters of either place."""

    method: str
    path: str
    params: dict[str, str]
    head: str


Respond = Callable[[Asked], Reply]


@asynccontextmanager
async def like(respond: Respond) -> AsyncIterator[tuple[str, list[Asked]]]:
    """A server that answers by ``respond``: its address, and what it was asked."""
    asked: list[Asked] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked.append(asked_of(await read_request(reader)))
            reply = respond(asked[-1])
            lines = {"Content-Type": "application/json", "Content-Length": str(len(reply.body)), **reply.headers}
            head = f"HTTP/1.1 {reply.status} Said\r\n" + "".join(
                f"{name}: {value}\r\n" for name, value in lines.items()
            )
            writer.write(head.encode() + b"\r\n" + reply.body)
            await writer.drain()

    async with serving(handler) as url:
        yield url, asked


def asked_of(request: Request) -> Asked:
    """What a request asks, wherever it has its parameters."""
    parts = urlsplit(request.path)
    return Asked(
        request.method, parts.path, dict(parse_qsl(parts.query) + parse_qsl(request.body.decode())), request.head
    )


def success(data: Any, **beside: Any) -> Reply:
    return Reply(body=json.dumps({"status": "success", "data": data, **beside}).encode())


def refused(status: int, error: str, kind: str = "bad_data", headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps({"status": "error", "errorType": kind, "error": error}).encode()
    return Reply(status, body, headers or {})


def series(value: str, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [1.5, value]}


def vector(*values: str, **beside: Any) -> Reply:
    result = [series(value, n=str(n)) for n, value in enumerate(values)]
    return success({"resultType": "vector", "result": result}, **beside)


def number(asked: Asked, value: str = "5", **beside: Any) -> Reply:
    """One number for each query of the batch; an empty list for every other page."""
    if not asked.path.endswith("/query"):
        return success({"alerts": []})
    queries = asked.params["query"].count('"seawall_query"')
    result = [series(value, seawall_query=str(n)) for n in range(queries)] or [series(value)]
    return success({"resultType": "vector", "result": result}, **beside)


def opened(settings: Settings, *queries: Query, clock: Clock | None = None) -> Connector:
    return open_connector("prometheus", settings, clock or SystemClock(), queries or (RATE,))


async def read(settings: Settings, *queries: Query) -> Seen:
    connector = opened(settings, *queries)
    try:
        return await connector.read()
    finally:
        await connector.close()
