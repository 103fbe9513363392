"""kube-state-metrics on a real API server. There is no kubelet: what it reports is written in its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.real.exporters import Recording, running, scrape, told, wait_for
from tests.real.kubernetes_server import start_kubernetes
from tests.real.prometheus import free_port, program

BUDGET = {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
BESIDE = r"kube_deployment_(?:status_replicas|created)"
WHAT = "kube-state-metrics 2.13.0, kube-apiserver 1.33 without nodes; pods' states written as a kubelet does"


@contextmanager
def cluster(folder: Path) -> Iterator[list[str]]:
    """How kubectl is called on it: api of three pods, two running and one crashing; kafka of two; an autoscaler."""
    with start_kubernetes(folder) as kubeconfig:
        kubectl = [program("kubectl"), "--kubeconfig", kubeconfig, "-n", "shop"]
        told(*kubectl, "create", "namespace", "shop")
        (folder / "shop.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": shop()}))
        told(*kubectl, "apply", "-f", str(folder / "shop.json"))
        wait_for(lambda: "x" if len(pods(kubectl, "api")) == 3 else "", "the pods")
        first, second, third = pods(kubectl, "api")
        report(kubectl, first, {"running": {"startedAt": "2026-11-22T12:00:00Z"}}, 0)
        report(kubectl, second, {"running": {"startedAt": "2026-11-22T12:00:00Z"}}, 1)
        report(kubectl, third, {"waiting": {"reason": "CrashLoopBackOff"}}, 4)
        wait_for(lambda: "x" if "2" in ready(kubectl) else "", "the deployment's status")
        yield kubectl


def shop() -> list[Mapping[str, object]]:
    """The objects: a deployment with its autoscaler, and a stateful set."""
    return [
        _workload("Deployment", "api", 3),
        _workload("StatefulSet", "kafka", 2),
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "api"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
                "minReplicas": 2,
                "maxReplicas": 10,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                    }
                ],
            },
        },
    ]


def _workload(kind: str, name: str, replicas: int) -> Mapping[str, object]:
    container = {"name": name, "image": f"shop/{name}:1", "resources": BUDGET}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
    }
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def pods(kubectl: list[str], app: str) -> list[str]:
    return told(*kubectl, "get", "pods", "-l", f"app={app}", "-o", "name").split()


def ready(kubectl: list[str]) -> str:
    return told(*kubectl, "get", "deployment", "api", "-o", "jsonpath={.status.readyReplicas}")


def report(kubectl: list[str], pod: str, state: Mapping[str, object], restarts: int) -> None:
    """What a kubelet writes of a pod with one container."""
    well = "running" in state
    status = {
        "phase": "Running",
        "conditions": [{"type": kind, "status": str(well)} for kind in ("Ready", "ContainersReady")],
        "containerStatuses": [
            {
                "name": "api",
                "image": "shop/api:1",
                "imageID": "",
                "ready": well,
                "started": well,
                "restartCount": restarts,
                "state": state,
            }
        ],
    }
    told(*kubectl, "patch", pod, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))


def kube_state_metrics(folder: Path) -> Recording:
    """One recording serves four presets, each keeps what it asks for. The exporter is to be in the PATH."""
    with cluster(folder) as kubectl:
        port, about = free_port(), free_port()
        exporter = [program("kube-state-metrics"), f"--kubeconfig={kubectl[2]}", f"--port={port}"]
        exporter += [f"--telemetry-port={about}", "--host=127.0.0.1", "--telemetry-host=127.0.0.1"]
        exporter.append("--resources=deployments,statefulsets,pods,horizontalpodautoscalers")
        with running(exporter, folder):
            metrics = f"http://127.0.0.1:{port}/metrics"
            first = scraped(metrics, 4)
            report(kubectl, pods(kubectl, "api")[2], {"waiting": {"reason": "CrashLoopBackOff"}}, 6)
            second = scraped(metrics, 6)
    return Recording(WHAT, first, second, BESIDE)


def scraped(metrics: str, restarts: int) -> str:
    """The exposition, once it knows so many restarts of a pod."""

    def ask() -> str:
        text = scrape(metrics)
        lines = [line for line in text.splitlines() if line.startswith("kube_pod_container_status_restarts_total{")]
        return text if any(line.endswith(f" {restarts}") for line in lines) else ""

    return wait_for(ask, "kube-state-metrics")
