"""A large cluster as bytes: what a real API server would send for it, made once and sent as it is.

``python -m bench.kubernetes_estate CERTIFICATE PACE`` serves it on a free port of loopback, which it prints, over TLS
as every API server does, in a process of its own: what is measured beside it is the reader alone. Objects are of the
size that real ones have (managed fields, the copy that ``kubectl apply`` leaves, a pod template), and come as fast as
a real server makes them (``PACED``), or as fast as loopback takes them (a pace of 0).
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, AUTOSCALERS = 1600, 350, 50, 800
PODS = 50_000  # said by the workloads' status; the pods of one of them are listed when it is looked into
PAGE = 500
NAMESPACES = 40
RATE = 2000  # events a second
PACED = 25e6  # bytes a second and connection: a kube-apiserver 1.33 was measured at 12 to 34 MB/s on two cores
SLICE = 1 << 18  # bytes
TICK = 0.02  # seconds between two bursts of them, as the real watch cache sends
Json = dict[str, Any]


def workload(kind: str, number: int, version: int = 1) -> Json:
    name, namespace = f"{kind.lower()}-{number:04d}", f"team-{number % NAMESPACES:02d}"
    pods = PODS // (DEPLOYMENTS + STATEFUL_SETS + DAEMON_SETS)
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [_container(name)]}}
    selector = {"matchLabels": {"app": name}}
    counts = {"replicas": pods, "readyReplicas": pods, "availableReplicas": pods, "updatedReplicas": pods}
    if kind == "DaemonSet":
        names = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable")
        counts = {**dict.fromkeys(names, pods), "updatedNumberScheduled": pods, "numberMisscheduled": 0}
    conditions = [
        _condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        _condition("Progressing", "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}-7d4b9c" has progressed.'),
    ]
    return {
        "metadata": _metadata(name, namespace, version, template),
        "spec": {"replicas": pods, "selector": selector, "template": template, "revisionHistoryLimit": 10},
        "status": {"observedGeneration": 3, **counts, "conditions": conditions},
    }


def _condition(type_: str, status: str, reason: str, message: str) -> Json:
    time = "2026-03-01T10:00:00Z"
    return {"type": type_, "status": status, "lastUpdateTime": time, "reason": reason, "message": message}


def _metadata(name: str, namespace: str, version: int, template: Json) -> Json:
    labels = {"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "Helm", "team": namespace}
    applied = json.dumps({"spec": {"template": template}})
    fields: Json = {f"f:{key}": {".": {}, f"f:{name}": {}, "f:resources": {}} for key in "abcdefghijklmnop"}
    return {
        "name": name,
        "namespace": namespace,
        "uid": f"0f7c2f9a-0000-4000-8000-{abs(hash(name)) % 10**12:012d}",
        "resourceVersion": str(version),
        "generation": 3,
        "creationTimestamp": "2025-11-01T10:00:00Z",
        "labels": labels,
        "annotations": {"deployment.kubernetes.io/revision": "7", "kubectl.kubernetes.io/last-applied": applied},
        "managedFields": [
            {"manager": manager, "operation": "Update", "time": "2026-03-01T10:00:00Z", "fieldsV1": {"f:spec": fields}}
            for manager in ("helm", "kube-controller-manager")
        ],
    }


def _container(name: str) -> Json:
    probe = {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1}
    return {
        "name": name,
        "image": f"registry.example/{name}:1.4.2",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": f"SETTING_{number}", "value": f"value-{number}"} for number in range(12)],
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
    }


def autoscaler(number: int) -> Json:
    one = workload("Deployment", number)
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": one["metadata"]["name"]}
    used = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 51, "averageValue": "1"}}}
    return {
        "metadata": one["metadata"],
        "spec": {
            "scaleTargetRef": reference,
            "minReplicas": 5,
            "maxReplicas": 40,
            "metrics": [{"type": "Resource", "resource": cpu}],
        },
        "status": {
            "currentReplicas": 25,
            "desiredReplicas": 25,
            "currentMetrics": [used],
            "conditions": [
                _condition("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
                _condition("ScalingActive", "True", "ValidMetricFound", "the HPA was able to compute the replicas"),
                _condition("ScalingLimited", "False", "DesiredWithinRange", "the desired count is in the range"),
            ],
        },
    }


def _objects() -> Iterator[tuple[str, list[Json]]]:
    apps = "/apis/apps/v1"
    yield f"{apps}/deployments", [workload("Deployment", number) for number in range(DEPLOYMENTS)]
    yield f"{apps}/statefulsets", [workload("StatefulSet", number) for number in range(STATEFUL_SETS)]
    yield f"{apps}/daemonsets", [workload("DaemonSet", number) for number in range(DAEMON_SETS)]
    scaled = [autoscaler(number) for number in range(AUTOSCALERS)]
    yield "/apis/autoscaling/v2/horizontalpodautoscalers", scaled


def _pages(items: list[Json]) -> list[bytes]:
    starts = list(range(0, len(items), PAGE)) or [0]
    return [
        json.dumps(
            {
                "metadata": {"resourceVersion": "1", "continue": str(index + 1) if start != starts[-1] else ""},
                "items": items[start : start + PAGE],
            }
        ).encode()
        for index, start in enumerate(starts)
    ]


def _table(rows: int, left: int) -> bytes:
    names = ("Name", "Ready", "Status", "Restarts", "Age")
    cells = [[f"deployment-0001-7d4b9c-{number:05d}", "1/1", "Running", 0, "4d"] for number in range(rows)]
    return json.dumps(
        {
            "metadata": {"resourceVersion": "1", "continue": "more", "remainingItemCount": left},
            "columnDefinitions": [{"name": name, "type": "string", "priority": 0} for name in names],
            "rows": [{"cells": row} for row in cells],
        }
    ).encode()


class Served:
    """Every answer, made before the first request."""

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._pages = {path: _pages(items) for path, items in _objects()}
        self._one = json.dumps(workload("Deployment", 1)).encode()
        self._pods = _table(100, 4900)
        changed = [workload("Deployment", number, 2) for number in range(RATE)]
        self._burst = [json.dumps({"type": "MODIFIED", "object": one}).encode() + b"\n" for one in changed]

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                url = urlsplit(head.split(" ", 2)[1])
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                if "watch" in query:
                    await self._watch(writer, url.path)
                    return
                status, body = self._answer(url.path, query, head)
                writer.write(f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                await self._send(writer, body)
        except (OSError, EOFError):
            return  # the reader went away

    async def _send(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for start in range(0, len(body), SLICE):
            part = body[start : start + SLICE]
            if self._pace:
                due += len(part) / self._pace
                await asyncio.sleep(max(0.0, due - loop.time()))
            writer.write(part)
            await writer.drain()

    def _answer(self, path: str, query: dict[str, str], head: str) -> tuple[int, bytes]:
        if path.endswith("/kube-system"):
            return 200, b'{"metadata": {"name": "kube-system", "uid": "uid-1"}}'
        if path == "/apis":
            return 200, b'{"groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1"}]}]}'
        if "as=Table" in head:
            return 200, self._pods
        if path in self._pages:
            if query.get("limit") == "1":
                return 200, b'{"metadata": {"resourceVersion": "1"}}'
            return 200, self._pages[path][int(query.get("continue", "0"))]
        if "/deployments/" in path:
            return 200, self._one
        return (200, b'{"metadata": {"resourceVersion": "1"}}') if "limit" in query else (404, b"{}")

    async def _watch(self, writer: asyncio.StreamWriter, path: str) -> None:
        """Of deployments, so many events a second, each a chunk as a real server sends it; of the others, none."""
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        if not path.endswith("/deployments"):
            await asyncio.Event().wait()
        loop, each, position = asyncio.get_running_loop(), int(RATE * TICK), 0
        due = loop.time()
        while not writer.is_closing():
            for _ in range(each):
                event = self._burst[position % len(self._burst)]
                writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                position += 1
            await writer.drain()
            due += TICK
            await asyncio.sleep(max(0.0, due - loop.time()))


async def _main(certificate: str, pace: float) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(Served(pace), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2])))
