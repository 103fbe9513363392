"""The forms of Prometheus's answers: success, errors, times, and what a browser and a slow line ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from connectors.simulator.prometheus.values import BadQueryError, ExecutionError, TimeoutQueryError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CORS = {
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Date",
    "Vary": "Origin",
}
WORTH_PACKING = 512  # bytes
NEVER = "0001-01-01T00:00:00Z"  # Go's zero time


def answer(data: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode({"status": "success", "data": data}), content_type="application/json")


def refusal(status: int, kind: str, message: str) -> web.Response:
    body = {"status": "error", "errorType": kind, "error": message}
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")


def stamp(wall: float) -> str:
    """RFC 3339 in UTC, as Go writes it: no trailing zeros in the fraction."""
    moment = datetime.fromtimestamp(wall, UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A query's errors in Prometheus's form and with its status codes."""
    try:
        return await handler(request)
    except BadQueryError as error:
        return refusal(400, "bad_data", str(error))
    except ExecutionError as error:
        return refusal(422, "execution", str(error))
    except TimeoutQueryError as error:
        return refusal(503, "timeout", str(error))


@web.middleware
async def manners(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Cross-origin headers, gzip, and Go's plain words for a page or a method that is not there."""
    try:
        response = web.Response(status=204) if request.method == "OPTIONS" else await handler(request)
    except web.HTTPNotFound:
        response = plain(404, "404 page not found\n")
    except web.HTTPMethodNotAllowed as error:
        response = plain(405, "Method Not Allowed\n", Allow=", ".join(sorted({*error.allowed_methods, "OPTIONS"})))
    if "Origin" in request.headers and request.path.startswith("/api/"):
        response.headers.update(CORS)
    body = response.body if isinstance(response, web.Response) else None
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    if packs and isinstance(body, bytes) and len(body) > WORTH_PACKING:
        response.enable_compression(web.ContentCoding.gzip)
    return response


def plain(status: int, text: str, **headers: str) -> web.Response:
    return web.Response(status=status, text=text, headers={"X-Content-Type-Options": "nosniff", **headers})
