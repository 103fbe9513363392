"""What the wires know and the model does not: pods by name, brokers that are lost, what cannot be scraped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.simulator.kafka.brokers import Placement
from connectors.simulator.tick import Pods

REQUESTS, LIMITS = "requests", "limits"
Resources = Mapping[tuple[str, str], float]  # by (requests or limits, cpu or memory): cores and bytes
_BACKEND = {
    (REQUESTS, "cpu"): 0.5,
    (REQUESTS, "memory"): 256 * 2**20,
    (LIMITS, "cpu"): 1.0,
    (LIMITS, "memory"): 512 * 2**20,
}
RESOURCES: Mapping[str, Resources] = {  # a pod's, as the shop's deployments have them
    "gateway": {
        (REQUESTS, "cpu"): 0.25,
        (REQUESTS, "memory"): 128 * 2**20,
        (LIMITS, "cpu"): 1.0,
        (LIMITS, "memory"): 256 * 2**20,
    },
    "api": _BACKEND,
    "workers": _BACKEND,
}


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of one container, whose name is its workload's."""

    name: str
    workload: str
    node: str = ""
    replica_set: str = ""
    image: str = ""
    uid: str = ""
    ip: str = ""
    phase: str = "Running"
    ready: bool = True
    restarts: int = 0
    waiting: str = ""  # the reason, in Kubernetes's words: "CrashLoopBackOff", "ImagePullBackOff" …
    last_terminated: str = ""  # the reason: "OOMKilled", "Error" …
    created: float = 0.0  # wall time, epoch seconds
    leaked: float | None = None  # bytes that its container has leaked; None: as much as the others on average


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster."""

    name: str
    ip: str = ""
    cores: int = 32
    memory: int = 64 * 2**30  # bytes
    pods: int = 110
    ready: bool = True
    unschedulable: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget's status."""

    healthy: int
    desired: int
    expected: int
    allowed: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """What exporters learn from the wires. All but the first two may be left out.

    Without ``pods`` the containers of a deployment are one series, its ``pod`` label ``<deployment>-all``.
    """

    deployments: Mapping[str, Pods] = field(default_factory=dict)
    hpas: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)  # (min, max, current, desired)
    namespace: str = "shop"
    resources: Mapping[str, Resources] = field(default_factory=lambda: RESOURCES)  # by workload
    pods: tuple[Pod, ...] = ()
    nodes: tuple[Node, ...] = ()
    stateful: Mapping[str, Pods] = field(default_factory=dict)  # StatefulSets
    targets_cpu: Mapping[str, int] = field(default_factory=dict)  # percent that an autoscaler aims at; else 70
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    quotas: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)  # resource: (hard, used)
    brokers: tuple[int, ...] = (1, 2, 3)
    lost: frozenset[int] = frozenset()  # of the brokers
    graves: tuple[str, ...] = ("orders.dlq",)  # topics of what was given up: nobody consumes them
    placed: Mapping[tuple[str, int], Placement] = field(default_factory=dict)  # by topic and partition
    offsets: Mapping[tuple[str, int], tuple[int, int]] = field(default_factory=dict)  # first and next, by the same
    gateway: str = "gateway"  # the workload that is one
    fronts: Mapping[str, float] = field(default_factory=lambda: {"api": 1.0})  # shares of the requests, by workload
    shards: tuple[str, ...] = ()  # of the database, where there are several
    redis_up: bool = True
    replicas: int = 0  # that are connected to Redis
    down: Mapping[str, str] = field(default_factory=dict)  # jobs that cannot be scraped, and the error
    opened: float = 0.0  # wall time of simulated 0, epoch seconds
    now: float = 0.0  # wall time, epoch seconds
