"""What a client asks of a running pod itself: its log, which there is, and a shell or a port, which there is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from aiohttp import web

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.kinds import POD
from connectors.simulator.kubernetes.logs import Line, Logs, container_of
from connectors.simulator.kubernetes.objects import Object, dig
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.request import Request

LOG = "log"
SUBRESOURCES = (LOG, "exec", "attach", "portforward")


class PodStreams:
    """Serves the subresources of pods that are streams and no objects."""

    def __init__(self, registry: Registry, logs: Logs) -> None:
        self._registry = registry
        self._logs = logs
        self._followers: set[asyncio.Event] = set()
        self._closed = False

    def grown(self) -> None:
        """There may be something new to read."""
        for follower in self._followers:
            follower.set()

    def close(self) -> None:
        """Ends every log that is being followed."""
        self._closed = True
        self.grown()

    async def serve(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        """The log as plain text. Refuses with 400 what the kubelet refuses, and with 501 what is not simulated."""
        pod = self._registry.get(POD, request.namespace, request.name)
        if request.subresource != LOG:
            raise refusal.Refusal(501, "NotImplemented", _explained(request.subresource))
        container = container_of(pod, request.query.get("container", ""))
        lines = _chosen(self._logs.lines(pod, container, request.flag("previous")), request, self._logs.now)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(http)
        try:
            await self._write(response, lines, request)
            if request.flag("follow") and not request.flag("previous"):
                async for more in self._followed(request, container, pod):
                    await self._write(response, more, request)
            await response.write_eof()
        except ConnectionResetError:
            return response  # the reader went away
        return response

    async def _write(self, response: web.StreamResponse, lines: list[Line], request: Request) -> None:
        text = b"".join(line.shown(request.flag("timestamps")) for line in lines)
        limit = request.number("limitBytes")
        if text:
            await response.write(text[:limit] if limit else text)

    async def _followed(self, request: Request, container: str, pod: Object) -> AsyncIterator[list[Line]]:
        """What is printed from now on, until the container's life in this pod is over."""
        read, uid, news = self._logs.now, pod["metadata"]["uid"], asyncio.Event()
        self._followers.add(news)
        try:
            while not self._closed:
                await news.wait()
                news.clear()
                present = self._registry.store.get(POD, request.namespace, request.name)
                if present is None or present["metadata"]["uid"] != uid:
                    return
                since, read = read, self._logs.now
                if dig(present, "status", "phase") == "Running":
                    yield [line for line in self._logs.lines(present, container) if since < line.wall <= read]
                else:
                    return
        finally:
            self._followers.discard(news)


def _chosen(lines: list[Line], request: Request, now: float) -> list[Line]:
    """The lines that were asked for. Refuses with 400 what is no number and no time."""
    if seconds := request.number("sinceSeconds"):
        lines = [line for line in lines if line.wall > now - seconds]
    if since := request.query.get("sinceTime"):
        try:
            at = datetime.fromisoformat(since).timestamp()
        except ValueError as error:
            raise refusal.bad_request(f'sinceTime: Invalid value: "{since}": must be RFC 3339') from error
        lines = [line for line in lines if line.wall >= at]
    if "tailLines" in request.query:
        tail = request.number("tailLines")
        lines = lines[-tail:] if tail else []
    return lines


def _explained(subresource: str) -> str:
    what = {"portforward": "there is no port behind it", "exec": "there is nothing to run a command in"}
    why = what.get(subresource, "there is no process to attach to")
    return f"pods/{subresource} is not served: the containers of this cluster are simulated, {why}"
