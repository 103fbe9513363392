"""An autoscaler and two deployments behind just enough of an API server to write to, and to go wrong on purpose.

The simulated Kubernetes answers as a well server does. This one answers a patch with 409, loses the reply of a write
that happened, or hangs in the middle of one: what a write must survive.
"""

from __future__ import annotations

import asyncio
import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.connectors.faults import Request, read_request

HPA = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
STATEFUL_SETS = "/apis/apps/v1/namespaces/shop/statefulsets"
KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
Json = dict[str, Any]
Answer = tuple[int, Json]


def autoscaler() -> Json:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    return {
        "metadata": {
            "name": "api",
            "namespace": "shop",
            "resourceVersion": "1",
            "managedFields": [
                _wrote("helm", "2026-01-01T00:00:00Z", {"f:spec": {"f:maxReplicas": {}}}),
                _wrote("kubectl-edit", "2026-01-02T00:00:00Z", {"f:spec": {"f:maxReplicas": {}}}),
                _wrote("hpa", "2026-01-03T00:00:00Z", {"f:status": {"f:conditions": {}}}),
            ],
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "minReplicas": 5,
            "maxReplicas": 20,
            "metrics": [{"type": "Resource", "resource": cpu}, {"type": "Pods", "pods": {"metric": {"name": "rps"}}}],
        },
        "status": {"currentReplicas": 5, "desiredReplicas": 5},
    }


def _wrote(manager: str, time: str, fields: Json) -> Json:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields}


def deployment(name: str) -> Json:
    status = {"replicas": 4, "updatedReplicas": 4, "readyReplicas": 4, "availableReplicas": 4}
    return {
        "metadata": {"name": name, "namespace": "shop", "resourceVersion": "1", "generation": 1},
        "spec": {"replicas": 4, "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {}}},
        "status": {"observedGeneration": 1, **status},
    }


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


@dataclass
class SmallCluster:
    """``sick`` is what happens to the next patches, one word each.

    A status, "lost" (done, and no answer), "hang" (not done, and no answer), or "race" (someone else writes first).
    """

    uid: str = "uid-1"
    token: str = "good"
    page: int = 500
    stall: asyncio.Event | None = None  # objects are answered for when it is set
    sick: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    objects: dict[str, Json] = field(default_factory=dict)
    patches: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.objects[f"{HPA}/api"] = autoscaler()
        for name in ("api", "workers"):
            self.objects[f"{DEPLOYMENTS}/{name}"] = deployment(name)

    def set(self, path: str, patch: Json) -> None:
        """Someone's write."""
        merged = merge(self.objects[path], patch)
        merged["metadata"]["resourceVersion"] = str(int(merged["metadata"]["resourceVersion"]) + 1)
        self.objects[path] = merged

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (answer := await self._answer(await read_request(reader))) is not None:
            status, document = answer
            body = json.dumps(document).encode()
            head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)

    async def _answer(self, request: Request) -> Answer | None:
        """None: the connection ends without one."""
        path = urlsplit(request.path).path
        if f"authorization: bearer {self.token}\r\n" not in request.head.lower():
            return _refusal(401, "Unauthorized")
        if path in self.denied:
            return _refusal(403, "user seawall cannot do this")
        if request.method == "PATCH":
            assert "fieldManager=seawall" in request.path
            return await self._patch(path, json.loads(request.body))
        if self.stall and path in self.objects:
            await self.stall.wait()
        return self._get(path, parse_qs(urlsplit(request.path).query))

    def _get(self, path: str, query: dict[str, list[str]]) -> Answer:
        if path == KUBE_SYSTEM:
            return 200, {"metadata": {"name": "kube-system", "uid": self.uid}}
        if path in (HPA, DEPLOYMENTS, STATEFUL_SETS):
            items = [one for key, one in self.objects.items() if key.startswith(path + "/")]
            start = int(query.get("continue", ["0"])[0])
            end = start + min(self.page, int(query["limit"][0]))
            metadata = {"continue": str(end)} if end < len(items) else {}
            return 200, {"metadata": metadata, "items": items[start:end]}
        return (200, self.objects[path]) if path in self.objects else _refusal(404, f"{path} not found")

    async def _patch(self, path: str, patch: Json) -> Answer | None:
        self.patches.append(patch)
        sick = self.sick.pop(0) if self.sick else ""
        if sick.isdigit():
            return _refusal(int(sick), f"said {sick}")
        if sick == "hang":
            await asyncio.Event().wait()
        if sick == "race":
            self.set(path, {"status": {"touched": True}})
        if patch["metadata"]["resourceVersion"] != self.objects[path]["metadata"]["resourceVersion"]:
            return _refusal(409, "the object has been modified")
        self.set(path, {"spec": patch["spec"], "metadata": {"annotations": patch["metadata"]["annotations"]}})
        return None if sick == "lost" else (200, self.objects[path])


def _refusal(code: int, message: str) -> Answer:
    return code, {"kind": "Status", "status": "Failure", "code": code, "message": message}


def kubeconfig(folder: Path, server: str, user: Json | None = None, name: str = "config") -> str:
    """A kubeconfig (JSON is YAML) with one context, ``sim``; its path."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "sim",
        "contexts": [{"name": "sim", "context": {"cluster": "sim", "user": "me", "namespace": "shop"}}],
        "clusters": [{"name": "sim", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": user if user is not None else {"token": "good"}}],
    }
    path = folder / name
    path.write_text(json.dumps(document))
    return str(path)
