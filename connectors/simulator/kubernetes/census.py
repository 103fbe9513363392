"""How many pods of each workload are ready, cold and wanted, and what they leaked: counted only when it changed."""

from __future__ import annotations

from connectors.simulator.kubernetes.family import Family, is_ready
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, HPA, POD, REPLICASET
from connectors.simulator.kubernetes.kubelet import Kubelet
from connectors.simulator.kubernetes.memory import Memory
from connectors.simulator.kubernetes.objects import Object, dig, name_of
from connectors.simulator.kubernetes.shop import SHOP
from connectors.simulator.kubernetes.store import Commit, Store
from connectors.simulator.tick import Pods

_COUNTED = (DEPLOYMENT, REPLICASET, POD, HPA)


class Census:
    """The shop's workloads and autoscalers as the other wires and the traffic model see them."""

    def __init__(self, store: Store, family: Family, kubelet: Kubelet, memory: Memory) -> None:
        self._store = store
        self._family = family
        self._kubelet = kubelet
        self._memory = memory
        self._changes = 0  # of the memory, when it was last counted
        self._fresh_until = float("-inf")
        self._workloads: dict[str, Pods] = {}
        self._hpas: dict[str, tuple[int, int, int, int]] = {}
        store.listen(self._saw)

    def workloads(self, t: float) -> dict[str, Pods]:
        """By deployment, at simulated second ``t``."""
        self._count(t)
        return self._workloads

    def hpas(self, t: float) -> dict[str, tuple[int, int, int, int]]:
        """By name: minimum, maximum, current and desired replicas."""
        self._count(t)
        return self._hpas

    def _saw(self, commit: Commit) -> None:
        if commit.kind in _COUNTED:
            self._fresh_until = float("-inf")

    def _count(self, t: float) -> None:
        if t < self._fresh_until and self._changes == self._memory.changes:
            return
        self._workloads = {name_of(item): self._pods(item, t) for item in self._store.of(DEPLOYMENT, SHOP)}
        self._hpas = {name_of(item): _replicas(item) for item in self._store.of(HPA, SHOP)}
        self._fresh_until = self._kubelet.next_warm(t)
        self._changes = self._memory.changes

    def _pods(self, deployment: Object, t: float) -> Pods:
        ready = [pod for pod in self._family.pods(deployment) if is_ready(pod)]
        cold = sum(self._kubelet.is_cold(pod, t) for pod in ready)
        leaked = sum(map(self._memory.leaked, ready)) / len(ready) if ready else 0.0
        return Pods(ready=len(ready), cold=cold, desired=deployment["spec"]["replicas"], leaked=leaked)


def _replicas(hpa: Object) -> tuple[int, int, int, int]:
    spec = hpa["spec"]
    current, desired = (dig(hpa, "status", f"{which}Replicas", default=0) for which in ("current", "desired"))
    return spec["minReplicas"], spec["maxReplicas"], current, desired
