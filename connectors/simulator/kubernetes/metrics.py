"""metrics.k8s.io: what the traffic model says a pod uses, shown for each ready pod as metrics-server does."""

from __future__ import annotations

from connectors.simulator.kubernetes.controllers import OTHERS
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.identity import Times
from connectors.simulator.kubernetes.kinds import NODE, NODE_METRICS, POD, POD_METRICS
from connectors.simulator.kubernetes.memory import Memory, held
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of, namespace_of
from connectors.simulator.kubernetes.quantities import millicores, requested
from connectors.simulator.kubernetes.store import Store
from connectors.simulator.tick import Tick

WINDOW_SECONDS = 15
_SYSTEM_CPU, _SYSTEM_MEMORY = 0.2, 900.0 * 2**20  # cores and bytes of a node's own services


class Metrics:
    """Holds the last tick; before the first there are no metrics, as on a cluster that has just started."""

    def __init__(self, store: Store, times: Times, memory: Memory) -> None:
        self._store = store
        self._times = times
        self._memory = memory
        self.tick: Tick | None = None

    def pods(self, namespace: str) -> list[Object]:
        """PodMetrics of a namespace ("": all), sorted by key."""
        if self.tick is None:
            return []
        pods = self._store.of(POD, namespace)
        return [self._one(pod, self.tick) for pod in pods if is_ready(pod)]

    def nodes(self) -> list[Object]:
        """NodeMetrics of every node: what its pods use, and the system beside them."""
        if self.tick is None:
            return []
        used = {name_of(node): [_SYSTEM_CPU, _SYSTEM_MEMORY] for node in self._store.of(NODE)}
        for pod in self._store.of(POD):
            if is_ready(pod) and (node := dig(pod, "spec", "nodeName")) in used:
                share, memory = self._usage(pod, self.tick)
                used[node][0] += share * requested(pod["spec"], "cpu")
                used[node][1] += memory
        return [self._node(name, *amounts) for name, amounts in used.items()]

    def _node(self, name: str, cores: float, memory: float) -> Object:
        stamp = self._times.stamp()
        return {
            "kind": NODE_METRICS.name,
            "apiVersion": NODE_METRICS.api_version(),
            "metadata": {"name": name, "creationTimestamp": stamp, "resourceVersion": ""},
            "timestamp": stamp,
            "window": f"{WINDOW_SECONDS}s",
            "usage": {"cpu": f"{int(cores * 1e9)}n", "memory": f"{int(memory / 1024)}Ki"},
        }

    def _usage(self, pod: Object, tick: Tick) -> tuple[float, float]:
        """The share of its CPU request and the bytes that a pod uses."""
        used = tick.usage.get(labels_of(pod).get("app", ""), OTHERS)
        return used.cpu, held(used, self._memory.leaked(pod))

    def _one(self, pod: Object, tick: Tick) -> Object:
        share, memory = self._usage(pod, tick)
        stamp = self._times.stamp()
        return {
            "kind": POD_METRICS.name,
            "apiVersion": POD_METRICS.api_version(),
            "metadata": {
                "name": name_of(pod),
                "namespace": namespace_of(pod),
                "labels": labels_of(pod),
                "creationTimestamp": stamp,
                "resourceVersion": "",
            },
            "timestamp": stamp,
            "window": f"{WINDOW_SECONDS}s",
            "containers": [_container(item, share, memory) for item in pod["spec"]["containers"]],
        }


def _container(spec: Object, share: float, memory: float) -> Object:
    request = millicores(dig(spec, "resources", "requests", "cpu", default="0"))
    return {
        "name": spec["name"],
        "usage": {"cpu": f"{int(share * request * 1_000_000)}n", "memory": f"{int(memory / 1024)}Ki"},
    }
