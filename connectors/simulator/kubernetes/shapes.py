"""The shapes of our kinds: which type each field has that a controller, a printer or a conversion reads.

A real server decodes into Go structs, so a controller never meets a string where a number belongs. Here the objects
stay trees, and this table is what keeps that promise. Fields that nobody reads are let through as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from connectors.simulator.kubernetes.kinds import (
    BUDGET,
    CONFIGMAP,
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    EVENT,
    HPA,
    JOB,
    LEASE,
    NAMESPACE,
    NODE,
    POD,
    QUOTA,
    REPLICASET,
    REVISION,
    SCALED_OBJECT,
    SECRET,
    SERVICE,
    STATEFULSET,
    Kind,
)

_MICRO_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(Z|[+-]\d\d:\d\d)$")


def is_int32(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def _is_number_or_string(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_TYPES: dict[str, Callable[[Any], bool]] = {
    "int32": is_int32,
    "bool": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "map": lambda value: isinstance(value, dict),
    "slice": lambda value: isinstance(value, list),
    "map[string]string": lambda value: isinstance(value, dict) and all(isinstance(v, str) for v in value.values()),
    "resource.Quantity map": lambda value: isinstance(value, dict) and all(map(_is_number_or_string, value.values())),
    "intstr.IntOrString": lambda value: is_int32(value) or isinstance(value, str),
    "metav1.Time": _is_time,
    "metav1.MicroTime": lambda value: isinstance(value, str) and bool(_MICRO_TIME.match(value)) and _is_time(value),
}
_INT, _BOOL, _STRING, _MAP, _LIST = "int32", "bool", "string", "map", "slice"
_STRINGS, _QUANTITIES, _EITHER = "map[string]string", "resource.Quantity map", "intstr.IntOrString"
_TIME, _MICRO = "metav1.Time", "metav1.MicroTime"

Shape = dict[str, str]  # a path ("[]": each element of a list) -> its type; a parent stands before its children


def _under(prefix: str, **fields: str) -> Shape:
    return {f"{prefix}.{name}": wanted for name, wanted in fields.items()}


def _list_of(path: str, **fields: str) -> Shape:
    """A list of objects with these fields."""
    return {path: _LIST, f"{path}[]": _MAP, **_under(f"{path}[]", **fields)}


def _strings(*paths: str) -> Shape:
    """Lists of strings."""
    return {place: wanted for path in paths for place, wanted in ((path, _LIST), (f"{path}[]", _STRING))}


_METADATA: Shape = {
    "metadata": _MAP,
    "spec": _MAP,
    "status": _MAP,
    **_under("metadata", name=_STRING, namespace=_STRING, resourceVersion=_STRING, generateName=_STRING, uid=_STRING),
    **_under("metadata", labels=_STRINGS, annotations=_STRINGS),
    **_strings("metadata.finalizers"),
    **_list_of("metadata.ownerReferences", uid=_STRING, kind=_STRING, name=_STRING, controller=_BOOL),
}
_CONDITIONS = _list_of(
    "status.conditions",
    type=_STRING,
    status=_STRING,
    reason=_STRING,
    message=_STRING,
    lastTransitionTime=_TIME,
    lastUpdateTime=_TIME,
)


def _selector(path: str) -> Shape:
    return {
        path: _MAP,
        f"{path}.matchLabels": _STRINGS,
        **_list_of(f"{path}.matchExpressions", key=_STRING, operator=_STRING),
        **_strings(f"{path}.matchExpressions[].values"),
    }


def _pod_spec(path: str) -> Shape:
    return {
        path: _MAP,
        **_list_of(f"{path}.containers", name=_STRING, image=_STRING, resources=_MAP, ports=_LIST),
        **_under(f"{path}.containers[].resources", requests=_QUANTITIES, limits=_QUANTITIES),
        **_list_of(f"{path}.containers[].env", name=_STRING, value=_STRING),
        **_strings(f"{path}.containers[].command", f"{path}.containers[].args"),
        **_under(path, nodeName=_STRING, terminationGracePeriodSeconds=_INT, restartPolicy=_STRING),
        f"{path}.nodeSelector": _STRINGS,
        **_list_of(f"{path}.tolerations", key=_STRING, operator=_STRING, value=_STRING, effect=_STRING),
        f"{path}.tolerations[].tolerationSeconds": _INT,
    }


_WORKLOAD: Shape = {
    **_under("spec", replicas=_INT, paused=_BOOL, revisionHistoryLimit=_INT, strategy=_MAP, template=_MAP),
    **_selector("spec.selector"),
    "spec.strategy.rollingUpdate": _MAP,
    **_under("spec.strategy.rollingUpdate", maxSurge=_EITHER, maxUnavailable=_EITHER),
    "spec.template.metadata": _MAP,
    **_under("spec.template.metadata", labels=_STRINGS, annotations=_STRINGS),
    **_pod_spec("spec.template.spec"),
    **_under("status", replicas=_INT, readyReplicas=_INT, updatedReplicas=_INT, availableReplicas=_INT),
    **_CONDITIONS,
}
_POD: Shape = {
    **_pod_spec("spec"),
    **_under("status", phase=_STRING, podIP=_STRING, nominatedNodeName=_STRING),
    **_list_of("status.containerStatuses", ready=_BOOL, restartCount=_INT, state=_MAP, lastState=_MAP),
    **_under("status.containerStatuses[].state", waiting=_MAP, terminated=_MAP, running=_MAP),
    "status.containerStatuses[].lastState.terminated": _MAP,
    "status.containerStatuses[].lastState.terminated.finishedAt": _TIME,
    **_CONDITIONS,
}


def _rules(path: str) -> Shape:
    return {
        path: _MAP,
        **_under(path, selectPolicy=_STRING, stabilizationWindowSeconds=_INT),
        **_list_of(f"{path}.policies", type=_STRING, value=_INT, periodSeconds=_INT),
    }


def _external(path: str) -> Shape:
    return {
        path: _MAP,
        **_under(path, metric=_MAP, target=_MAP),
        f"{path}.metric.name": _STRING,
        **_selector(f"{path}.metric.selector"),
    }


_HPA: Shape = {
    **_under("spec", minReplicas=_INT, maxReplicas=_INT, scaleTargetRef=_MAP, behavior=_MAP),
    **_under("spec.scaleTargetRef", kind=_STRING, name=_STRING, apiVersion=_STRING),
    "spec.targetCPUUtilizationPercentage": _INT,  # v1
    **_rules("spec.behavior.scaleUp"),
    **_rules("spec.behavior.scaleDown"),
    **_list_of("spec.metrics", type=_STRING, resource=_MAP),
    **_under("spec.metrics[].resource", name=_STRING, target=_MAP),
    **_external("spec.metrics[].external"),
    "spec.metrics[].containerResource": _MAP,
    **_under("spec.metrics[].containerResource", name=_STRING, container=_STRING, target=_MAP),
    "spec.metrics[].containerResource.target.averageUtilization": _INT,
    **_under("spec.metrics[].resource.target", type=_STRING, averageUtilization=_INT),
    **_under("status", currentReplicas=_INT, desiredReplicas=_INT, lastScaleTime=_TIME),
    **_list_of("status.currentMetrics", type=_STRING, resource=_MAP),
    **_under("status.currentMetrics[].resource", name=_STRING, current=_MAP),
    **_under("status.currentMetrics[].resource.current", averageUtilization=_INT),
    **_CONDITIONS,
}
_SERVICE: Shape = {
    **_under("spec", type=_STRING, clusterIP=_STRING, externalName=_STRING, selector=_STRINGS),
    **_list_of("spec.ports", name=_STRING, port=_INT, protocol=_STRING, targetPort=_EITHER),
}
_EVENT: Shape = {
    **dict.fromkeys(("reason", "message", "type"), _STRING),
    "involvedObject": _MAP,
    "source": _MAP,
    "source.component": _STRING,
    "count": _INT,
    **_under("involvedObject", kind=_STRING, name=_STRING, namespace=_STRING, uid=_STRING, fieldPath=_STRING),
    **dict.fromkeys(("firstTimestamp", "lastTimestamp"), _TIME),
}
_LEASE = _under(
    "spec",
    holderIdentity=_STRING,
    leaseDurationSeconds=_INT,
    leaseTransitions=_INT,
    renewTime=_MICRO,
    acquireTime=_MICRO,
)
_BUDGET: Shape = {
    **_selector("spec.selector"),
    **_under("spec", minAvailable=_EITHER, maxUnavailable=_EITHER),
    "status.disruptionsAllowed": _INT,
    **_CONDITIONS,
}
_NODE: Shape = {
    "spec.unschedulable": _BOOL,
    **_list_of("status.addresses", type=_STRING, address=_STRING),
    "status.nodeInfo": _MAP,
    **_under("status", allocatable=_QUANTITIES, capacity=_QUANTITIES),
    **_list_of("spec.taints", key=_STRING, value=_STRING, effect=_STRING),
    **_CONDITIONS,
}
_RUN: Shape = {
    **_under("spec", suspend=_BOOL),
    **_list_of("status.conditions", type=_STRING, status=_STRING, reason=_STRING, message=_STRING),
}


def _run(path: str) -> Shape:
    """The spec of a job, in itself or as a template."""
    counts = ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
    return {
        **_under(path, **dict.fromkeys(counts, _INT), template=_MAP),
        f"{path}.template.metadata": _MAP,
        **_under(f"{path}.template.metadata", labels=_STRINGS, annotations=_STRINGS),
        **_pod_spec(f"{path}.template.spec"),
    }


_JOB: Shape = {
    **_RUN,
    **_selector("spec.selector"),
    **_run("spec"),
    **_under("status", startTime=_TIME, completionTime=_TIME),
}
_CRONJOB: Shape = {
    **_RUN,
    **_under("spec", schedule=_STRING, concurrencyPolicy=_STRING, jobTemplate=_MAP),
    **_under("spec", successfulJobsHistoryLimit=_INT, failedJobsHistoryLimit=_INT),
    "spec.jobTemplate.metadata": _MAP,
    "spec.jobTemplate.spec": _MAP,
    **_run("spec.jobTemplate.spec"),
    **_under("status", lastScheduleTime=_TIME, active=_LIST),
}
_SETS: Shape = {  # how stateful and daemon sets update
    "spec.updateStrategy": _MAP,
    "spec.updateStrategy.type": _STRING,
    "spec.updateStrategy.rollingUpdate": _MAP,
    **_under("spec.updateStrategy.rollingUpdate", partition=_INT, maxUnavailable=_EITHER, maxSurge=_EITHER),
    "spec.ordinals": _MAP,
    **_under("spec", serviceName=_STRING, podManagementPolicy=_STRING, minReadySeconds=_INT),
    "spec.ordinals.start": _INT,
    **_under("status", currentReplicas=_INT, currentRevision=_STRING, updateRevision=_STRING),
}
_SHAPES: dict[Kind, Shape] = {
    DEPLOYMENT: _WORKLOAD,
    REPLICASET: _WORKLOAD,
    STATEFULSET: {**_WORKLOAD, **_SETS},
    DAEMONSET: {**_WORKLOAD, **_SETS},
    SCALED_OBJECT: {
        **_under("spec", scaleTargetRef=_MAP, minReplicaCount=_INT, maxReplicaCount=_INT, cooldownPeriod=_INT),
        **_under("spec.scaleTargetRef", name=_STRING, kind=_STRING),
        **_list_of("spec.triggers", type=_STRING, metadata=_STRINGS),
    },
    REVISION: {"revision": _INT, "data": _MAP},
    JOB: _JOB,
    CRONJOB: _CRONJOB,
    POD: _POD,
    HPA: _HPA,
    SERVICE: _SERVICE,
    CONFIGMAP: {"data": _STRINGS, "binaryData": _STRINGS},
    SECRET: {"data": _STRINGS, "stringData": _STRINGS, "type": _STRING},
    EVENT: _EVENT,
    LEASE: _LEASE,
    BUDGET: _BUDGET,
    QUOTA: {"spec.hard": _QUANTITIES, **_under("status", hard=_QUANTITIES, used=_QUANTITIES)},
    NODE: _NODE,
    NAMESPACE: {"status.phase": _STRING, **_strings("spec.finalizers")},
}


def misfit(obj: Any, kind: Kind) -> str:
    """Why the object does not decode as its kind, in the words of Go's decoder; "" where it does."""
    if not isinstance(obj, dict):
        return f"json: cannot unmarshal {go_type(obj)} into Go value of type {kind.name}"
    for path, wanted in (*_METADATA.items(), *_SHAPES.get(kind, {}).items()):
        for value in _reached(obj, path.split(".")):
            if not _TYPES[wanted](value):
                return (
                    f"json: cannot unmarshal {go_type(value)} into Go struct field {kind.name}.{path} of type {wanted}"
                )
    return ""


def _reached(value: Any, path: list[str]) -> Iterator[Any]:
    """Every value at a path. A null field is an absent one; a null element is there, and fits nothing."""
    if not path:
        yield value
        return
    name, *rest = path
    found = value.get(name.removesuffix("[]")) if isinstance(value, dict) else None
    if not name.endswith("[]"):
        if found is not None:
            yield from _reached(found, rest)
    elif isinstance(found, list):
        for item in found:
            yield from _reached(item, rest)


def go_type(value: Any) -> str:
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
