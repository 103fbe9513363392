"""Revisions of a deployment, kept as annotations of its replica sets: what ``kubectl rollout history`` reads."""

from __future__ import annotations

import msgspec

from connectors.simulator.kubernetes.identity import fingerprint
from connectors.simulator.kubernetes.objects import Object, copied, dig, labels_of, name_of, namespace_of, owned_by

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = (REVISION, HISTORY, DESIRED, MOST, "kubectl.kubernetes.io/last-applied-configuration")


def template_hash(template: Object) -> str:
    """The code that a template's replica set (or revision) bears in its name."""
    return fingerprint(msgspec.json.encode(template, order="deterministic").decode())


def revision_of(group: Object) -> int:
    """Its revision; 0 for one that has none."""
    text = annotation(group, REVISION)
    return int(text) if text.isdecimal() else 0


def annotation(obj: Object, name: str) -> str:
    return str(dig(obj, "metadata", "annotations", default={}).get(name, ""))


def inherited(deployment: Object) -> dict[str, str]:
    """Annotations that a replica set takes over from its deployment: the cause of a change, for one."""
    annotations: dict[str, str] = dig(deployment, "metadata", "annotations", default={})
    return {name: value for name, value in annotations.items() if name not in _NOT_COPIED}


def renewed(group: Object, revision: int) -> dict[str, str]:
    """The annotations of a set that becomes the newest revision; those it had before are kept in its history."""
    before, past = annotation(group, REVISION), annotation(group, HISTORY)
    if not before or before == str(revision):
        return {REVISION: str(revision)}
    return {REVISION: str(revision), HISTORY: f"{past},{before}" if past else before}


def group_of(deployment: Object, code: str, annotations: dict[str, str]) -> Object:
    """A new replica set without pods, for the deployment's template."""
    template = copied(deployment["spec"]["template"])
    labels = {**labels_of(template), HASH: code}
    template.setdefault("metadata", {})["labels"] = labels
    selector = copied(deployment["spec"]["selector"])
    selector["matchLabels"] = {**selector.get("matchLabels", {}), HASH: code}
    spec = {"replicas": 0, "selector": selector, "template": template}
    if wait := dig(deployment, "spec", "minReadySeconds"):
        spec["minReadySeconds"] = wait
    return {
        "metadata": {
            "name": f"{name_of(deployment)}-{code}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": owned_by(deployment),
        },
        "spec": spec,
    }
