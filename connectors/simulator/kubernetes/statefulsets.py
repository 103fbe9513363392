"""The stateful set controller: pods with names of their own, made in order, taken away in reverse.

Source: the documentation of StatefulSets and ``pkg/controller/statefulset``. Volumes are not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import POD, STATEFULSET
from connectors.simulator.kubernetes.lineage import LABEL, Lineage
from connectors.simulator.kubernetes.objects import Object, copied, dig, labels_of, name_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.tally import is_active
from connectors.simulator.kubernetes.workloads import available

_COMPONENT = "statefulset-controller"


@dataclass(frozen=True, slots=True)
class Versions:
    """Names of the revision that is being left and of the one that is wanted."""

    current: str
    update: str


class StatefulSets:
    """Reconciles one stateful set at a time."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._lineage = Lineage(plane)

    def reconcile(self, owner: Object) -> None:
        """Does the next one thing that its order allows, and writes the status. Raises Refusal."""
        update = name_of(self._lineage.current(owner))
        versions = Versions(str(dig(owner, "status", "currentRevision", default=update)), update)
        pods = {_ordinal(pod): pod for pod in self._plane.family.children(owner, POD)}
        self._advance(owner, pods, versions)
        self._say(owner, versions)

    def _advance(self, owner: Object, pods: dict[int, Object], versions: Versions) -> None:
        ordered = dig(owner, "spec", "podManagementPolicy", default="OrderedReady") == "OrderedReady"
        wanted = _ordinals(owner)
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is None:
                self._create(owner, ordinal, versions)
            elif "deletionTimestamp" not in pod["metadata"] and not is_active(pod):
                self._plane.delete(POD, pod)  # it has ended: its name is made free for the next one
            elif is_active(pod) and is_ready(pod):
                continue
            if ordered:
                return
        surplus = sorted((ordinal for ordinal in pods if ordinal not in wanted), reverse=True)
        for ordinal in surplus:
            self._remove(owner, pods[ordinal])
            if ordered:
                return
        if not surplus:
            self._update(owner, pods, versions)

    def _create(self, owner: Object, ordinal: int, versions: Versions) -> None:
        version = versions.current if self._of_old(owner, ordinal) else versions.update
        name = f"{name_of(owner)}-{ordinal}"
        template = copied(self._lineage.template(owner, version))
        template["spec"] |= {"hostname": name, "subdomain": dig(owner, "spec", "serviceName", default="")}
        labels = {
            LABEL: version,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
        }
        self._plane.pod(owner, template, name, labels)
        said = f"create Pod {name} in StatefulSet {name_of(owner)} successful"
        self._plane.recorder.say(owner, _COMPONENT, "SuccessfulCreate", said)

    def _of_old(self, owner: Object, ordinal: int) -> bool:
        """Whether a pod that is made anew belongs to the part that a rolling update has not reached."""
        if ordinal < _partition(owner):
            return True
        behind = dig(owner, "status", "currentReplicas", default=0)
        updating = dig(owner, "status", "currentRevision") != dig(owner, "status", "updateRevision")
        return bool(updating and ordinal < _ordinals(owner).start + behind)

    def _remove(self, owner: Object, pod: Object) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            return
        self._plane.delete(POD, pod)
        said = f"delete Pod {name_of(pod)} in StatefulSet {name_of(owner)} successful"
        self._plane.recorder.say(owner, _COMPONENT, "SuccessfulDelete", said)

    def _update(self, owner: Object, pods: dict[int, Object], versions: Versions) -> None:
        """From the last to the first: one pod of an old revision at a time, when all behind it are ready."""
        if dig(owner, "spec", "updateStrategy", "type", default="RollingUpdate") != "RollingUpdate":
            return
        for ordinal in reversed(_ordinals(owner)):
            pod = pods.get(ordinal)
            if pod is None or ordinal < _partition(owner):
                return
            if labels_of(pod).get(LABEL) != versions.update:
                self._remove(owner, pod)
                return
            if not (is_active(pod) and is_ready(pod)):
                return

    def _say(self, owner: Object, versions: Versions) -> None:
        count, wanted = self._plane.tally.of(owner), owner["spec"]["replicas"]
        pods = [pod for pod in self._plane.family.children(owner, POD) if is_active(pod)]
        updated = sum(labels_of(pod).get(LABEL) == versions.update for pod in pods)
        present = sum(labels_of(pod).get(LABEL) == versions.current for pod in pods)
        if updated == count.ready == wanted == count.living:
            versions, present = Versions(versions.update, versions.update), updated
            self._lineage.prune(owner, {versions.update})
        counts = {"readyReplicas": count.ready, "currentReplicas": present, "updatedReplicas": updated}
        status = {
            "observedGeneration": owner["metadata"]["generation"],
            "replicas": count.living,
            **{name: value for name, value in counts.items() if value},
            "availableReplicas": available(self._plane, STATEFULSET, owner),
            "currentRevision": versions.current,
            "updateRevision": versions.update,
            "collisionCount": 0,
        }
        self._plane.registry.set_status(STATEFULSET, owner, status)


def _ordinals(owner: Object) -> range:
    start = dig(owner, "spec", "ordinals", "start", default=0)
    return range(start, start + owner["spec"]["replicas"])


def _ordinal(pod: Object) -> int:
    end = name_of(pod).rsplit("-", 1)[-1]
    return int(end) if end.isdecimal() else -1


def _partition(owner: Object) -> int:
    return int(dig(owner, "spec", "updateStrategy", "rollingUpdate", "partition", default=0))
