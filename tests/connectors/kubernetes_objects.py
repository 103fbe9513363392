"""Objects as an API server has them, for tests of what is made of them: the least of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.failure import Failed
from connectors.kubernetes.estate import observed
from connectors.kubernetes.read import Reading
from connectors.kubernetes.resources import EVERYWHERE, READ, Listed
from console.model.snapshot import Observed

Json = dict[str, Any]
NOW = 1_760_000_000.0
"""Of the readings: 2025-10-09T08:53:20Z."""


def stamp(seconds_ago: float) -> str:
    """RFC 3339, as the API writes it."""
    return datetime.fromtimestamp(NOW - seconds_ago, UTC).isoformat().replace("+00:00", "Z")


def obj(name: str, spec: Json | None = None, status: Json | None = None, **metadata: Any) -> Json:
    return {"metadata": {"name": name, "namespace": "shop", **metadata}, "spec": spec or {}, "status": status or {}}


def selector(name: str) -> Json:
    return {"matchLabels": {"app": name}}


def template(**resources: Json) -> Json:
    return {"spec": {"containers": [{"name": "main", "image": "a:1", "resources": resources}]}}


def condition(type_: str, status: str, reason: str = "", message: str = "", ago: float = 60.0) -> Json:
    told = {"type": type_, "status": status, "reason": reason, "message": message}
    return {**told, "lastTransitionTime": stamp(ago)}


def deployment(name: str, replicas: int = 4, **spec: Any) -> Json:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    return obj(name, {"replicas": replicas, "selector": selector(name), "template": template(), **spec}, counts)


def warning(kind: str, name: str, reason: str, message: str = "", ago: float = 30.0, **more: Any) -> Json:
    about = {"kind": kind, "name": name, "namespace": "shop"}
    told = {"involvedObject": about, "reason": reason, "message": message, "type": "Warning"}
    metadata = {"name": f"{name}.{reason}", "namespace": "shop"}
    return {"metadata": metadata, **told, "lastTimestamp": stamp(ago), "count": 3, **more}


def seen(objects: Mapping[str, list[Json]], failed: Mapping[str, Failed] | None = None) -> dict[str, Observed]:
    """What a reading makes of these objects, by plural; every kind that is read and not named has none."""
    failed = failed or {}
    listed = []
    for resource in READ:
        name = resource.name if resource.name in {*objects, *failed} else resource.plural
        items = () if resource.group == "metrics.k8s.io" and name == "nodes" else objects.get(name, ())
        decoded = tuple(msgspec.json.decode(msgspec.json.encode(one), type=resource.type) for one in items)
        namespace = "shop" if resource.namespaced else EVERYWHERE
        listed.append(Listed(resource, namespace, decoded, failed.get(name), NOW))
    return {one.id.split("/", 1)[1]: one for one in observed(listed, Reading("kubernetes", NOW))}


def values(one: Observed) -> dict[str, float | None]:
    return {signal.name: signal.value for signal in one.signals}


def note(one: Observed, signal: str) -> str:
    return next(each.note for each in one.signals if each.name == signal)
