"""Disruption budgets: how many pods may be taken away on purpose, and the eviction that asks them.

Source: the documentation of PodDisruptionBudgets, ``pkg/controller/disruption`` and the eviction subresource of pods.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import BUDGET, DEPLOYMENT, POD, REPLICASET, STATEFULSET
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.selector import Match, by_spec
from connectors.simulator.kubernetes.sizes import share
from connectors.simulator.kubernetes.store import Commit, Store
from connectors.simulator.kubernetes.tally import is_active

_SCALABLE = {kind.name: kind for kind in (DEPLOYMENT, REPLICASET, STATEFULSET)}
_UNGUARDED = ("Pending", "Succeeded", "Failed")  # phases in which a pod serves nobody

_Key = tuple[str, str]


class Budgets:
    """The pods that each budget covers, kept at each commit, and its status."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._covered: dict[_Key, dict[str, Object]] = {}  # budget -> its pods by name
        self._matches: dict[_Key, Match] = {}
        self._stale: dict[_Key, None] = {}
        registry.store.listen(self._saw)

    @property
    def busy(self) -> bool:
        return bool(self._stale)

    def refresh(self) -> None:
        """Writes the status of every budget that something has happened to."""
        stale, self._stale = self._stale, {}
        for key in stale:
            budget = self._registry.store.get(BUDGET, *key)
            if budget is not None:
                status = status_of(budget, self._covered.get(key, {}).values(), self._registry.store)
                conditions = settled(budget, status.pop("conditions"), self._registry.times.stamp())
                generation = {"observedGeneration": budget["metadata"]["generation"]}
                conditions = [{**item, **generation} for item in conditions]
                self._registry.set_status(BUDGET, budget, {"conditions": conditions, **status, **generation})

    def _saw(self, commit: Commit) -> None:
        if commit.kind is BUDGET:
            self._budget(commit)
        elif commit.kind is POD:
            self._pod(commit)
        elif commit.kind.name in _SCALABLE and _replicas(commit.before) != _replicas(commit.after):
            self._stale |= {key: None for key in self._matches if key[0] == namespace_of(commit.last)}

    def _budget(self, commit: Commit) -> None:
        budget = commit.last
        key = (namespace_of(budget), name_of(budget))
        if commit.after is None:
            self._matches.pop(key, None)
            self._covered.pop(key, None)
        elif commit.before is None or commit.before.get("spec") != budget.get("spec"):
            self._matches[key] = by_spec(dig(budget, "spec", "selector", default={}))
            pods = self._registry.store.of(POD, namespace_of(budget))
            self._covered[key] = {name_of(pod): pod for pod in pods if self._matches[key](pod)}
            self._stale[key] = None

    def _pod(self, commit: Commit) -> None:
        pod, namespace = commit.last, namespace_of(commit.last)
        for key, matches in self._matches.items():
            if key[0] != namespace:
                continue
            covered = self._covered[key]
            if commit.after is not None and matches(pod):
                covered[name_of(pod)] = pod
                self._stale[key] = None
            elif covered.pop(name_of(pod), None) is not None:
                self._stale[key] = None


def status_of(budget: Object, pods: Iterable[Object], store: Store) -> Object:
    """The counts of a budget over the pods that it covers, and its condition without times."""
    covered = list(pods)
    spec = budget.get("spec", {})
    expected, wanted = _expected(spec, covered, store)
    healthy = sum(is_active(pod) and is_ready(pod) for pod in covered)
    allowed = max(0, healthy - wanted) if expected > 0 else 0
    found = condition("DisruptionAllowed", allowed > 0, "SufficientPods" if allowed else "InsufficientPods")
    return {
        "conditions": [{"message": "", **found}],
        "currentHealthy": healthy,
        "desiredHealthy": wanted,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
    }


def evict(registry: Registry, namespace: str, name: str, dry_run: bool) -> None:
    """Deletes a pod if its budget allows it now. Refuses with 429 where not, with 500 where it has two budgets."""
    pod = registry.get(POD, namespace, name)
    budgets = [budget for budget in registry.store.of(BUDGET, namespace) if _covers(budget, pod)]
    if budgets and is_active(pod) and dig(pod, "status", "phase") not in _UNGUARDED:
        _allow(registry, pod, budgets)
    registry.delete(POD, namespace, name, dry_run=dry_run)


def _allow(registry: Registry, pod: Object, budgets: list[Object]) -> None:
    if len(budgets) > 1:
        two = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise refusal.Refusal(500, "InternalError", two)
    budget = budgets[0]
    pods = [item for item in registry.store.of(POD, namespace_of(pod)) if _covers(budget, item)]
    status = status_of(budget, pods, registry.store)
    healthy, wanted = status["currentHealthy"], status["desiredHealthy"]
    if not is_ready(pod):
        policy = dig(budget, "spec", "unhealthyPodEvictionPolicy", default="IfHealthyBudget")
        if policy == "AlwaysAllow" or healthy >= wanted > 0:
            return
    if status["disruptionsAllowed"] < 1:
        raise refusal.budget_spent(name_of(budget), wanted, healthy)


def _covers(budget: Object, pod: Object) -> bool:
    return by_spec(dig(budget, "spec", "selector", default={}))(pod)


def _expected(spec: Object, pods: list[Object], store: Store) -> tuple[int, int]:
    """Pods that should be there, and those of them that must be healthy.

    A whole ``minAvailable`` counts the pods that are there; everything else is a share of what their controllers want.
    """
    least = spec.get("minAvailable", 1)
    if "maxUnavailable" in spec:
        expected = _wanted(pods, store)
        return expected, max(0, expected - share(spec["maxUnavailable"], expected, up=True))
    if isinstance(least, int):
        return len(pods), least
    expected = _wanted(pods, store)
    return expected, share(least, expected, up=True)


def _wanted(pods: list[Object], store: Store) -> int:
    """Replicas over the distinct controllers of these pods, each followed to the top."""
    direct = {(ref["kind"], namespace_of(pod), ref["name"]): None for pod in pods if (ref := _controller(pod))}
    tops: dict[str, Object] = {}
    for kind, namespace, name in direct:
        owner = _scalable(store, kind, namespace, name)
        if owner is not None:
            tops[owner["metadata"]["uid"]] = owner
    return sum(_replicas(owner) or 0 for owner in tops.values())


def _scalable(store: Store, kind: str, namespace: str, name: str) -> Object | None:
    owner = store.get(_SCALABLE[kind], namespace, name) if kind in _SCALABLE else None
    above = _controller(owner) if owner is not None else None
    return (above and _scalable(store, str(above["kind"]), namespace, str(above["name"]))) or owner


def _controller(obj: Object) -> Object | None:
    references: list[Object] = dig(obj, "metadata", "ownerReferences", default=[])
    return next((item for item in references if item.get("controller")), None)


def _replicas(obj: Object | None) -> int | None:
    replicas: int | None = dig(obj, "spec", "replicas")
    return replicas
