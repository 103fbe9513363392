"""The deployment controller: a deployment becomes replica sets, one for each template it has had.

It takes one deployment, looks at what there is, does the one next thing and writes the status. It runs again whenever
something under the deployment changed, so nothing here waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.simulator.kubernetes import progress, revisions, sizes
from connectors.simulator.kubernetes.conditions import settled
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, POD, REPLICASET
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.progress import Counts
from connectors.simulator.kubernetes.revisions import DESIRED, MOST, REVISION
from connectors.simulator.kubernetes.sizes import Bounds, Group

_COMPONENT = "deployment-controller"


@dataclass(frozen=True, slots=True)
class Stand:
    """A deployment and its replica sets. ``new`` has the present template; None while a paused rollout has none."""

    deployment: Object
    new: Object | None
    old: tuple[Object, ...]  # oldest first
    made: bool = False  # ``new`` was created in this very look

    @property
    def groups(self) -> tuple[Object, ...]:
        return (*self.old, self.new) if self.new else self.old


class Rollout:
    """Reconciles one deployment at a time."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._progressed: dict[str, float] = {}  # deployment uid -> simulated second of the last move

    def reconcile(self, deployment: Object) -> None:
        """Moves its replica sets towards the wanted count and template, and says how far they are. Raises Refusal."""
        stand = self._look(deployment)
        for name, size in self._next(stand).items():
            group = next(item for item in stand.groups if name_of(item) == name)
            self._resize(stand.deployment, group, size)
        self._say(stand)

    def forget(self, deployment: Object) -> None:
        """It was deleted."""
        self._progressed.pop(deployment["metadata"]["uid"], None)

    def _look(self, deployment: Object) -> Stand:
        code = revisions.template_hash(deployment["spec"]["template"])
        groups = sorted(self._plane.family.living(deployment, REPLICASET), key=_age)
        new = next((group for group in groups if labels_of(group).get(revisions.HASH) == code), None)
        old = tuple(group for group in groups if group is not new)
        revision = max(map(revisions.revision_of, old), default=0) + 1
        if new is None:
            return self._begin(deployment, code, old, revision)
        inherited = revisions.inherited(deployment)
        if revisions.revision_of(new) < revision:
            inherited |= revisions.renewed(new, revision)
        new = self._plane.annotate(REPLICASET, new, inherited)
        return Stand(self._revised(deployment, new), new, old)

    def _begin(self, deployment: Object, code: str, old: tuple[Object, ...], revision: int) -> Stand:
        """A rollout of a template that no replica set has; a paused one is not begun."""
        if dig(deployment, "spec", "paused"):
            return Stand(deployment, None, old)
        annotations = {**revisions.inherited(deployment), REVISION: str(revision), **_sized(deployment)}
        new = self._plane.registry.create(REPLICASET, revisions.group_of(deployment, code, annotations))
        self._progressed[deployment["metadata"]["uid"]] = self._plane.now()
        return Stand(self._revised(deployment, new), new, old, made=True)

    def _revised(self, deployment: Object, new: Object) -> Object:
        return self._plane.annotate(DEPLOYMENT, deployment, {REVISION: str(revisions.revision_of(new))})

    def _next(self, stand: Stand) -> sizes.Sizes:
        limits = bounds_of(stand.deployment)
        new, old = self._group(stand.new) if stand.new else None, [self._group(group) for group in stand.old]
        if self._rescaled(stand):
            found = sizes.proportioned(limits, new, old)
            for group in stand.groups:
                if group["spec"]["replicas"] and name_of(group) not in found:
                    self._plane.annotate(REPLICASET, group, _sized(stand.deployment))
            return found
        if new is None or dig(stand.deployment, "spec", "paused"):
            return {}
        if dig(stand.deployment, "spec", "strategy", "type") == "Recreate":
            return sizes.recreated(limits.wanted, new, old, self._running(stand.old))
        return sizes.rolled(limits, new, old)

    def _rescaled(self, stand: Stand) -> bool:
        """Whether the wanted count has changed since the replica sets that have pods were sized."""
        wanted = str(stand.deployment["spec"]["replicas"])
        return any(
            group["spec"]["replicas"] and revisions.annotation(group, DESIRED) not in ("", wanted)
            for group in stand.groups
        )

    def _running(self, old: Sequence[Object]) -> bool:
        return any(self._plane.family.children(group, POD) for group in old)

    def _group(self, group: Object) -> Group:
        most = revisions.annotation(group, MOST)
        available = dig(group, "status", "availableReplicas", default=0)
        return Group(name_of(group), group["spec"]["replicas"], available, int(most) if most.isdecimal() else 0)

    def _resize(self, deployment: Object, group: Object, size: int) -> None:
        before, sized = group["spec"]["replicas"], _sized(deployment)
        annotations = {**dig(group, "metadata", "annotations", default={}), **sized}
        self._plane.edit(
            REPLICASET,
            group,
            lambda stored: {
                **stored,
                "metadata": {**stored["metadata"], "annotations": annotations},
                "spec": {**stored["spec"], "replicas": size},
            },
        )
        word = "up" if size > before else "down"
        message = f"Scaled {word} replica set {name_of(group)} from {before} to {size}"
        self._plane.recorder.say(deployment, _COMPONENT, "ScalingReplicaSet", message)

    def _say(self, stand: Stand) -> None:
        deployment, uid, now = stand.deployment, stand.deployment["metadata"]["uid"], self._plane.now()
        counts = _counted(stand)
        moved = counts.moved_on(progress.counts_of(deployment))
        if moved or uid not in self._progressed:
            self._progressed[uid] = now
        late = now >= progress.overdue_at(deployment, self._progressed[uid])
        group = name_of(stand.new) if stand.new else ""
        wanted = [
            progress.available(deployment, counts, bounds_of(deployment).floor),
            *progress.progressing(deployment, counts, group, stand.made, late),
            *_failures(stand),
        ]
        conditions = settled(deployment, wanted, self._plane.stamp(), updates=True)
        status = {
            "observedGeneration": deployment["metadata"]["generation"],
            **counts.fields(),
            "conditions": conditions,
        }
        after = self._plane.registry.set_status(DEPLOYMENT, deployment, status)
        if counts.complete(deployment["spec"]["replicas"]):
            self._prune(deployment, stand.old)
        due = progress.overdue_at(after, self._progressed[uid])
        if due != float("inf"):
            self._plane.worklist.alarm(DEPLOYMENT, deployment, due)

    def _prune(self, deployment: Object, old: Sequence[Object]) -> None:
        """Keeps as many empty replica sets as the revision history wants."""
        empty = [group for group in old if not group["spec"]["replicas"] and not dig(group, "status", "replicas")]
        surplus = len(empty) - deployment["spec"]["revisionHistoryLimit"]
        for group in sorted(empty, key=revisions.revision_of)[: max(0, surplus)]:
            self._plane.delete(REPLICASET, group)


def bounds_of(deployment: Object) -> Bounds:
    """How far a rolling update of it may go; ``Recreate`` has no bounds to keep."""
    wanted = deployment["spec"]["replicas"]
    if dig(deployment, "spec", "strategy", "type") == "Recreate":
        return Bounds(wanted, 0, 0)
    rolling = dig(deployment, "spec", "strategy", "rollingUpdate", default={})
    return sizes.bounds(wanted, rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"))


def _sized(deployment: Object) -> dict[str, str]:
    limits = bounds_of(deployment)
    return {DESIRED: str(limits.wanted), MOST: str(limits.wanted + limits.surge)}


def _counted(stand: Stand) -> Counts:
    def sum_of(name: str, groups: Sequence[Object]) -> int:
        return sum(dig(group, "status", name, default=0) for group in groups)

    new = (stand.new,) if stand.new else ()
    return Counts(
        sum_of("replicas", stand.groups),
        sum_of("replicas", new),
        sum_of("readyReplicas", stand.groups),
        sum_of("availableReplicas", stand.groups),
        sum(group["spec"]["replicas"] for group in stand.groups),
    )


def _failures(stand: Stand) -> list[Object]:
    """The first ReplicaFailure of its replica sets, the newest one's before others'."""
    for group in reversed(stand.groups):
        for item in dig(group, "status", "conditions", default=[]):
            if item.get("type") == "ReplicaFailure" and item.get("status") == "True":
                return [{name: item[name] for name in ("type", "status", "reason", "message") if name in item}]
    return []


def _age(group: Object) -> tuple[str, int]:
    return group["metadata"]["creationTimestamp"], revisions.revision_of(group)
