"""All controllers, one step a simulated second. They work on what a commit made dirty: a quiet second costs nothing."""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.kubernetes import quotas, scaling
from connectors.simulator.kubernetes.autoscaler import Autoscaler
from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.family import Family
from connectors.simulator.kubernetes.kinds import BUDGET, DEPLOYMENT, POD, QUOTA, REPLICASET, Kind
from connectors.simulator.kubernetes.kubelet import Kubelet
from connectors.simulator.kubernetes.memory import Memory
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.store import Commit
from connectors.simulator.kubernetes.workloads import Workloads
from connectors.simulator.tick import Tick, Usage

ROUNDS = 50  # a reconciliation that has not settled after so many rounds waits for the next second
OTHERS = Usage(cpu=0.25, memory=96 * 2**20)  # what a workload outside the traffic model uses

_Key = tuple[str, str]


class Controllers:
    """Deployment, replica set, pods, autoscaler, quotas and budgets, garbage collection."""

    def __init__(self, registry: Registry, family: Family) -> None:
        self._registry = registry
        self._family = family
        self._recorder = Recorder(registry, registry.times)
        self._workloads = Workloads(registry, family, self._recorder)
        self._autoscaler = Autoscaler(registry, family, self._recorder)
        self.kubelet = Kubelet(registry)
        self.memory = Memory(registry, family, self.kubelet, self._recorder)
        # Dictionaries as ordered sets: the same seed must give the same order.
        self._dirty: dict[Kind, dict[_Key, None]] = {DEPLOYMENT: {}, REPLICASET: {}}
        self._counted: dict[str, None] = {}  # namespaces whose quotas and budgets are to be counted again
        self._left: list[Object] = []  # owners that are gone
        registry.store.listen(self._saw)

    def step(self, t: int, tick: Tick) -> None:
        """Everything that is due at simulated second ``t``."""
        self.memory.step(t, tick)
        if t % scaling.PERIOD == 0:
            self._autoscaler.sync(t, {name: used.cpu for name, used in tick.usage.items()})
        if t % 60 == 0:
            self._recorder.expire()
        self.settle(t)

    def settle(self, t: float) -> None:
        """Runs until nothing is dirty and nobody's time has come."""
        for _ in range(ROUNDS):
            if not self._busy(t):
                return
            self._collect()
            self._reconcile()
            self.kubelet.step(t)
        # What is left stays dirty for the next second.

    def _busy(self, t: float) -> bool:
        dirty = self._left or self._counted or any(self._dirty.values())
        return bool(dirty) or not self.kubelet.idle(t)

    def _reconcile(self) -> None:
        for kind, act in ((DEPLOYMENT, self._workloads.deployment), (REPLICASET, self._workloads.replicaset)):
            keys = list(self._dirty[kind])
            self._dirty[kind].clear()
            for key in keys:
                obj = self._registry.store.get(kind, *key)
                if obj is not None:
                    self._try(act, obj)
        namespaces = list(self._counted)
        self._counted.clear()
        for namespace in namespaces:
            quotas.refresh(self._registry, namespace)

    def _try(self, act: Callable[[Object], None], obj: Object) -> None:
        """A controller is a client: its writes may be refused, and then it says so and waits for a change."""
        try:
            act(obj)
        except Refusal as refused:
            self._recorder.say(obj, "controller-manager", "ReconcileError", str(refused), kind="Warning")

    def _collect(self) -> None:
        """Deletes what an owner left behind, background propagation."""
        left, self._left = self._left, []
        for owner in left:
            for kind, namespace, name in self._family.orphans(owner):
                self._registry.delete(kind, namespace, name)

    def _saw(self, commit: Commit) -> None:
        obj, kind = commit.last, commit.kind
        if commit.after is None and kind in (DEPLOYMENT, REPLICASET):
            self._left.append(obj)
        elif kind in self._dirty:
            self._dirty[kind][(namespace_of(obj), name_of(obj))] = None
        if kind in (POD, QUOTA, BUDGET):
            self._counted[namespace_of(obj)] = None
        for state in (commit.before, obj):  # whom it belonged to, too: it may have been let go of
            for reference in dig(state, "metadata", "ownerReferences", default=[]):
                self._mark(namespace_of(obj), reference)

    def _mark(self, namespace: str, reference: Object) -> None:
        for kind, dirty in self._dirty.items():
            if reference.get("kind") == kind.name:
                dirty[(namespace, str(reference.get("name")))] = None
