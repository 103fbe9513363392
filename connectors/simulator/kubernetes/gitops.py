"""A controller that keeps objects as git has them, as Argo CD with self-healing does: what differs is put back.

What stood in the namespace when it was adopted is what git says. Only the fields that a repository declares are put
back: a restart's annotation stays, and the replicas of a workload that an autoscaler scales are nobody's here.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes.kinds import CONFIGMAP, DEPLOYMENT, HPA, STATEFULSET, Kind
from connectors.simulator.kubernetes.managed_fields import UPDATE, Manager
from connectors.simulator.kubernetes.objects import Object, copied, dig, labels_of, name_of, namespace_of, owner_of
from connectors.simulator.kubernetes.patch import strategic
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.store import Commit

HEALED_SECONDS = 30  # from a difference to its end: a refresh of Argo CD and the pause of its self-healing
MANAGER = "argocd-controller"
_TRACKING = "argocd.argoproj.io/tracking-id"
_INSTANCE = "argocd.argoproj.io/instance"
_WORKLOADS = (DEPLOYMENT, STATEFULSET)
_CONTAINER = ("name", "image", "resources", "env", "args", "command")

_Key = tuple[Kind, str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """``declared`` is a strategic merge patch: what git says; ``whole`` makes the object anew where it was deleted."""

    declared: Object
    whole: Object


class GitOps:
    """Adopts the objects of a namespace, and heals them."""

    def __init__(self, plane: Plane, seconds: int = HEALED_SECONDS) -> None:
        self._plane = plane
        self._seconds = seconds
        self._manifests: dict[_Key, Manifest] = {}
        self._due: dict[_Key, float] = {}  # simulated second at which a difference is put back
        plane.registry.store.listen(self._saw)

    def adopt(self, namespace: str) -> None:
        """Takes what stands there as what git says, and marks it as its own. What others own is left to them."""
        store = self._plane.registry.store
        scaled = {dig(hpa, "spec", "scaleTargetRef", "name") for hpa in store.of(HPA, namespace)}
        for kind in (*_WORKLOADS, HPA, CONFIGMAP):
            for obj in store.of(kind, namespace):
                if owner_of(obj):
                    continue
                key = (kind, namespace, name_of(obj))
                declared = {**_marks(kind, obj), **_declared(kind, obj, name_of(obj) in scaled)}
                self._manifests[key] = Manifest(declared, _whole(obj))
                self._write(key, declared)

    def step(self, t: float) -> None:
        """Puts back what has differed for long enough; where the cluster refuses that, tries again later."""
        for key in [key for key, due in self._due.items() if due <= t]:
            del self._due[key]
            try:
                self._write(key, self._manifests[key].declared)
            except Refusal:
                self._due[key] = t + self._seconds

    def _saw(self, commit: Commit) -> None:
        key = (commit.kind, namespace_of(commit.last), name_of(commit.last))
        manifest = self._manifests.get(key)
        if manifest is None:
            return
        if commit.after is not None and strategic(commit.after, manifest.declared) == commit.after:
            self._due.pop(key, None)
        else:
            self._due.setdefault(key, self._plane.now() + self._seconds)

    def _write(self, key: _Key, declared: Object) -> None:
        registry, manager = self._plane.registry, Manager(MANAGER, UPDATE, key[0].api_version())
        if registry.store.get(*key) is None:
            registry.create(key[0], copied(self._manifests[key].whole), manager=manager)
        registry.update(*key, lambda stored: strategic(copied(stored), declared), manager=manager)


def _marks(kind: Kind, obj: Object) -> Object:
    """The application is called as the namespace; a tracking id names it, the group, the kind and the object."""
    namespace, group = namespace_of(obj), kind.group
    tracking = f"{namespace}:{group}/{kind.name}:{namespace}/{name_of(obj)}"
    return {"metadata": {"labels": {_INSTANCE: namespace}, "annotations": {_TRACKING: tracking}}}


def _declared(kind: Kind, obj: Object, scaled: bool) -> Object:
    if kind is CONFIGMAP:
        return {"data": copied(obj.get("data", {}))}
    spec = obj["spec"]
    if kind is HPA:
        return {"spec": {name: copied(spec[name]) for name in ("minReplicas", "maxReplicas", "metrics")}}
    template = spec["template"]["spec"]["containers"]
    containers = [{name: copied(item[name]) for name in _CONTAINER if name in item} for item in template]
    declared: Object = {"template": {"spec": {"containers": containers}}}
    return {"spec": declared if scaled else {"replicas": spec["replicas"], **declared}}


def _whole(obj: Object) -> Object:
    metadata = {"name": name_of(obj), "namespace": namespace_of(obj), "labels": labels_of(obj)}
    return {"metadata": metadata, **{part: obj[part] for part in ("spec", "data") if part in obj}}
