"""The replica set controller: as many pods as wanted, no more, no fewer."""

from __future__ import annotations

from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.kinds import POD, REPLICASET, Kind
from connectors.simulator.kubernetes.objects import Object, dig, name_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.tally import is_active

BURST = 500  # pods that one look makes or deletes at most (BurstReplicas of the controller)
RETRY_SECONDS = 15  # after a refusal; the real back-off grows, and anything that changes below tries again at once
_COMPONENT = "replicaset-controller"
_FAILED = "ReplicaFailure"
_COST = "controller.kubernetes.io/pod-deletion-cost"


class ReplicaSets:
    """Reconciles one replica set at a time."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def reconcile(self, group: Object) -> None:
        """Adds or deletes pods until there are as many as wanted."""
        missing = group["spec"]["replicas"] - self._plane.tally.of(group).living
        failure: list[Object] = []
        if missing > 0:
            failure = self._grow(group, min(missing, BURST))
        elif missing < 0:
            self._shrink(group, min(-missing, BURST))
        conditions = settled(group, _lasting(group, failure), self._plane.stamp())
        self._plane.registry.set_status(REPLICASET, group, self._status(group, conditions))

    def _grow(self, group: Object, missing: int) -> list[Object]:
        """The pods that are missing, or the condition that says why there are none."""
        for _ in range(missing):
            try:
                pod = self._plane.pod(group, group["spec"]["template"])
            except Refusal as refused:
                return [self._refused(group, refused)]
            self._plane.recorder.say(group, _COMPONENT, "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        return []

    def _refused(self, group: Object, refused: Refusal) -> Object:
        self._plane.recorder.say(group, _COMPONENT, "FailedCreate", f"Error creating: {refused}", kind="Warning")
        self._plane.worklist.alarm(REPLICASET, group, self._plane.now() + RETRY_SECONDS)
        return condition(_FAILED, True, "FailedCreate", str(refused))

    def _shrink(self, group: Object, surplus: int) -> None:
        pods = [pod for pod in self._plane.family.children(group, POD) if is_active(pod)]
        crowd: dict[str, int] = {}
        for pod in pods:
            node = str(dig(pod, "spec", "nodeName", default=""))
            crowd[node] = crowd.get(node, 0) + 1
        order = sorted(pods, key=lambda pod: self._last_to_go(pod, crowd))
        for pod in order[:surplus]:
            self._plane.delete(POD, pod)
            self._plane.recorder.say(group, _COMPONENT, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _last_to_go(self, pod: Object, crowd: dict[str, int]) -> tuple[object, ...]:
        """Who goes first has the smallest (``ActivePodsWithRanks``): unbound, pending, not ready, cheap to delete, on a
        crowded node, ready for the shortest time, restarted often, young."""
        node = str(dig(pod, "spec", "nodeName", default=""))
        cost = str(dig(pod, "metadata", "annotations", default={}).get(_COST, "0"))
        since = self._plane.tally.ready_since(pod)
        restarts = sum(item.get("restartCount", 0) for item in dig(pod, "status", "containerStatuses", default=[]))
        return (
            bool(node),
            dig(pod, "status", "phase") == "Running",
            since is not None,
            int(cost) if cost.removeprefix("-").isdecimal() else 0,
            -crowd[node],
            -(since or 0.0),
            -restarts,
            tuple(-ord(letter) for letter in pod["metadata"]["creationTimestamp"]),
            name_of(pod),
        )

    def _status(self, group: Object, conditions: list[Object]) -> Object:
        count = self._plane.tally.of(group)
        counts = {
            "fullyLabeledReplicas": count.living,
            "readyReplicas": count.ready,
            "availableReplicas": available(self._plane, REPLICASET, group),
        }
        status = {"observedGeneration": group["metadata"]["generation"], "replicas": count.living}
        status |= {key: value for key, value in counts.items() if value}
        return {**status, "conditions": conditions} if conditions else status


def _lasting(group: Object, failure: list[Object]) -> list[Object]:
    """The failure that is on record already, where there is one: the real controller writes it once, too.

    Each refusal names another pod. Were each written, each would be a change to look at, and the next try at once.
    """
    known = [item for item in dig(group, "status", "conditions", default=[]) if item["type"] == _FAILED]
    return (known or failure) if failure else []


def available(plane: Plane, kind: Kind, owner: Object) -> int:
    """Pods that have been ready for ``minReadySeconds``; looks again when the next one will have been."""
    wait = dig(owner, "spec", "minReadySeconds", default=0)
    count = plane.tally.of(owner)
    if not wait:
        return count.ready
    pods = [pod for pod in plane.family.children(owner, POD) if is_active(pod)]
    ages = [plane.now() - since for pod in pods if (since := plane.tally.ready_since(pod)) is not None]
    fresh = [age for age in ages if age < wait]
    if fresh:
        plane.worklist.alarm(kind, owner, plane.now() + wait - max(fresh))
    return len(ages) - len(fresh)
