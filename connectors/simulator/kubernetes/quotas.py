"""Resource quotas and disruption budgets: what they say is in use, and what they refuse."""

from __future__ import annotations

import math

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import BUDGET, POD, QUOTA
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.selector import by_spec
from connectors.simulator.kubernetes.store import Store

_POD_COUNTS = ("pods", "count/pods")


def room_for_pods(store: Store, namespace: str) -> bool:
    """Whether one more pod fits every quota on the number of pods; other resources are shown, not enforced."""
    limits = [
        int(text)
        for quota in store.of(QUOTA, namespace)
        for name, text in dig(quota, "spec", "hard", default={}).items()
        if name in _POD_COUNTS and str(text).isdecimal()
    ]
    return not limits or len(store.of(POD, namespace)) < min(limits)


def refresh(registry: Registry, namespace: str) -> None:
    """Writes the status of every quota and budget of a namespace."""
    quotas, budgets = registry.store.of(QUOTA, namespace), registry.store.of(BUDGET, namespace)
    if not quotas and not budgets:
        return
    pods = registry.store.of(POD, namespace)
    for quota in quotas:
        registry.set_status(QUOTA, quota, _quota_status(quota, len(pods)))
    for budget in budgets:
        registry.set_status(BUDGET, budget, _budget_status(budget, pods, registry.times.stamp()))


def evict(registry: Registry, namespace: str, name: str, dry_run: bool) -> None:
    """Deletes a pod through its budgets: 429 where one does not allow it now."""
    pod = registry.get(POD, namespace, name)
    for budget in registry.store.of(BUDGET, namespace):
        if not by_spec(dig(budget, "spec", "selector", default={}))(pod):
            continue
        status = _budget_status(budget, registry.store.of(POD, namespace), registry.times.stamp())
        if is_ready(pod) and status["disruptionsAllowed"] < 1:
            raise refusal.budget_spent(name_of(budget))
    registry.delete(POD, namespace, name, dry_run=dry_run)


def _quota_status(quota: Object, pods: int) -> Object:
    hard = dig(quota, "spec", "hard", default={})
    return {"hard": hard, "used": {name: str(pods) if name in _POD_COUNTS else "0" for name in hard}}


def _budget_status(budget: Object, pods: list[Object], stamp: str) -> Object:
    matches = by_spec(dig(budget, "spec", "selector", default={}))
    covered = [pod for pod in pods if matches(pod) and namespace_of(pod) == namespace_of(budget)]
    healthy = sum(is_ready(pod) and "deletionTimestamp" not in pod["metadata"] for pod in covered)
    wanted = _wanted(dig(budget, "spec", default={}), len(covered))
    allowed = max(0, healthy - wanted)
    found = condition("DisruptionAllowed", allowed > 0, "SufficientPods" if allowed else "InsufficientPods")
    return {
        "conditions": [{"message": "", **item} for item in settled(budget, [found], stamp)],
        "currentHealthy": healthy,
        "desiredHealthy": wanted,
        "disruptionsAllowed": allowed,
        "expectedPods": len(covered),
        "observedGeneration": budget["metadata"]["generation"],
    }


def _wanted(spec: Object, expected: int) -> int:
    if "maxUnavailable" in spec:
        return max(0, expected - _count(spec["maxUnavailable"], expected))
    return _count(spec.get("minAvailable", 1), expected)


def _count(value: object, total: int) -> int:
    if isinstance(value, int):
        return value
    text = str(value).rstrip("%")
    return math.ceil(total * int(text) / 100) if text.isdecimal() else 0
