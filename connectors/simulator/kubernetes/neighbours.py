"""Services for the estate's other wires, as a cluster has them where a load balancer hands out loopback addresses.

So that whoever looks into the cluster for its Prometheus, Redis and Kafka finds the ones that there are.
"""

from __future__ import annotations

from connectors.simulator.kubernetes.kinds import SERVICE
from connectors.simulator.kubernetes.registry import Registry

NAMESPACE = "default"
_LABELS = {
    "prometheus-server": {"app.kubernetes.io/name": "prometheus"},
    "redis": {"app.kubernetes.io/name": "redis"},
    "estate-kafka-bootstrap": {"app.kubernetes.io/name": "kafka", "strimzi.io/kind": "Kafka"},
}
_PORTS = {"prometheus-server": "http-web", "redis": "tcp-redis", "estate-kafka-bootstrap": "tcp-clients"}


def introduce(registry: Registry, prometheus: str, redis: str, kafka: str) -> None:
    """``host:port`` each. What is introduced already stays."""
    for name, address in (("prometheus-server", prometheus), ("redis", redis), ("estate-kafka-bootstrap", kafka)):
        if registry.store.get(SERVICE, NAMESPACE, name) is not None:
            continue
        host, _, port = address.rpartition(":")
        service = registry.create(
            SERVICE,
            {
                "metadata": {"name": name, "namespace": NAMESPACE, "labels": _LABELS[name]},
                "spec": {
                    "type": "LoadBalancer",
                    "selector": {"app": name},
                    "ports": [{"name": _PORTS[name], "port": int(port)}],
                },
            },
        )
        registry.set_status(SERVICE, service, {"loadBalancer": {"ingress": [{"ip": host}]}})
