"""Deletions that take more than one write: with what hangs on an object, or a namespace with all that is in it.

Dependents go after their owner (background, which the controllers' collection does), before it (foreground), or stay
(orphan). Until it is over, the object carries a deletion time, and here it is remembered.
"""

from __future__ import annotations

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.family import Family
from connectors.simulator.kubernetes.kinds import NAMESPACE, STORED, Kind
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Precondition, Registry

FOREGROUND = "foregroundDeletion"  # the finalizer that keeps an owner until its dependents are gone
POLICIES = ("Background", "Foreground", "Orphan")
_KEPT = ("default", "kube-node-lease", "kube-public", "kube-system")  # namespaces that may not be deleted
_Key = tuple[Kind, str, str]


class Departures:
    """Deletes for clients. ``step`` goes on with what could not end at once."""

    def __init__(self, registry: Registry, family: Family) -> None:
        self._registry = registry
        self._family = family
        self._leaving: dict[_Key, None] = {}

    def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        demand: Precondition,
        grace: int | None = None,
        dry_run: bool = False,
        policy: str = "",
    ) -> Object:
        """The object as it last was, or marked for deletion. ``policy`` is one of POLICIES, "" the first."""
        obj = self._registry.get(kind, namespace, name)
        if kind is NAMESPACE:
            return self._empty(obj, dry_run)
        dependents = [] if dry_run else self._family.orphans(obj)
        if policy == "Orphan":
            for key in dependents:
                self._release(key, obj)
        if policy == "Foreground" and dependents:
            self._registry.delete(kind, namespace, name, demand, grace, dry_run=True)  # refuses what it must
            self._hold(kind, obj)
        return self._registry.delete(kind, namespace, name, demand, grace, dry_run)

    def step(self) -> None:
        """Looks after what is on its way out; nothing where nothing is."""
        for kind, namespace, name in list(self._leaving):
            obj = self._registry.store.get(kind, namespace, name)
            if obj is None:
                self._leaving.pop((kind, namespace, name))
            elif kind is NAMESPACE:
                self._clear(obj)
            else:
                self._finish(kind, obj)

    def _empty(self, namespace: Object, dry_run: bool) -> Object:
        name = name_of(namespace)
        if name in _KEPT:
            raise refusal.forbidden(NAMESPACE, name, "this namespace may not be deleted")
        marked = {**namespace, "metadata": {**namespace["metadata"]}, "status": {"phase": "Terminating"}}
        marked["metadata"].setdefault("deletionTimestamp", self._registry.times.stamp())
        if dry_run or marked["metadata"] == namespace["metadata"]:
            return marked
        self._leaving[(NAMESPACE, "", name)] = None
        return self._registry.store.put(NAMESPACE, marked)

    def _clear(self, namespace: Object) -> None:
        """Deletes what is in a namespace; the namespace with the last of it."""
        name, left = name_of(namespace), 0
        for kind in STORED:
            for obj in self._registry.store.of(kind, name) if kind.namespaced else ():
                left += 1
                if "deletionTimestamp" not in obj["metadata"]:
                    gone = self._registry.delete(kind, name, name_of(obj))
                    left -= "deletionTimestamp" not in gone["metadata"]
        if not left:
            self._registry.store.remove(NAMESPACE, "", name)

    def _hold(self, kind: Kind, obj: Object) -> None:
        finalizers = dig(obj, "metadata", "finalizers", default=[])
        if FOREGROUND not in finalizers:
            metadata = {**obj["metadata"], "finalizers": [*finalizers, FOREGROUND]}
            self._registry.store.put(kind, {**obj, "metadata": metadata})
        self._leaving[(kind, namespace_of(obj), name_of(obj))] = None

    def _finish(self, kind: Kind, obj: Object) -> None:
        """Deletes the dependents in the foreground, too; lets the owner go when they are gone."""
        dependents = self._family.orphans(obj)
        for key in dependents:
            child = self._registry.store.get(*key)
            if child is not None and "deletionTimestamp" not in child["metadata"]:
                self.delete(*key, Precondition(), policy="Foreground")
        if not dependents:
            self._registry.update(kind, namespace_of(obj), name_of(obj), _let_go)

    def _release(self, key: _Key, owner: Object) -> None:
        """The dependent without its reference to the owner."""
        child = self._registry.store.get(*key)
        if child is None:
            return
        uid, metadata = owner["metadata"]["uid"], dict(child["metadata"])
        kept = [item for item in metadata.pop("ownerReferences", []) if item.get("uid") != uid]
        if kept:
            metadata["ownerReferences"] = kept
        self._registry.store.put(key[0], {**child, "metadata": metadata})


def _let_go(obj: Object) -> Object:
    finalizers = [name for name in dig(obj, "metadata", "finalizers", default=[]) if name != FOREGROUND]
    return {**obj, "metadata": {**obj["metadata"], "finalizers": finalizers}}
