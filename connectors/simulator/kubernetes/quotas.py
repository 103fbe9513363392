"""Resource quotas: what a namespace uses, kept at each commit, and the admission that refuses what is too much.

Counted as the real ones are: pods that have not ended, what their containers request and are limited to, and objects
by kind ("count/deployments.apps"). Scopes are not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.kinds import POD, QUOTA, Kind
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.quantities import amount, requested, shown
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.store import Commit

_COMPUTE = {  # a quota's resource -> (part of a container's resources, resource)
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
_BARE = ("configmaps", "persistentvolumeclaims", "resourcequotas", "secrets", "services")
_ENDED = ("Succeeded", "Failed")

Amounts = Counter[str]  # by resource; a Counter's missing entries are 0


class Quotas:
    """Usage by namespace, the statuses that show it, and the admission that holds it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._used: dict[str, dict[str, float]] = {}
        self._stale: dict[str, None] = {}  # namespaces whose statuses are to be written again
        registry.store.listen(self._saw)

    @property
    def busy(self) -> bool:
        return bool(self._stale)

    def admit(self, kind: Kind, obj: Object) -> None:
        """Refuses with 403 a new object that does not fit a quota of its namespace."""
        quotas = self._registry.store.of(QUOTA, namespace_of(obj)) if self._registry.store.count(QUOTA) else []
        for quota in quotas:
            hard = dig(quota, "spec", "hard", default={})
            asked = {name: value for name, value in _weight(kind, obj).items() if name in hard}
            if unsaid := _unsaid(kind, obj, hard):
                raise refusal.forbidden(kind, name_of(obj), f"failed quota: {name_of(quota)}: must specify {unsaid}")
            used = self._used.get(namespace_of(obj), {})
            over = [name for name in sorted(asked) if used.get(name, 0.0) + asked[name] > amount(hard[name]) + 1e-9]
            if over:
                raise refusal.forbidden(kind, name_of(obj), _exceeded(quota, over, asked, used))

    def refresh(self) -> None:
        """Writes the status of every quota whose namespace has changed."""
        stale, self._stale = self._stale, {}
        for namespace in stale:
            for quota in self._registry.store.of(QUOTA, namespace):
                hard, used = dig(quota, "spec", "hard", default={}), self._used.get(namespace, {})
                shown_used = {name: shown(used.get(name, 0.0), name) for name in hard}
                self._registry.set_status(QUOTA, quota, {"hard": hard, "used": shown_used})

    def _saw(self, commit: Commit) -> None:
        kind, namespace = commit.kind, namespace_of(commit.last)
        if not kind.namespaced or (kind is not POD and commit.before is not None and commit.after is not None):
            if kind is QUOTA:
                self._stale[namespace] = None
            return
        if kind is POD and _weighs_the_same(commit.before, commit.after):
            return
        before = _weight(kind, commit.before) if commit.before is not None else {}
        after = _weight(kind, commit.after) if commit.after is not None else {}
        if before == after:
            return
        used = self._used.setdefault(namespace, {})
        for name in {**before, **after}:
            used[name] = used.get(name, 0.0) + after.get(name, 0.0) - before.get(name, 0.0)
        if self._registry.store.count(QUOTA):
            self._stale[namespace] = None


def _weighs_the_same(before: Object | None, after: Object | None) -> bool:
    """Most commits write a pod's status alone: its spec is then the very same tree."""
    if before is None or after is None or before["spec"] is not after["spec"]:
        return False
    return (dig(before, "status", "phase") in _ENDED) == (dig(after, "status", "phase") in _ENDED)


def _weight(kind: Kind, obj: Object) -> dict[str, float]:
    """What one object takes of every resource that a quota can name."""
    if kind is not POD:
        bare = {kind.plural: 1.0} if not kind.group and kind.plural in _BARE else {}
        return {f"count/{kind.resource}": 1.0, **bare}
    if dig(obj, "status", "phase") in _ENDED:
        return {"count/pods": 1.0}
    compute = {name: requested(obj["spec"], resource, part) for name, (part, resource) in _COMPUTE.items()}
    return {"count/pods": 1.0, "pods": 1.0, **compute}


def _unsaid(kind: Kind, obj: Object, hard: Iterable[str]) -> str:
    """Resources under a quota that a container does not state, as the refusal names them; "" where all do."""
    if kind is not POD:
        return ""
    found = []
    for name in sorted(set(hard) & set(_COMPUTE)):
        part, resource = _COMPUTE[name]
        silent = [str(item["name"]) for item in obj["spec"]["containers"] if not dig(item, "resources", part, resource)]
        if silent:
            found.append(f"{name} for: {','.join(silent)}")
    return "; ".join(found)


def _exceeded(quota: Object, over: list[str], asked: dict[str, float], used: dict[str, float]) -> str:
    hard = quota["spec"]["hard"]
    wanted = ",".join(f"{name}={shown(asked[name], name)}" for name in over)
    taken = ",".join(f"{name}={shown(used.get(name, 0.0), name)}" for name in over)
    limited = ",".join(f"{name}={hard[name]}" for name in over)
    return f"exceeded quota: {name_of(quota)}, requested: {wanted}, used: {taken}, limited: {limited}"
