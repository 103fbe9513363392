"""What a deployment says of itself: its counts and the conditions that ``kubectl rollout status`` waits for.

Source: ``pkg/controller/deployment/progress.go`` and the documentation of a deployment's status.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes.conditions import condition
from connectors.simulator.kubernetes.objects import Object, dig

NO_DEADLINE = 2**31 - 1
_DONE, _LATE, _PAUSED = "NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"


@dataclass(frozen=True, slots=True)
class Counts:
    """Pods over all replica sets, and of the one with the present template."""

    total: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    asked: int = 0  # of the replica sets, whether or not there is room for them

    def fields(self) -> Object:
        """As status fields; Go omits those that are 0."""
        named = {
            "replicas": self.total,
            "updatedReplicas": self.updated,
            "readyReplicas": self.ready,
            "availableReplicas": self.available,
            "unavailableReplicas": max(0, self.asked - self.available),
        }
        return {name: value for name, value in named.items() if value}

    def moved_on(self, before: Counts) -> bool:
        """Whether a rollout came nearer to its end."""
        fewer_old = self.total - self.updated < before.total - before.updated
        return (
            fewer_old or self.updated > before.updated or self.ready > before.ready or self.available > before.available
        )

    def complete(self, wanted: int) -> bool:
        """Every pod is of the present template and available."""
        return self.updated == self.total == self.available == wanted


def counts_of(deployment: Object) -> Counts:
    """The counts that its status has now."""
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return Counts(*(dig(deployment, "status", name, default=0) for name in names))


def deadline(deployment: Object) -> int | None:
    """Seconds without progress after which a rollout counts as failed; None for one that never does."""
    seconds = dig(deployment, "spec", "progressDeadlineSeconds", default=NO_DEADLINE)
    return None if seconds == NO_DEADLINE else int(seconds)


def overdue_at(deployment: Object, progressed: float) -> float:
    """The simulated second at which a rollout that last moved at ``progressed`` is late; infinity: it never is."""
    seconds = deadline(deployment)
    waiting = reason_of(deployment) not in (_DONE, _LATE, _PAUSED)
    return progressed + seconds if seconds is not None and waiting else float("inf")


def reason_of(deployment: Object) -> str:
    """Why its Progressing condition is as it is; "" without one."""
    return str(_present(deployment, "Progressing").get("reason", ""))


def available(deployment: Object, counts: Counts, floor: int) -> Object:
    """The Available condition."""
    if counts.available >= floor:
        return condition("Available", True, "MinimumReplicasAvailable", "Deployment has minimum availability.")
    why = "Deployment does not have minimum availability."
    return condition("Available", False, "MinimumReplicasUnavailable", why)


def progressing(deployment: Object, counts: Counts, group: str, made: bool, late: bool) -> list[Object]:
    """The Progressing condition, or none where there is no deadline.

    ``made``: the replica set ``group`` was created just now. ``late``: the deadline has passed without a move.
    """
    before = _present(deployment, "Progressing")
    if deadline(deployment) is None:
        return []
    if dig(deployment, "spec", "paused"):
        return [_unknown(_PAUSED, "Deployment is paused")]
    if before.get("reason") == _DONE and counts.total == counts.updated and not made:
        return [_kept(before)]
    if counts.complete(deployment["spec"]["replicas"]):
        return [_said(True, _DONE, f'ReplicaSet "{group}" has successfully progressed.')]
    if made:
        return [_said(True, "NewReplicaSetCreated", f'Created new replica set "{group}"')]
    if counts.moved_on(counts_of(deployment)):
        return [_said(True, "ReplicaSetUpdated", f'ReplicaSet "{group}" is progressing.')]
    if late or before.get("reason") == _LATE:
        return [_said(False, _LATE, f'ReplicaSet "{group}" has timed out progressing.')]
    return [_waiting(before, group)]


def _waiting(before: Object, group: str) -> Object:
    if before.get("reason") == _PAUSED:
        return _unknown("DeploymentResumed", "Deployment is resumed")
    if before.get("reason") == _DONE:  # the template went back to one whose replica set still stood
        return _said(True, "FoundNewReplicaSet", f'Found new replica set "{group}"')
    return _kept(before) if before else _said(True, "ReplicaSetUpdated", f'ReplicaSet "{group}" is progressing.')


def _said(holds: bool, reason: str, message: str) -> Object:
    return condition("Progressing", holds, reason, message)


def _unknown(reason: str, message: str) -> Object:
    return {"type": "Progressing", "status": "Unknown", "reason": reason, "message": message}


def _kept(before: Object) -> Object:
    return {name: before[name] for name in ("type", "status", "reason", "message") if name in before}


def _present(deployment: Object, name: str) -> Object:
    conditions: list[Object] = dig(deployment, "status", "conditions", default=[])
    return next((item for item in conditions if item.get("type") == name), {})
