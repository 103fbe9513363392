"""An estate of every kind, applied with kubectl to a simulated or to a real cluster, and what kubectl says of it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.settings.kubernetes import Settings
from connectors.simulator.kubernetes.options import KubernetesOptions
from console.clock import SystemClock
from console.model.snapshot import Detail, Observed, Snapshot
from tests.connectors.simulator.sim_cluster import Cluster, served

Json = dict[str, Any]
KUBECTL = shutil.which("kubectl")
PATIENCE = 20.0  # wall seconds for a controller on a busy machine


@dataclass(frozen=True, slots=True)
class Estate:
    """A cluster with a namespace of ours. ``cluster`` None: a real one, whose controllers keep their own time."""

    kubeconfig: str
    namespace: str
    cluster: Cluster | None

    async def kubectl(self, *arguments: str, given: Json | None = None) -> str:
        """What it printed; asserts that it succeeded. ``given`` is its input."""
        process = await asyncio.create_subprocess_exec(
            str(KUBECTL),
            *("-n", self.namespace, *arguments),
            env={"PATH": os.environ["PATH"], "HOME": str(Path(self.kubeconfig).parent), "KUBECONFIG": self.kubeconfig},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE):
            output, complaint = await process.communicate(json.dumps(given).encode() if given else None)
        assert process.returncode == 0, complaint.decode()
        return output.decode().strip()

    async def apply(self, *objects: Json) -> None:
        if self.cluster is None:
            for one in objects:
                _keep_pending(one)
        await self.kubectl("apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.run(2)

    async def say(self, resource: str, status: Json) -> None:
        """Sets the status of an object, as its controller would."""
        patch = json.dumps({"status": status})
        await self.kubectl("patch", resource, "--subresource=status", "--type=merge", "-p", patch)

    def run(self, seconds: int) -> None:
        """Lets a simulated cluster live on; a real one does by itself."""
        if self.cluster is not None:
            self.cluster.run(seconds)

    def opened(self) -> KubernetesConnector:
        """A connector that lives in the cluster's time."""
        clock = SystemClock() if self.cluster is None else Beside(self.cluster)
        settings = Settings(kubeconfig=self.kubeconfig, namespaces=(self.namespace,), timeout=5.0)
        connector = open_connector("kubernetes", settings, clock)
        assert isinstance(connector, KubernetesConnector)
        return connector

    def id(self, kind: str, name: str) -> str:
        return f"kubernetes/{kind}/{self.namespace}/{name}"


def _keep_pending(one: Json) -> None:
    """No scheduler takes its pods, so that on a cluster with nodes, too, a test alone says how they are."""
    spec = one.get("spec", {})
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    if template is not None:
        template["spec"]["schedulerName"] = "nobody"


class Beside(SystemClock):
    """Estate time is the simulated cluster's."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__()
        self._cluster = cluster

    def now(self) -> float:
        return self._cluster.time.now


@asynccontextmanager
async def simulated_estate(folder: Path) -> AsyncIterator[Estate]:
    cluster = Cluster(options=KubernetesOptions(keda=False))
    cluster.run(20)
    async with served(cluster):
        path = folder / "kubeconfig"
        path.write_text(cluster.wire.kubeconfig())
        estate = Estate(str(path), "ours", cluster)
        await estate.kubectl("create", "namespace", estate.namespace)
        yield estate


@asynccontextmanager
async def real_estate(kubeconfig: str) -> AsyncIterator[Estate]:
    """A namespace that goes when the test ends, with all in it."""
    estate = Estate(kubeconfig, f"seawall-test-{secrets.token_hex(4)}", None)
    await estate.kubectl("create", "namespace", estate.namespace)
    try:
        yield estate
    finally:
        await estate.kubectl("delete", "namespace", estate.namespace, "--wait=false")


async def components(connector: KubernetesConnector) -> dict[str, Observed]:
    seen = await connector.read()
    assert isinstance(seen, Snapshot), seen
    assert seen.problems == ()
    return {one.id: one for one in seen.components}


async def told(connector: KubernetesConnector, component: str) -> Detail:
    answer = await connector.inspect(component)
    assert isinstance(answer, Detail), answer
    return answer


async def eventually(estate: Estate, condition: Callable[[], Awaitable[bool]]) -> None:
    """Polls until it holds; a simulated cluster lives on meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < deadline, "not within the deadline"
        estate.run(5)
        await asyncio.sleep(0.05)


def meta(name: str, **more: Any) -> Json:
    return {"name": name, **more}


def template(name: str, cpu: str = "1m", **spec: Any) -> Json:
    resources = {"requests": {"cpu": cpu, "memory": "1Mi"}, "limits": {"cpu": cpu, "memory": "1Mi"}}
    container = {"name": name, "image": f"shop/{name}:1", "resources": resources, **spec.pop("container", {})}
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **spec}}


def workload(kind: str, name: str, cpu: str = "1m", container: Json | None = None, **spec: Any) -> Json:
    pods = template(name, cpu, container=container or {})
    whole = {"selector": {"matchLabels": {"app": name}}, "template": pods, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta(name), "spec": whole}


def job(name: str, **spec: Any) -> Json:
    pods = template(name, restartPolicy="Never")
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(name), "spec": {"template": pods, **spec}}


def cron_job(name: str, schedule: str) -> Json:
    inner = {"spec": {"template": template(name, restartPolicy="Never")}}
    spec = {"schedule": schedule, "jobTemplate": inner}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta(name), "spec": spec}


def budget(name: str, least: int) -> Json:
    spec = {"minAvailable": least, "selector": {"matchLabels": {"app": name}}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta(name), "spec": spec}


def quota(name: str, **hard: str) -> Json:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta(name), "spec": {"hard": hard}}


def autoscaler(name: str, least: int, most: int) -> Json:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta(name), "spec": spec}
