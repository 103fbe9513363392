"""The deployment and replica set controllers: a deployment becomes replica sets, a replica set becomes pods.

Each takes one object, looks at what there is, does the one next thing, and writes the status. They run again
whenever something under them changed, so nothing here waits.
"""

from __future__ import annotations

import math

import msgspec

from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.family import Family, is_ready
from connectors.simulator.kubernetes.identity import fingerprint
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, POD, REPLICASET
from connectors.simulator.kubernetes.objects import Object, copied, dig, labels_of, name_of, namespace_of, owned_by
from connectors.simulator.kubernetes.quotas import room_for_pods
from connectors.simulator.kubernetes.registry import Registry

_HASH = "pod-template-hash"


class Workloads:
    """Reconciles one deployment or replica set at a time."""

    def __init__(self, registry: Registry, family: Family, recorder: Recorder) -> None:
        self._registry = registry
        self._family = family
        self._recorder = recorder

    def deployment(self, deployment: Object) -> None:
        """Moves its replica sets towards the wanted count and template, and says how far they are."""
        current = self._current(deployment)
        if current is None:
            return
        others = [
            group for group in self._family.children(deployment, REPLICASET) if name_of(group) != name_of(current)
        ]
        sizes = rollout(deployment, current, others)
        for group in (current, *others):
            self._resize(deployment, group, sizes[name_of(group)])
        self._forget(deployment, others)
        self._registry.set_status(DEPLOYMENT, deployment, self._status(deployment, current))

    def replicaset(self, group: Object) -> None:
        """Adds or deletes pods until there are as many as wanted."""
        pods = self._family.living(group, POD)
        missing = group["spec"]["replicas"] - len(pods)
        for _ in range(missing):
            if not self._add_pod(group):
                break
        for pod in sorted(pods, key=_last_to_go, reverse=True)[: max(0, -missing)]:
            self._registry.delete(POD, namespace_of(pod), name_of(pod))
            self._recorder.say(group, "replicaset-controller", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        self._registry.set_status(REPLICASET, group, _group_status(group, self._family.living(group, POD)))

    def _current(self, deployment: Object) -> Object | None:
        """The replica set of the present template, made where there is none; a paused rollout makes none."""
        template = deployment["spec"]["template"]
        code = fingerprint(msgspec.json.encode(template, order="deterministic").decode())
        groups = self._family.children(deployment, REPLICASET)
        for group in groups:
            if labels_of(group).get(_HASH) == code:
                return group
        if dig(deployment, "spec", "paused"):
            return groups[-1] if groups else None
        return self._registry.create(REPLICASET, _group(deployment, code, len(groups) + 1))

    def _resize(self, deployment: Object, group: Object, size: int) -> None:
        before = group["spec"]["replicas"]
        if before == size:
            return
        spec = {**group["spec"], "replicas": size}
        self._registry.update(REPLICASET, namespace_of(group), name_of(group), lambda obj: {**obj, "spec": spec})
        word = "up" if size > before else "down"
        message = f"Scaled {word} replica set {name_of(group)} from {before} to {size}"
        self._recorder.say(deployment, "deployment-controller", "ScalingReplicaSet", message)

    def _forget(self, deployment: Object, others: list[Object]) -> None:
        """Keeps as many empty replica sets as the revision history wants."""
        empty = [group for group in others if not group["spec"]["replicas"] and not dig(group, "status", "replicas")]
        limit = deployment["spec"]["revisionHistoryLimit"]
        for group in empty[: max(0, len(empty) - limit)]:
            self._registry.delete(REPLICASET, namespace_of(group), name_of(group))

    def _add_pod(self, group: Object) -> bool:
        if not room_for_pods(self._registry.store, namespace_of(group)):
            message = f'Error creating: pods "{name_of(group)}-" is forbidden: exceeded quota'
            self._recorder.say(group, "replicaset-controller", "FailedCreate", message, kind="Warning")
            return False
        template = copied(group["spec"]["template"])
        metadata = {
            **template.get("metadata", {}),
            "generateName": f"{name_of(group)}-",
            "namespace": namespace_of(group),
        }
        metadata["ownerReferences"] = owned_by(group)
        pod = self._registry.create(POD, {**template, "metadata": metadata})
        self._recorder.say(group, "replicaset-controller", "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        return True

    def _status(self, deployment: Object, current: Object) -> Object:
        pods = self._family.pods(deployment)
        ready = sum(map(is_ready, pods))
        wanted = deployment["spec"]["replicas"]
        counts = {
            "replicas": len(pods),
            "updatedReplicas": len(self._family.living(current, POD)),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "unavailableReplicas": max(0, wanted - ready),
        }
        stamp = self._registry.times.stamp()
        found = settled(deployment, _deployment_conditions(deployment, name_of(current), counts), stamp, updates=True)
        status = {"observedGeneration": deployment["metadata"]["generation"], "conditions": found}
        return {**status, **{key: value for key, value in counts.items() if value}}


def rollout(deployment: Object, current: Object, others: list[Object]) -> dict[str, int]:
    """The sizes of a deployment's replica sets, next: one step of a rolling update, or a plain scale.

    At most ``maxSurge`` pods above the wanted count exist, at most ``maxUnavailable`` below it are not ready.
    """
    wanted = deployment["spec"]["replicas"]
    rolling = dig(deployment, "spec", "strategy", "rollingUpdate", default={})
    surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
    floor = wanted - _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    old = sum(group["spec"]["replicas"] for group in others)
    size = min(wanted, max(0, wanted + surge - old)) if old else wanted
    sizes = {name_of(current): max(size, min(current["spec"]["replicas"], wanted))}
    available = sum(dig(group, "status", "readyReplicas", default=0) for group in (current, *others))
    spare = max(0, available - floor)
    for group in others:
        replicas = group["spec"]["replicas"]
        unready = max(0, replicas - dig(group, "status", "readyReplicas", default=0))
        cut = min(replicas, unready + spare)
        spare -= max(0, cut - unready)
        sizes[name_of(group)] = replicas - cut
    return sizes


def _share(value: object, total: int, up: bool) -> int:
    """An ``IntOrString``: a count, or a percentage rounded up (surge) or down (unavailable)."""
    if isinstance(value, int):
        return value
    text = str(value).rstrip("%")
    part = total * (int(text) if text.isdecimal() else 25) / 100
    return math.ceil(part) if up else math.floor(part)


def _group(deployment: Object, code: str, revision: int) -> Object:
    template = copied(deployment["spec"]["template"])
    labels = {**labels_of(template), _HASH: code}
    template.setdefault("metadata", {})["labels"] = labels
    selector = copied(deployment["spec"]["selector"])
    selector["matchLabels"] = {**selector.get("matchLabels", {}), _HASH: code}
    return {
        "metadata": {
            "name": f"{name_of(deployment)}-{code}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": owned_by(deployment),
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    }


def _group_status(group: Object, pods: list[Object]) -> Object:
    ready = sum(map(is_ready, pods))
    status = {"observedGeneration": group["metadata"]["generation"], "replicas": len(pods)}
    counts = {"fullyLabeledReplicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}
    return {**status, **{key: value for key, value in counts.items() if value}}


def _deployment_conditions(deployment: Object, group: str, counts: dict[str, int]) -> list[Object]:
    wanted = deployment["spec"]["replicas"]
    unavailable = dig(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable", default="25%")
    enough = counts["availableReplicas"] >= wanted - _share(unavailable, wanted, up=False)
    complete = counts["updatedReplicas"] == counts["availableReplicas"] == wanted
    available = (
        condition("Available", True, "MinimumReplicasAvailable", "Deployment has minimum availability.")
        if enough
        else condition(
            "Available", False, "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
        )
    )
    progressing = (
        condition("Progressing", True, "NewReplicaSetAvailable", f'ReplicaSet "{group}" has successfully progressed.')
        if complete
        else condition("Progressing", True, "ReplicaSetUpdated", f'ReplicaSet "{group}" is progressing.')
    )
    return [available, progressing]


def _last_to_go(pod: Object) -> tuple[int, str, int]:
    """Who goes first has the largest: not ready before ready, then the youngest, then the last one made."""
    return (0 if is_ready(pod) else 1, pod["metadata"]["creationTimestamp"], int(pod["metadata"]["resourceVersion"]))
