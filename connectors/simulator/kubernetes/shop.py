"""What stands in the cluster when it is opened: the shop, three days old and healthy.

The sizes and labels are those that the traffic model, the presets and the playbooks speak of.
"""

from __future__ import annotations

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
)
from connectors.simulator.kubernetes.objects import Object, name_of
from connectors.simulator.kubernetes.registry import Registry

NAMESPACES = ("kube-system", "default", "shop")
SHOP = "shop"
VERSION = "v1.33.1"
REPLICAS = {"gateway": 3, "api": 5, "workers": 4, "web": 2}
_PORTS = {"gateway": 8080, "api": 8000, "web": 3000}
_RESOURCES: dict[str, Object] = {
    "gateway": {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
    "api": {"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
    "workers": {"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
    "web": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "128Mi"}},
}
NODES = 4


def furnish(registry: Registry) -> None:
    """Creates everything; the controllers then make the pods."""
    for namespace in NAMESPACES:
        registry.create(NAMESPACE, {"metadata": {"name": namespace}})
    for number in range(NODES):
        add_node(registry, f"node-{number}", number)
    for name, replicas in REPLICAS.items():
        registry.create(DEPLOYMENT, _deployment(name, replicas))
    for name, port in _PORTS.items():
        registry.create(SERVICE, _service(name, port))
    registry.create(HPA, _hpa())
    registry.create(BUDGET, _budget())
    registry.create(CONFIGMAP, {"metadata": _metadata("settings"), "data": {"LOG_LEVEL": "info", "REGION": "eu-1"}})


def add_node(registry: Registry, name: str, number: int) -> None:
    """A node that is ready, in one of three zones."""
    node = registry.create(NODE, {"metadata": {"name": name, "labels": _node_labels(name, number)}})
    registry.set_status(NODE, node, _node_status(registry, node, number))


def _metadata(name: str) -> Object:
    return {"name": name, "namespace": SHOP, "labels": {"app": name, "app.kubernetes.io/part-of": "shop"}}


def _deployment(name: str, replicas: int) -> Object:
    container: Object = {"name": name, "image": f"registry.local/shop/{name}:2.14.0", "resources": _RESOURCES[name]}
    if name in _PORTS:
        container["ports"] = [{"containerPort": _PORTS[name], "protocol": "TCP"}]
    return {
        "metadata": _metadata(name),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def _service(name: str, port: int) -> Object:
    return {
        "metadata": _metadata(name),
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": port}]},
    }


def _hpa() -> Object:
    return {
        "metadata": _metadata("api"),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "minReplicas": 5,
            "maxReplicas": 20,
            "metrics": [cpu_metric(70)],
        },
    }


def _budget() -> Object:
    spec = {"minAvailable": "60%", "selector": {"matchLabels": {"app": "api"}}}
    return {"metadata": _metadata("api"), "spec": spec}


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
