"""All controllers, one step a simulated second. They work on what a commit made dirty: a quiet second costs nothing."""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.kubernetes import scaling
from connectors.simulator.kubernetes.autoscaler import Autoscaler
from connectors.simulator.kubernetes.cronjobs import PERIOD as CRON_PERIOD
from connectors.simulator.kubernetes.cronjobs import CronJobs
from connectors.simulator.kubernetes.daemonsets import DaemonSets
from connectors.simulator.kubernetes.disruption import Budgets
from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.family import Family
from connectors.simulator.kubernetes.gitops import GitOps
from connectors.simulator.kubernetes.jobs import Jobs
from connectors.simulator.kubernetes.keda import Keda
from connectors.simulator.kubernetes.kinds import (
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    JOB,
    NODE,
    POD,
    REPLICASET,
    SCALED_OBJECT,
    STATEFULSET,
    Kind,
)
from connectors.simulator.kubernetes.kubelet import Kubelet
from connectors.simulator.kubernetes.memory import Memory
from connectors.simulator.kubernetes.nodes import Nodes
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.quotas import Quotas
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.rollout import Rollout
from connectors.simulator.kubernetes.scheduler import Scheduler
from connectors.simulator.kubernetes.statefulsets import StatefulSets
from connectors.simulator.kubernetes.store import Commit
from connectors.simulator.kubernetes.tally import Tally
from connectors.simulator.kubernetes.worklist import Worklist
from connectors.simulator.kubernetes.workloads import ReplicaSets
from connectors.simulator.tick import Tick, Usage

ROUNDS = 200  # a reconciliation that has not settled after so many rounds waits for the next second
RETRY_SECONDS = 5  # after a refusal that a controller has no words of its own for
OTHERS = Usage(cpu=0.25, memory=96 * 2**20)  # what a workload outside the traffic model uses


class Controllers:
    """Workloads, pods, autoscalers, quotas and budgets, garbage collection."""

    def __init__(self, registry: Registry, family: Family, namespace: str) -> None:
        """``namespace``: of the workloads whose pods the traffic model knows."""
        self._registry = registry
        self._family = family
        recorder = Recorder(registry, registry.times)
        self.plane = Plane(registry, family, Tally(registry.store, registry.times), recorder, Worklist())
        self.kubelet = Kubelet(registry, Scheduler(registry.store), recorder)
        self.memory = Memory(self.plane, self.kubelet, namespace)
        self.nodes = Nodes(self.plane, self.kubelet)
        self.autoscaler = Autoscaler(self.plane)
        self._keda = Keda(self.plane, self.autoscaler.external)
        self.gitops = GitOps(self.plane)
        self._quotas = Quotas(registry)
        self._budgets = Budgets(registry)
        registry.admission.append(self._quotas.admit)
        self._cron_jobs, jobs, rollout = CronJobs(self.plane), Jobs(self.plane), Rollout(self.plane)
        self._acts: dict[Kind, Callable[[Object], None]] = {
            NODE: self.nodes.reconcile,
            SCALED_OBJECT: self._keda.reconcile,
            CRONJOB: self._cron_jobs.reconcile,
            JOB: jobs.reconcile,
            DAEMONSET: DaemonSets(self.plane).reconcile,
            STATEFULSET: StatefulSets(self.plane).reconcile,
            DEPLOYMENT: rollout.reconcile,
            REPLICASET: ReplicaSets(self.plane).reconcile,
        }
        self._forget: dict[Kind, Callable[[Object], None]] = {JOB: jobs.forget, DEPLOYMENT: rollout.forget}
        self._owners = {kind.name: kind for kind in self._acts}
        self._left: list[Object] = []  # owners that are gone
        registry.store.listen(self._saw)

    def step(self, t: int, tick: Tick) -> None:
        """Everything that is due at simulated second ``t``."""
        self.memory.step(t, tick)
        self._keda.step(t, tick)
        self.gitops.step(t)
        if t % scaling.PERIOD == 0:
            self.autoscaler.sync(t, tick)
        if t % CRON_PERIOD == 0:
            self._cron_jobs.tick()
        if t % 60 == 0:
            self.plane.recorder.expire()
        self.settle(t)

    def settle(self, t: float) -> None:
        """Runs until nothing is dirty and nobody's time has come."""
        self.plane.worklist.wake(t)
        for _ in range(ROUNDS):
            if not self._busy(t):
                return
            self._collect()
            for kind, act in self._acts.items():
                self._reconcile(kind, act)
            self.kubelet.step(t)
            self._quotas.refresh()
            self._budgets.refresh()
        # What is left stays dirty for the next second.

    def _busy(self, t: float) -> bool:
        waiting = self._left or self.plane.worklist.busy or self._quotas.busy or self._budgets.busy
        return bool(waiting) or not self.kubelet.idle(t)

    def _reconcile(self, kind: Kind, act: Callable[[Object], None]) -> None:
        """A controller is a client: its writes may be refused, and then it says so and tries again."""
        for key in self.plane.worklist.take(kind):
            obj = self._registry.store.get(kind, *key)
            if obj is None or "deletionTimestamp" in obj["metadata"]:
                continue
            try:
                act(obj)
            except Refusal as refused:
                self.plane.recorder.say(obj, "controller-manager", "ReconcileError", str(refused), kind="Warning")
                self.plane.worklist.alarm(kind, obj, self.plane.now() + RETRY_SECONDS)

    def _collect(self) -> None:
        """Deletes what an owner left behind, background propagation."""
        left, self._left = self._left, []
        for owner in left:
            for kind, namespace, name in self._family.orphans(owner):
                self._registry.delete(kind, namespace, name)

    def _saw(self, commit: Commit) -> None:
        obj, kind = commit.last, commit.kind
        if commit.after is None:
            self._ended(kind, obj)
        elif kind in self._acts:
            self.plane.worklist.mark(kind, namespace_of(obj), name_of(obj))
        if kind is NODE:
            for item in self._registry.store.of(DAEMONSET):
                self.plane.worklist.mark(DAEMONSET, namespace_of(item), name_of(item))
        for state in (commit.before, obj):  # whom it belonged to, too: it may have been let go of
            self._mark_owners(state, above=kind is POD and commit.after is None)

    def _ended(self, kind: Kind, obj: Object) -> None:
        if self._family.orphans(obj):
            self._left.append(obj)
        if forget := self._forget.get(kind):
            forget(obj)

    def _mark_owners(self, obj: Object | None, above: bool) -> None:
        """Its owners have something to look at; at the end of a pod their owners have, too (``Recreate`` waits)."""
        for reference in dig(obj, "metadata", "ownerReferences", default=[]):
            kind = self._owners.get(str(reference.get("kind")))
            if kind is None or obj is None:
                continue
            self.plane.worklist.mark(kind, namespace_of(obj), str(reference.get("name")))
            if above:
                owner = self._registry.store.get(kind, namespace_of(obj), str(reference.get("name")))
                self._mark_owners(owner, above=False)
