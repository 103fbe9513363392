"""The ``/scale`` subresource: one small object over every kind that has replicas."""

from __future__ import annotations

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.selector import as_text

SCALE = Kind("autoscaling", ("v1",), "Scale", "scales")


def scale_of(obj: Object) -> Object:
    """The Scale of a workload."""
    metadata = obj["metadata"]
    kept = {key: metadata[key] for key in ("uid", "resourceVersion", "creationTimestamp")}
    status: Object = {"replicas": dig(obj, "status", "replicas", default=0)}
    if text := as_text(dig(obj, "spec", "selector", default={})):
        status["selector"] = text
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": name_of(obj), "namespace": namespace_of(obj), **kept},
        "spec": {"replicas": obj["spec"]["replicas"]},
        "status": status,
    }


def scaled(obj: Object, scale: Object) -> Object:
    """The workload with the Scale's replicas, under the version that the Scale was read at."""
    replicas = dig(scale, "spec", "replicas", default=0)  # an absent field is Go's zero
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        what = f"cannot unmarshal {type(replicas).__name__} into Go struct field ScaleSpec.spec.replicas of type int32"
        raise refusal.bad_request(f"json: {what}")
    if replicas < 0:
        cause = refusal.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise refusal.invalid(SCALE, name_of(obj), cause)
    metadata = {**obj["metadata"]}
    for field in ("resourceVersion", "uid"):
        if given := dig(scale, "metadata", field):
            metadata[field] = given
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "replicas": replicas}}
