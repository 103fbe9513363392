"""A crowd of pods outside the shop, for questions of size: one deployment in a namespace of its own, its own nodes."""

from __future__ import annotations

from connectors.simulator.kubernetes.kinds import DEPLOYMENT, NAMESPACE
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.shop import add_node

BULK = "bulk"
_A_NODE = 100  # pods


def furnish_bulk(registry: Registry, pods: int) -> None:
    """Creates namespace, nodes and deployment; the controllers then make the pods."""
    registry.create(NAMESPACE, {"metadata": {"name": BULK}})
    for number in range(-(-pods // _A_NODE)):
        add_node(registry, f"{BULK}-{number}", number)
    registry.create(DEPLOYMENT, _deployment(pods))


def _deployment(pods: int) -> Object:
    labels = {"app": BULK}
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}}
    container = {"name": BULK, "image": f"registry.local/{BULK}:1.0.0", "resources": resources}
    return {
        "metadata": {"name": BULK, "namespace": BULK, "labels": labels},
        "spec": {
            "replicas": pods,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
