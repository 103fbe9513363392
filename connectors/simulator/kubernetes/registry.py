"""The rules that every write passes, from a client and from a controller alike.

Order, as on a real server: preconditions, decoding, defaults, validation, then "did anything change at all":
a write that changes nothing does not bump the version and is seen by no watch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.simulator.kubernetes import apply, managed_fields, refusal
from connectors.simulator.kubernetes.defaults import defaulted
from connectors.simulator.kubernetes.identity import Identity, Times
from connectors.simulator.kubernetes.kinds import (
    BUDGET,
    DAEMONSET,
    HPA,
    JOB,
    NAMESPACE,
    POD,
    REPLICASET,
    SERVICE,
    STATEFULSET,
    Kind,
)
from connectors.simulator.kubernetes.managed_fields import Manager, Owned
from connectors.simulator.kubernetes.objects import Object, copied, dig, labels_of, name_of, namespace_of, pruned
from connectors.simulator.kubernetes.shapes import misfit
from connectors.simulator.kubernetes.store import Store
from connectors.simulator.kubernetes.validation import problems

Edit = Callable[[Object], Any]

# What a status has before its controller has seen the object: the fields that Go never omits.
_FIRST_STATUS: dict[Kind, Object] = {
    POD: {"phase": "Pending"},
    SERVICE: {"loadBalancer": {}},
    REPLICASET: {"replicas": 0},
    STATEFULSET: {"replicas": 0, "availableReplicas": 0},
    DAEMONSET: dict.fromkeys(
        ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"), 0
    ),
    HPA: {"currentReplicas": 0, "desiredReplicas": 0},
    BUDGET: {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
}
_SERVER_OWNED = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


@dataclass(frozen=True, slots=True)
class Precondition:
    """What a caller demands of the object as it is; "" demands nothing."""

    uid: str = ""
    version: str = ""


class Registry:
    """Create, update and delete over the store. Objects given and returned belong to the store: never change them."""

    def __init__(self, store: Store, identity: Identity, times: Times) -> None:
        self.store = store
        self.identity = identity
        self.times = times
        self.admission: list[Callable[[Kind, Object], None]] = []  # each may refuse a new object

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """The object, or 404."""
        obj = self.store.get(kind, namespace, name)
        if obj is None:
            raise refusal.not_found(kind, name)
        return obj

    def create(
        self,
        kind: Kind,
        obj: Object,
        dry_run: bool = False,
        manager: Manager | None = None,
        owners: tuple[Owned, ...] = (),
    ) -> Object:
        """Stores a new object. Refuses with 400, 403 (namespace on its way out), 404 (none), 409 (name taken), 422.

        ``manager`` owns all of it then; ``owners`` says otherwise; without both its fields are not tracked.
        """
        if why := misfit(obj, kind):
            raise refusal.bad_request(_undecodable(kind, why))
        obj = self._named(kind, _tidy(obj))
        namespace, name = namespace_of(obj), name_of(obj)
        if kind.namespaced:
            self._inhabited(kind, namespace, name)
        if self.store.get(kind, namespace, name) is not None:
            raise refusal.already_exists(kind, name)
        obj = self._born(kind, defaulted(obj, kind))
        _check(obj, kind, None)
        for admit in self.admission:
            admit(kind, obj)
        if manager is not None:
            owners = managed_fields.created(obj, kind, manager, self.times.stamp())
        if owners:
            obj["metadata"]["managedFields"] = managed_fields.written(owners)
        return obj if dry_run else self.store.put(kind, obj)

    def update(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        edit: Edit,
        *,
        part: str = "",
        dry_run: bool = False,
        manager: Manager | None = None,
        owners: tuple[Owned, ...] | None = None,
    ) -> Object:
        """Replaces an object by what ``edit`` makes of it.

        ``part`` is the subresource written through: "" keeps the status as it is, "status" keeps everything else.
        ``manager`` writes (None: a controller); ``owners`` is who owns what afterwards, where that is known already.
        Refuses with 404, 409 (another version or uid) and 422.
        """
        before = self.get(kind, namespace, name)
        sent = edit(before)
        if why := misfit(sent, kind):
            raise refusal.bad_request(_undecodable(kind, why))
        _same(kind, before, sent)
        after = _kept(kind, before, defaulted(_tidy(sent), kind), part)
        if part != "status":
            _check(after, kind, before)
        if owners is None:
            given = dig(sent, "metadata", "managedFields")
            owners = self._owners(kind, before, after, manager or _controller(kind, before, after), given)
        if owners:
            after["metadata"]["managedFields"] = managed_fields.written(owners)
        if before == after:
            return before
        if kind.generation and part != "status" and after.get("spec") != before.get("spec"):
            after["metadata"]["generation"] = before["metadata"]["generation"] + 1
        if dry_run:
            return after
        if "deletionTimestamp" in after["metadata"] and self._finished(kind, after):
            return self.store.remove(kind, namespace, name)
        return self.store.put(kind, after)

    def apply(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        wanted: Object,
        manager: Manager,
        *,
        force: bool = False,
        dry_run: bool = False,
    ) -> Object:
        """Server-side apply of a configuration; the object is made where it is not there.

        Refuses as create and update do, and with 409 where other managers own what would change.
        """
        if why := misfit(wanted, kind):
            raise refusal.bad_request(_undecodable(kind, why))
        wanted, stamp = _tidy(wanted), self.times.stamp()
        before = self.store.get(kind, namespace, name)
        if before is None:
            if manager.subresource:
                raise refusal.not_found(kind, name)
            mine = managed_fields.claimed(wanted, kind, manager, stamp)
            return self.create(kind, wanted, dry_run, owners=mine)
        owners = managed_fields.read(before["metadata"]) or apply.first(before, kind, manager, stamp)
        live = {**before, "metadata": _untracked(before["metadata"])}
        result, owners = apply.applied(live, owners, wanted, kind, manager, force, stamp)
        return self.update(
            kind, namespace, name, lambda _: result, part=manager.subresource, dry_run=dry_run, owners=owners
        )

    def adopt(self, kind: Kind, obj: Object, manager: Manager) -> Object:
        """Has its fields tracked from now on, as if ``manager`` had just created it."""
        owners = managed_fields.created(obj, kind, manager, self.times.stamp())
        metadata = {**obj["metadata"], "managedFields": managed_fields.written(owners)}
        return self.store.put(kind, {**obj, "metadata": metadata})

    def _owners(self, kind: Kind, before: Object, after: Object, manager: Manager, given: object) -> tuple[Owned, ...]:
        """Who owns what after a write. ``given``: what the writer sent of it, where ``[{}]`` starts all over."""
        if given == [{}]:
            return ()
        owners = managed_fields.read({"managedFields": given}) or managed_fields.read(before["metadata"])
        if not owners:
            return ()
        return managed_fields.updated(owners, before, after, kind, manager, self.times.stamp())

    def _inhabited(self, kind: Kind, namespace: str, name: str) -> None:
        """403 or 404 for a namespace that takes nothing new."""
        found = self.store.get(NAMESPACE, "", namespace)
        if found is None:
            raise refusal.not_found(NAMESPACE, namespace)
        if "deletionTimestamp" in found["metadata"]:
            raise refusal.terminating(kind, name, namespace)

    def set_status(self, kind: Kind, obj: Object, status: Object) -> Object:
        """A controller's write of a status; nothing where it says what is already there."""
        if obj.get("status") == status:
            return obj
        after = {**obj, "metadata": dict(obj["metadata"]), "status": status}
        return self.store.put(kind, after)

    def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        demand: Precondition | None = None,
        grace: int | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Deletes, or marks for deletion what has finalizers or (a running pod) a grace period.

        Returns the object as it last was; one that is only marked carries a ``deletionTimestamp``.
        """
        obj = self.get(kind, namespace, name)
        _demanded(kind, obj, demand or Precondition())
        seconds = self._grace(kind, obj, grace)
        if dry_run:
            return obj
        if not seconds and not dig(obj, "metadata", "finalizers", default=[]):
            return self.store.remove(kind, namespace, name)
        if "deletionTimestamp" in obj["metadata"]:
            return obj
        marks = {"deletionTimestamp": self.times.stamp(-seconds), "deletionGracePeriodSeconds": seconds}
        return self.store.put(kind, {**obj, "metadata": {**obj["metadata"], **marks}})

    def _grace(self, kind: Kind, obj: Object, asked: int | None) -> int:
        if kind is not POD or not dig(obj, "spec", "nodeName"):
            return 0
        return asked if asked is not None else int(dig(obj, "spec", "terminationGracePeriodSeconds", default=30))

    def _finished(self, kind: Kind, obj: Object) -> bool:
        return kind is not POD and not dig(obj, "metadata", "finalizers", default=[])

    def _named(self, kind: Kind, obj: Object) -> Object:
        metadata = dict(obj.get("metadata", {}))
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + self.identity.suffix(metadata["generateName"])
        if not kind.namespaced:
            metadata.pop("namespace", None)
        return {**obj, "metadata": metadata}

    def _born(self, kind: Kind, obj: Object) -> Object:
        metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVER_OWNED}
        metadata.pop("resourceVersion", None)
        metadata |= {"uid": self.identity.uid(), "creationTimestamp": self.times.stamp()}
        if kind.generation:
            metadata["generation"] = 1
        fresh = {"apiVersion": kind.api_version(), "kind": kind.name, **obj, "metadata": metadata}
        if "status" in kind.subresources and kind is not NAMESPACE:
            fresh["status"] = dict(_FIRST_STATUS.get(kind, {}))
        if kind is SERVICE:
            fresh["spec"] = self._addressed(fresh["spec"])
        if kind is JOB:
            fresh["spec"] = _own_pods(fresh["spec"], name_of(fresh), metadata["uid"])
            metadata["labels"] = metadata.get("labels") or labels_of(dig(fresh, "spec", "template", default={}))
        return fresh

    def _addressed(self, spec: Object) -> Object:
        if spec["type"] == "ExternalName" or "clusterIP" in spec:
            return spec
        address = f"10.96.{self.identity.seconds('service', 0, 255)}.{self.identity.seconds('service', 1, 254)}"
        return {
            **spec,
            "clusterIP": address,
            "clusterIPs": [address],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
        }


def _own_pods(spec: Object, name: str, uid: str) -> Object:
    """A job's spec with the selector and the labels by which it knows its pods; a client may give its own."""
    if "selector" in spec:
        return spec
    labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    legacy = {"controller-uid": uid, "job-name": name}
    template = copied(spec.get("template", {}))
    metadata = template.setdefault("metadata", {})
    metadata["labels"] = {**metadata.get("labels", {}), **labels, **legacy}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    return {**spec, "selector": selector, "template": template}


def _tidy(obj: Object) -> Object:
    """Nulls and empty maps of metadata are absent fields; nothing that the caller holds is shared."""
    obj = pruned(copied({**obj, "metadata": _untracked(obj.get("metadata") or {})}))
    metadata = obj["metadata"]
    for field in ("labels", "annotations", "finalizers", "ownerReferences"):
        if not metadata.get(field, True):
            del metadata[field]
    return dict(obj)


def _undecodable(kind: Kind, why: str) -> str:
    return f'{kind.name} in version "{kind.stored}" cannot be handled as a {kind.name}: {why}'


def _check(obj: Object, kind: Kind, before: Object | None) -> None:
    if found := problems(obj, kind, before):
        raise refusal.invalid(kind, name_of(obj), *found)


def _demanded(kind: Kind, obj: Object, demand: Precondition) -> None:
    metadata, name = obj["metadata"], name_of(obj)
    if demand.uid not in ("", metadata["uid"]):
        why = f"Precondition failed: UID in precondition: {demand.uid}, UID in object meta: {metadata['uid']}"
        raise refusal.conflict(kind, name, why)
    if demand.version not in ("", "0", metadata["resourceVersion"]):
        raise refusal.conflict(kind, name)


def _same(kind: Kind, before: Object, sent: Object) -> None:
    """The object sent is the one that is there: name, namespace, uid and, where given, version."""
    metadata = sent.get("metadata") or {}
    if metadata.get("name") not in (None, name_of(before)):
        raise refusal.bad_request("the name of the object does not match the name on the URL")
    if metadata.get("namespace") not in (None, "", namespace_of(before)):
        raise refusal.bad_request("the namespace of the object does not match the namespace on the URL")
    version = metadata.get("resourceVersion") or ""
    if not version and not kind.unconditional:
        cause = refusal.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
        raise refusal.invalid(kind, name_of(before), cause)
    _demanded(kind, before, Precondition(metadata.get("uid") or "", version))


def _kept(kind: Kind, before: Object, sent: Object, part: str) -> Object:
    """What of the object sent may be written through this subresource, over what was there."""
    if part == "status":
        after = {**before, "metadata": _untracked(before["metadata"])}
        return {**after, "status": sent["status"]} if "status" in sent else after
    owned = {key: before["metadata"][key] for key in _SERVER_OWNED if key in before["metadata"]}
    metadata = {**{k: v for k, v in sent["metadata"].items() if k not in _SERVER_OWNED}, **owned}
    metadata |= {"name": name_of(before), "resourceVersion": before["metadata"]["resourceVersion"]}
    if kind.namespaced:
        metadata["namespace"] = namespace_of(before)
    after = {**sent, "apiVersion": before["apiVersion"], "kind": before["kind"], "metadata": metadata}
    if "status" in kind.subresources:
        after["status"] = before.get("status", {})
    return after


def _untracked(metadata: Object) -> Object:
    return {key: item for key, item in metadata.items() if key != "managedFields"}


def _controller(kind: Kind, before: Object, after: Object) -> Manager:
    """The controller manager, which sets replicas through their own subresource."""
    spec = {**before.get("spec", {}), "replicas": dig(after, "spec", "replicas")}
    scaled = "scale" in kind.subresources and spec == after.get("spec")
    return Manager("kube-controller-manager", managed_fields.UPDATE, kind.api_version(), "scale" if scaled else "")
