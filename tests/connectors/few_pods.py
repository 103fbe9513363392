"""A deployment and its pods behind just enough of an API server to drill into them; every text is hostile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.kubernetes import open_connector
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.snapshot import Detail, Unreachable
from tests.connectors.faults import read_request, serving
from tests.connectors.kubernetes_objects import Json, deployment
from tests.connectors.small_cluster import kubeconfig

EVIL = "\x1b[2J[bold]\u202etxt.exe\x00\x9b31m" + "z" * 70_000

RUNNING = {
    "spec": {"nodeName": "n", "containers": [{"name": "main"}]},
    "status": {"containerStatuses": [{"name": "main", "ready": True, "state": {"running": {}}}]},
}


class FewPods:
    """A cluster with one deployment and one pod, whose log and every text is hostile."""

    def __init__(
        self, log: bytes = b"", pod: Json | None = None, rows: int = 1, hanging: frozenset[str] = frozenset()
    ) -> None:
        """``hanging``: the ends of paths that are never answered."""
        self.hanging = hanging
        self.log = log
        self.pod = pod or {}
        self.rows = rows

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            path = urlsplit((await read_request(reader)).path).path
            if any(path.endswith(end) for end in self.hanging):
                await asyncio.Event().wait()
            body = self._body(path)
            status = 404 if body is None else 200
            head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body or b'')}\r\n\r\n"
            writer.write(head.encode() + (body or b""))
            await writer.drain()

    def _body(self, path: str) -> bytes | None:
        documents: dict[str, Any] = {
            "/api/v1/namespaces/kube-system": {"metadata": {"name": "kube-system", "uid": "1"}},
            "/apis/apps/v1/namespaces/shop/deployments/api": deployment("api"),
            "/api/v1/namespaces/shop/pods": self._table(),
            "/api/v1/namespaces/shop/pods/p": {"metadata": {"name": "p", "namespace": "shop"}, **self.pod},
            "/api/v1/namespaces/shop/events": {"items": None},
        }
        if path.endswith("/log"):
            return self.log
        return json.dumps(documents[path]).encode() if path in documents else None

    def _table(self) -> Json:
        columns = [{"name": name, "priority": 0} for name in ("Name", "Ready", "Status", "Restarts", "Age")]
        cells = [EVIL, None, EVIL, {"un": "expected"}, 7]
        return {"columnDefinitions": columns, "metadata": {}, "rows": [{"cells": cells}] * self.rows}


async def inspected(cluster: FewPods, folder: Path, component: str, timeout: float = 2.0) -> Detail:
    async with serving(cluster) as url:
        connector = open_connector(
            "kubernetes", Settings(kubeconfig=kubeconfig(folder, url), timeout=timeout), SystemClock()
        )
        try:
            answer = await connector.inspect(component)
        finally:
            await connector.close()
    assert not isinstance(answer, Unreachable), answer
    return answer
