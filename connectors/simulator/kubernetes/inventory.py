"""What kube-state-metrics and the kubelets know of a namespace, as the exporters take it.

A pod is described anew only when it has changed: a scrape of many pods would cost more than a second of the estate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.simulator.exporters.cluster import Budget, Node, Pod
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import BUDGET, DEPLOYMENT, HPA, NODE, POD, QUOTA, STATEFULSET
from connectors.simulator.kubernetes.memory import Memory
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of
from connectors.simulator.kubernetes.quantities import amount
from connectors.simulator.kubernetes.store import Commit, Store

APP = "app"  # the label that names a pod's workload

Resources = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything of one namespace, and the nodes."""

    pods: tuple[Pod, ...]
    nodes: tuple[Node, ...]
    stateful: frozenset[str]
    resources: Mapping[str, Resources]  # by workload, a pod's
    targets_cpu: Mapping[str, int]  # percent, by autoscaler
    budgets: Mapping[str, Budget]
    quotas: Mapping[str, Mapping[str, tuple[float, float]]]


class Inventory:
    """One a cluster: keeps what it has described until it changes."""

    def __init__(self, store: Store, memory: Memory, namespace: str) -> None:
        self._store = store
        self._memory = memory
        self._namespace = namespace
        self._pods: dict[str, Pod] = {}  # by name
        self._rest: Shown | None = None  # without the pods
        store.listen(self._saw)

    def shown(self) -> Shown:
        """As everything is now."""
        found = self._store.of(POD, self._namespace)
        pods = tuple(self._pod(pod) for pod in found if APP in labels_of(pod))
        if self._rest is None:
            self._rest = self._described()
        return replace(self._rest, pods=pods)

    def _saw(self, commit: Commit) -> None:
        if commit.kind is POD:
            self._pods.pop(name_of(commit.last), None)
        else:
            self._rest = None

    def _pod(self, pod: Object) -> Pod:
        name = name_of(pod)
        known = self._pods.get(name)
        if known is None:
            known = self._pods[name] = described(pod)
        return replace(known, leaked=self._memory.leaked(pod)) if self._memory.leaking else known

    def _described(self) -> Shown:
        store, namespace = self._store, self._namespace
        workloads = [*store.of(DEPLOYMENT, namespace), *store.of(STATEFULSET, namespace)]
        return Shown(
            pods=(),
            nodes=tuple(map(node_of, store.of(NODE))),
            stateful=frozenset(map(name_of, store.of(STATEFULSET, namespace))),
            resources={name_of(workload): resources_of(workload) for workload in workloads},
            targets_cpu={name_of(hpa): aim for hpa in store.of(HPA, namespace) if (aim := _aim(hpa)) is not None},
            budgets={name_of(budget): _budget(budget) for budget in store.of(BUDGET, namespace)},
            quotas={name_of(quota): _quota(quota) for quota in store.of(QUOTA, namespace)},
        )


def described(pod: Object) -> Pod:
    """A pod as the exporters name it, by its first container."""
    metadata, status = pod["metadata"], dig(pod, "status", default={})
    container: Object = next(iter(status.get("containerStatuses", ())), {})
    owner: Object = next((ref for ref in metadata.get("ownerReferences", ()) if ref.get("kind") == "ReplicaSet"), {})
    return Pod(
        name=name_of(pod),
        workload=labels_of(pod)[APP],
        node=str(dig(pod, "spec", "nodeName", default="")),
        replica_set=str(owner.get("name", "")),
        image=str(container.get("image", "")),
        uid=str(metadata.get("uid", "")),
        ip=str(status.get("podIP", "")),
        phase=str(status.get("phase", "Pending")),
        ready=is_ready(pod),
        restarts=int(container.get("restartCount", 0)),
        waiting=str(dig(container, "state", "waiting", "reason", default="")),
        last_terminated=str(dig(container, "lastState", "terminated", "reason", default="")),
        created=datetime.fromisoformat(metadata["creationTimestamp"]).timestamp(),
    )


def node_of(node: Object) -> Node:
    capacity = dig(node, "status", "capacity", default={})
    addresses = dig(node, "status", "addresses", default=[])
    return Node(
        name=name_of(node),
        ip=next((str(item["address"]) for item in addresses if item.get("type") == "InternalIP"), ""),
        cores=_whole(capacity.get("cpu")),
        memory=_whole(capacity.get("memory")),
        pods=_whole(capacity.get("pods")),
        ready=is_ready(node),
        unschedulable=bool(dig(node, "spec", "unschedulable", default=False)),
    )


def resources_of(workload: Object) -> Resources:
    """What the first container of a workload's pods asks for and is limited to: cores and bytes."""
    container = dig(workload, "spec", "template", "spec", "containers", default=[{}])[0]
    found = {
        (part, name): amount(quantity)
        for part in ("requests", "limits")
        for name, quantity in dig(container, "resources", part, default={}).items()
        if name in ("cpu", "memory")
    }
    return {key: value for key, value in found.items() if not math.isnan(value)}


def _aim(hpa: Object) -> int | None:
    """Percent of its CPU request that an autoscaler aims at; None where it looks at something else."""
    for metric in dig(hpa, "spec", "metrics", default=[]):
        aim = dig(metric, "resource", "target", "averageUtilization")
        if aim is not None and dig(metric, "resource", "name") == "cpu":
            return int(aim)
    return None


def _budget(budget: Object) -> Budget:
    status = dig(budget, "status", default={})
    names = ("currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed")
    healthy, desired, expected, allowed = (int(status.get(name, 0)) for name in names)
    return Budget(healthy, desired, expected, allowed)


def _quota(quota: Object) -> dict[str, tuple[float, float]]:
    hard, used = (dig(quota, "status", part, default={}) for part in ("hard", "used"))
    return {name: (amount(limit), amount(used.get(name, "0"))) for name, limit in hard.items()}


def _whole(quantity: object) -> int:
    found = amount(quantity)
    return 0 if math.isnan(found) else round(found)
