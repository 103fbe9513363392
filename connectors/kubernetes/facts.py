"""Facts of Kubernetes objects: how each is read, and the patch that sets it. Pure.

``replicas`` is a Deployment's, StatefulSet's or Rollout's; ``hpa.min``, ``hpa.max``, ``hpa.cpu`` (percent of the
request) and ``hpa.scale_down`` are an autoscaler's. ``hpa.scale_down`` is a word where a word says it all:
"default" is no behaviour at all, "disabled" one that never scales down, anything else is the behaviour as compact JSON.
``scaledobject.min`` and ``scaledobject.max`` are KEDA's bounds; ``scaledobject.paused`` is read and never set here:
false, true, or the number of replicas that it is held at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from connectors.kubernetes.argo_rollouts import Rollout
from connectors.kubernetes.keda import ScaledObject
from connectors.kubernetes.marks import Entry
from connectors.kubernetes.objects import Autoscaler, Json, Workload
from console.model.change import FactValue

DEFAULT = "default"
DISABLED = "disabled"
Thing = Workload | Autoscaler | ScaledObject | Rollout

WORKLOAD_FACTS = ("replicas",)
AUTOSCALER_FACTS = ("hpa.min", "hpa.max", "hpa.cpu", "hpa.scale_down")
SCALED_OBJECT_FACTS = ("scaledobject.min", "scaledobject.max", "scaledobject.paused")

MANAGED = {
    "replicas": "f:replicas",
    "hpa.min": "f:minReplicas",
    "hpa.max": "f:maxReplicas",
    "hpa.cpu": "f:metrics",
    "hpa.scale_down": "f:behavior",
    "scaledobject.min": "f:minReplicaCount",
    "scaledobject.max": "f:maxReplicaCount",
}
"""Where managedFields names the last writer of a fact, below ``f:spec``."""


class BadFact(Exception):
    """The object has no such fact, or the value is not one of it. One line for a person."""


def value_of(thing: Thing, fact: str) -> FactValue:
    """The fact as it stands; None where it is absent (no CPU target); BadFact where the object has no such fact."""
    read = _READ.get((type(thing), fact))
    if read is None:
        raise BadFact(f"{thing.metadata.name} has no fact {fact!r}")
    return read(thing)


def spec_patch(thing: Thing, fact: str, value: FactValue) -> Json:
    """The merge-patch of ``spec`` that sets the fact; BadFact where the value is none of it."""
    match fact:
        case "replicas":
            return {"replicas": _whole(fact, value, 0)}
        case "hpa.min":
            return {"minReplicas": _whole(fact, value, 0)}  # 0 where the cluster has HPAScaleToZero; else it refuses
        case "hpa.max":
            return {"maxReplicas": _whole(fact, value, 1)}
        case "scaledobject.min":
            return {"minReplicaCount": _whole(fact, value, 0)}
        case "scaledobject.max":
            return {"maxReplicaCount": _whole(fact, value, 1)}
        case "scaledobject.paused":
            raise BadFact(f"{fact} is an annotation that is read here and not set")
    if not isinstance(thing, Autoscaler):
        raise BadFact(f"{thing.metadata.name} has no fact {fact!r}")
    if fact == "hpa.cpu":
        return {"metrics": _metrics_with(thing, _whole(fact, value, 1))}
    return {"behavior": _behavior_patch(thing.spec.behavior, value)}


def raw_before(thing: Thing, fact: str) -> dict[str, Any] | msgspec.UnsetType:
    """What undo needs beyond the word: the behaviour behind a "disabled" that somebody else had made."""
    if fact == "hpa.scale_down" and isinstance(thing, Autoscaler) and value_of(thing, fact) == DISABLED:
        return thing.spec.behavior or msgspec.UNSET
    return msgspec.UNSET


def restore_patch(thing: Thing, entry: Entry) -> Json:
    """The merge-patch of ``spec`` that puts back exactly what the mark says was there."""
    if isinstance(thing, Autoscaler) and isinstance(entry.raw, dict):
        return {"behavior": _difference(thing.spec.behavior or {}, entry.raw)}
    return spec_patch(thing, entry.fact, entry.before)


def same(one: FactValue, other: FactValue) -> bool:
    """Equal, and not merely so: True is not 1 here."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _scale_down(behavior: Json | None) -> str:
    if not behavior:
        return DEFAULT
    if (behavior.get("scaleDown") or {}).get("selectPolicy") == "Disabled":
        return DISABLED
    return json.dumps(behavior, sort_keys=True, separators=(",", ":"))


def _behavior_patch(now: Json | None, value: FactValue) -> Json | None:
    """What turns the behaviour into ``value``. "disabled" is laid over it, so own scale-up policies stay."""
    if value == DEFAULT:
        return None
    if value == DISABLED:
        return {"scaleDown": {"selectPolicy": "Disabled"}}
    try:
        wanted = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict) or not wanted:
        raise BadFact(f'hpa.scale_down is "{DEFAULT}", "{DISABLED}" or a behaviour in JSON, not {value!r}')
    return _difference(now or {}, wanted)


def _difference(now: Json, wanted: Json) -> Json:
    """The merge-patch (RFC 7396) that turns ``now`` into exactly ``wanted``."""
    patch: Json = {key: None for key in now if key not in wanted}
    for key, value in wanted.items():
        here = now.get(key)
        if isinstance(value, dict) and isinstance(here, dict):
            patch[key] = _difference(here, value)
        elif here != value:
            patch[key] = value
    return patch


def _least(thing: Autoscaler) -> int:
    return 1 if thing.spec.min_replicas is None else thing.spec.min_replicas  # the API's own default


def _is_cpu(metric: Json) -> bool:
    resource = metric.get("resource") or {}
    return metric.get("type") == "Resource" and resource.get("name") == "cpu"


def _cpu_target(thing: Autoscaler) -> int | None:
    for metric in thing.spec.metrics or ():
        if _is_cpu(metric):
            target = metric["resource"].get("target") or {}
            value = target.get("averageUtilization")
            return value if isinstance(value, int) else None
    return None


def _metrics_with(thing: Autoscaler, percent: int) -> list[Json]:
    """All metrics, the CPU target changed: a merge-patch replaces lists whole."""
    if _cpu_target(thing) is None:
        raise BadFact(f"{thing.metadata.name} has no CPU utilisation target to set")
    return [_with_target(metric, percent) if _is_cpu(metric) else metric for metric in thing.spec.metrics or ()]


def _with_target(metric: Json, percent: int) -> Json:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {**metric, "resource": {**metric["resource"], "target": target}}


def _whole(fact: str, value: FactValue, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadFact(f"{fact} is a whole number of at least {least}, not {value!r}")
    return value


_READ: Mapping[tuple[type, str], Callable[[Any], FactValue]] = {
    (Workload, "replicas"): lambda one: one.spec.replicas,
    (Rollout, "replicas"): lambda one: one.replicas,
    (Autoscaler, "hpa.min"): _least,
    (Autoscaler, "hpa.max"): lambda one: one.spec.max_replicas,
    (Autoscaler, "hpa.cpu"): _cpu_target,
    (Autoscaler, "hpa.scale_down"): lambda one: _scale_down(one.spec.behavior),
    (ScaledObject, "scaledobject.min"): lambda one: one.least,
    (ScaledObject, "scaledobject.max"): lambda one: one.most,
    (ScaledObject, "scaledobject.paused"): lambda one: one.paused,
}
"""How each fact is read."""
