"""What stands in the cluster when it is opened: an architecture's workloads, three days old and healthy."""

from __future__ import annotations

from connectors.simulator.architecture import Architecture, Autoscaler, Workload
from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.conversion import cpu_metric
from connectors.simulator.kubernetes.kinds import (
    BUDGET,
    CONFIGMAP,
    DEPLOYMENT,
    HPA,
    NAMESPACE,
    NODE,
    SERVICE,
    STATEFULSET,
)
from connectors.simulator.kubernetes.objects import Object, name_of
from connectors.simulator.kubernetes.quantities import shown
from connectors.simulator.kubernetes.registry import Registry

SYSTEM = ("kube-system", "default")  # namespaces that every cluster has
VERSION = "v1.33.1"
IMAGE_VERSION = "2.14.0"
NODES = 4


def furnish(registry: Registry, architecture: Architecture) -> None:
    """Creates everything; the controllers then make the pods."""
    for namespace in (*SYSTEM, architecture.namespace):
        registry.create(NAMESPACE, {"metadata": {"name": namespace}})
    for number in range(NODES):
        add_node(registry, f"node-{number}", number)
    for workload in architecture.workloads:
        _furnish(registry, workload, architecture.namespace)
    settings = {"LOG_LEVEL": "info", "REGION": "eu-1"}
    registry.create(CONFIGMAP, {"metadata": _metadata("settings", architecture.namespace), "data": settings})


def _furnish(registry: Registry, workload: Workload, namespace: str) -> None:
    """A workload and what goes with it: its service, autoscaler and disruption budget."""
    metadata = _metadata(workload.name, namespace)
    kind = STATEFULSET if workload.kind == STATEFULSET.name else DEPLOYMENT
    registry.create(kind, {"metadata": metadata, "spec": _spec(workload, namespace)})
    if workload.port is not None:
        registry.create(SERVICE, {"metadata": metadata, "spec": _service(workload.name, workload.port)})
    if workload.autoscaler is not None:
        registry.create(HPA, {"metadata": metadata, "spec": _autoscaler(workload, workload.autoscaler)})
    if workload.available:
        spec = {"minAvailable": workload.available, "selector": {"matchLabels": {"app": workload.name}}}
        registry.create(BUDGET, {"metadata": metadata, "spec": spec})


def add_node(registry: Registry, name: str, number: int) -> None:
    """A node that is ready, in one of three zones."""
    node = registry.create(NODE, {"metadata": {"name": name, "labels": _node_labels(name, number)}})
    registry.set_status(NODE, node, _node_status(registry, node, number))


def _metadata(name: str, namespace: str) -> Object:
    return {"name": name, "namespace": namespace, "labels": {"app": name, "app.kubernetes.io/part-of": namespace}}


def _spec(workload: Workload, namespace: str) -> Object:
    container: Object = {
        "name": workload.name,
        "image": f"registry.local/{namespace}/{workload.name}:{IMAGE_VERSION}",
        "resources": {
            "requests": {"cpu": shown(workload.cpu, "cpu"), "memory": f"{workload.memory}Mi"},
            "limits": {"cpu": shown(workload.cpu_limit, "cpu"), "memory": f"{workload.memory_limit}Mi"},
        },
    }
    if workload.port is not None:
        container["ports"] = [{"containerPort": workload.port, "protocol": "TCP"}]
    labels = {"app": workload.name}
    spec: Object = {
        "replicas": workload.replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return {**spec, "serviceName": workload.name} if workload.kind == STATEFULSET.name else spec


def _service(name: str, port: int) -> Object:
    return {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": port}]}


def _autoscaler(workload: Workload, scaler: Autoscaler) -> Object:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name},
        "minReplicas": scaler.low,
        "maxReplicas": scaler.high,
        "metrics": [cpu_metric(scaler.cpu)],
    }


def _node_labels(name: str, number: int) -> dict[str, str]:
    return {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}",
        "node-role.kubernetes.io/worker": "",
    }


def _node_status(registry: Registry, node: Object, number: int) -> Object:
    capacity = {"cpu": "32", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    ready = condition("Ready", True, "KubeletReady", "kubelet is posting ready status")
    stamp = registry.times.stamp()
    return {
        "capacity": capacity,
        "allocatable": capacity,
        "addresses": [
            {"type": "InternalIP", "address": f"10.0.{number // 200}.{10 + number % 200}"},
            {"type": "Hostname", "address": name_of(node)},
        ],
        "conditions": [{**item, "lastHeartbeatTime": stamp} for item in settled(node, [ready], stamp)],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": registry.identity.uid(),
            "containerRuntimeVersion": "containerd://1.7.27",
            "kernelVersion": "6.1.0-simulated",
            "kubeProxyVersion": "",
            "kubeletVersion": VERSION,
            "machineID": registry.identity.uid(),
            "operatingSystem": "linux",
            "osImage": "Simulated Linux",
            "systemUUID": registry.identity.uid(),
        },
    }
