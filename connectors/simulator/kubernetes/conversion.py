"""One HorizontalPodAutoscaler, two views: stored as autoscaling/v2, shown as v1 to who asks for that.

What v1 has no field for travels in annotations, under the names that the real server uses, so that a v1 client's
read-modify-write loses nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.simulator.kubernetes.kinds import HPA, Kind
from connectors.simulator.kubernetes.objects import Object, dig

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_BEHAVIOR, _METRICS = _PREFIX + "behavior", _PREFIX + "metrics"
_CONDITIONS, _CURRENT = _PREFIX + "conditions", _PREFIX + "current-metrics"


class Unconvertible(Exception):
    """An annotation that carries v2 fields is not JSON."""


def is_stored_as(kind: Kind, version: str) -> bool:
    """Whether a client of ``version`` sees objects as they are stored."""
    return not (kind is HPA and version == "v1")


def shown(obj: Object, kind: Kind, version: str) -> Object:
    """A stored object as a client of ``version`` sees it."""
    return obj if is_stored_as(kind, version) else _to_v1(obj)


def stored(obj: Object, kind: Kind, version: str) -> Object:
    """What a client of ``version`` sent, as it is stored."""
    if kind is HPA and version == "v1":
        return _to_v2(obj)
    return obj


def cpu_target(hpa: Object) -> int | None:
    """The CPU utilisation target in percent of a v2 object; None where it scales on something else."""
    for metric in dig(hpa, "spec", "metrics", default=[]):
        if _is_cpu(metric, "target"):
            return int(metric["resource"]["target"]["averageUtilization"])
    return None


def cpu_metric(percent: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _is_cpu(metric: Object, part: str) -> bool:
    if dig(metric, "type") != "Resource" or dig(metric, "resource", "name") != "cpu":
        return False
    return isinstance(dig(metric, "resource", part, "averageUtilization"), int)


def _to_v1(obj: Object) -> Object:
    spec, status, metadata = dict(obj.get("spec", {})), dict(obj.get("status", {})), dict(obj["metadata"])
    others = [metric for metric in spec.pop("metrics", []) if not _is_cpu(metric, "target")]
    carried = {
        _BEHAVIOR: spec.pop("behavior", None),
        _METRICS: others,
        _CONDITIONS: status.pop("conditions", []),
        _CURRENT: status.get("currentMetrics", []),
    }
    annotations = {key: msgspec.json.encode(value).decode() for key, value in carried.items() if value}
    if annotations:
        metadata["annotations"] = {**metadata.get("annotations", {}), **annotations}
    if (target := cpu_target(obj)) is not None:
        spec["targetCPUUtilizationPercentage"] = target
    for metric in status.pop("currentMetrics", []):
        if _is_cpu(metric, "current"):
            status["currentCPUUtilizationPercentage"] = metric["resource"]["current"]["averageUtilization"]
    status.setdefault("currentReplicas", 0)
    return {**obj, "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}


def _to_v2(obj: Object) -> Object:
    spec, metadata = obj.get("spec"), obj.get("metadata")
    if not isinstance(spec, dict) or not isinstance(metadata, dict):
        return {**obj, "apiVersion": "autoscaling/v2"}
    spec = dict(spec)
    annotations = dict(metadata.get("annotations") or {})
    behavior, metrics = _decoded(annotations.pop(_BEHAVIOR, None)), _decoded(annotations.pop(_METRICS, None)) or []
    for key in (_CONDITIONS, _CURRENT):
        annotations.pop(key, None)
    target = spec.pop("targetCPUUtilizationPercentage", None)
    spec["metrics"] = [*([cpu_metric(target)] if target is not None else []), *metrics]
    if behavior is not None:
        spec["behavior"] = behavior
    return {**obj, "apiVersion": "autoscaling/v2", "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _decoded(text: object) -> Any:
    if text is None:
        return None
    try:
        return msgspec.json.decode(str(text))
    except msgspec.DecodeError as error:
        raise Unconvertible(str(error)) from error
