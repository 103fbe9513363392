"""How many pods of each workload are ready, cold and wanted, and what they leaked: counted only when it changed."""

from __future__ import annotations

from collections import Counter

from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, HPA, POD, REPLICASET, STATEFULSET
from connectors.simulator.kubernetes.members import counted, holders, members
from connectors.simulator.kubernetes.memory import Memory
from connectors.simulator.kubernetes.objects import Object, dig, name_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.store import Commit
from connectors.simulator.tick import Pods

_COUNTED = (DEPLOYMENT, STATEFULSET, REPLICASET, POD, HPA)


class Census:
    """A namespace's workloads and autoscalers as the other wires and the traffic model see them."""

    def __init__(self, plane: Plane, memory: Memory, namespace: str) -> None:
        self._plane = plane
        self._namespace = namespace
        self._memory = memory
        self._changes = 0  # of the memory, when it was last counted
        self._fresh_until = float("-inf")
        self._workloads: dict[str, Pods] = {}
        self._hpas: dict[str, tuple[int, int, int, int]] = {}
        plane.registry.store.listen(self._saw)

    def workloads(self, t: float) -> dict[str, Pods]:
        """By the name of a deployment or stateful set, at simulated second ``t``."""
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
        store, cold = self._plane.registry.store, self._plane.tally.cold(t)
        found = (workload for kind in (STATEFULSET, DEPLOYMENT) for workload in store.of(kind, self._namespace))
        self._workloads = {name_of(workload): self._pods(workload, cold) for workload in found}
        self._hpas = {name_of(item): _replicas(item) for item in store.of(HPA, self._namespace)}
        self._fresh_until = self._plane.tally.next_warm(t)
        self._changes = self._memory.changes

    def _pods(self, workload: Object, cold: Counter[str]) -> Pods:
        family = self._plane.family
        young = sum(cold[holder["metadata"]["uid"]] for holder in holders(family, workload))
        leaked = 0.0
        if self._memory.leaking:
            leaked = self._memory.average([pod for pod in members(family, workload) if is_ready(pod)])
        ready = counted(family, self._plane.tally, workload).ready
        return Pods(ready=ready, cold=young, desired=workload["spec"]["replicas"], leaked=leaked)


def _replicas(hpa: Object) -> tuple[int, int, int, int]:
    spec = hpa["spec"]
    current, desired = (dig(hpa, "status", f"{which}Replicas", default=0) for which in ("current", "desired"))
    return spec["minReplicas"], spec["maxReplicas"], current, desired
