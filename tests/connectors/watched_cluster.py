"""Deployments behind just enough of an API server to list and to watch them, and to go wrong on purpose.

It keeps a log of what happened, as etcd does, and can forget its beginning (``compact``). What is asked of it is kept
too, so that a test can count.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.connectors.faults import Request, read_request

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
Json = dict[str, Any]


def deployment(name: str, version: int, replicas: int = 1) -> Json:
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": str(version)},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}},
        "status": {"replicas": replicas, "readyReplicas": replicas},
    }


@dataclass
class WatchedCluster:
    """``watching`` is what becomes of a watch: "well", "forbidden", "deaf" (taken, and never told anything), "410" (at
    the status), "slam" (ended at once), "none" (answered by a list, as by a proxy that drops the query)."""

    watching: str = "well"
    token: str = "good"
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200  # of everything; 0: the connection ends without a word
    broken: frozenset[str] = frozenset()  # paths whose lists end in a 500
    hidden: frozenset[str] = frozenset()  # those that we may not read
    version: int = 10
    oldest: int = 0
    objects: dict[str, Json] = field(default_factory=dict)
    log: list[tuple[int, Json]] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    watches: list[dict[str, str]] = field(default_factory=list)
    beats: int = 0
    open: dict[str, int] = field(default_factory=dict)  # streams, by path
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _drop: int = 0

    def __post_init__(self) -> None:
        self.objects = {name: deployment(name, 1) for name in ("api", "workers")}

    async def put(self, name: str, replicas: int) -> None:
        self.version += 1
        kind = "MODIFIED" if name in self.objects else "ADDED"
        self.objects[name] = deployment(name, self.version, replicas)
        await self._tell({"type": kind, "object": self.objects[name]})

    async def delete(self, name: str) -> None:
        self.version += 1
        last = self.objects.pop(name)
        last["metadata"]["resourceVersion"] = str(self.version)
        await self._tell({"type": "DELETED", "object": last})

    async def say(self, event: Json) -> None:
        """Something that is no change."""
        self.version += 1
        await self._tell(event)

    async def bookmark(self) -> None:
        self.version += 1
        metadata = {"resourceVersion": str(self.version), "creationTimestamp": None}
        spec: Json = {"selector": None, "template": {"metadata": {}}}  # as a real server's: an empty object of the kind
        await self._tell({"type": "BOOKMARK", "object": {"metadata": metadata, "spec": spec, "status": {}}})

    def compact(self) -> None:
        """Forgets everything that happened before now."""
        self.oldest = self.version

    async def drop(self) -> None:
        """Ends every open stream, as a server that is going down does."""
        async with self._news:
            self._drop += 1
            self._news.notify_all()

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _tell(self, event: Json) -> None:
        async with self._news:
            self.log.append((self.version, event))
            self._news.notify_all()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            url = urlsplit(request.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            if "watch" in query and self.watching != "none":
                await self._watch(reader, writer, url.path, query)
                return
            if self.status == 0:
                return
            status, document = self._answer(request, url.path, query)
            body = json.dumps(document).encode()
            lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **self.headers}
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            writer.write(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body)
            await writer.drain()

    def _answer(self, request: Request, path: str, query: dict[str, str]) -> tuple[int, Json]:
        if self.status != 200:
            return self.status, {"kind": "Status", "message": "because"}
        if f"authorization: bearer {self.token}\r\n" not in request.head.lower():
            return 401, {"kind": "Status", "message": "Unauthorized"}
        if path.endswith("/kube-system"):
            return 200, {"metadata": {"name": "kube-system", "uid": "uid-1"}}
        if path == "/apis":
            return 200, {"groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]}]}
        if path in self.hidden:
            return 403, {"kind": "Status", "message": "forbidden"}
        if path in self.broken:
            return 500, {"kind": "Status", "message": "etcdserver: request timed out"}
        if "limit" not in query:
            return 404, {"kind": "Status", "message": f"{path} not found"}
        if query["limit"] == "1":
            self.beats += 1
        else:
            self.lists.append(path)
        items = list(self.objects.values()) if path == DEPLOYMENTS else []
        return 200, {"metadata": {"resourceVersion": str(self.version)}, "items": items}

    async def _watch(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, query: dict[str, str]
    ) -> None:
        if path == DEPLOYMENTS:
            self.watches.append(query)
        status = {"forbidden": 403, "410": 410}.get(self.watching, 200)
        writer.write(f"HTTP/1.1 {status} Said\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        if status != 200:
            _chunk(writer, json.dumps({"kind": "Status", "code": status, "message": "because"}).encode())
        elif self.watching != "slam":
            self.open[path] = self.open.get(path, 0) + 1
            try:
                await self._stream(reader, writer, path, int(query["resourceVersion"]))
            finally:
                self.open[path] -= 1
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, since: int) -> None:
        dropped, sent = self._drop, 0
        if since < self.oldest:
            _chunk(writer, b'{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}\n')
            return
        gone = asyncio.ensure_future(reader.read())
        gone.add_done_callback(lambda _: asyncio.ensure_future(self._wake()))
        async with self._news:
            while self._drop == dropped and not gone.done():
                for version, event in self.log[sent:]:
                    if path == DEPLOYMENTS and version > since and self.watching == "well":
                        _chunk(writer, json.dumps(event).encode() + b"\n")
                sent = len(self.log)
                await writer.drain()
                await self._news.wait()


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
