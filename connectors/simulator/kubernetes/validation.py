"""What the server refuses: first an object that is not shaped as its kind, then values that its kind forbids.

The two are told apart because a real server does: a string where an int belongs fails decoding (400, or 422 for a
patch), while ``minReplicas`` above ``maxReplicas`` decodes and fails validation (422 with a cause per field).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from connectors.simulator.kubernetes.kinds import (
    CONFIGMAP,
    DEPLOYMENT,
    EVENT,
    HPA,
    LEASE,
    POD,
    REPLICASET,
    SERVICE,
    STATEFULSET,
    Kind,
)
from connectors.simulator.kubernetes.objects import Object, dig, labels_of
from connectors.simulator.kubernetes.refusal import Cause, invalid_value, required

_INT, _BOOL, _STRING, _MAP, _LIST, _STRINGS = "int32", "bool", "string", "map", "slice", "map[string]string"
_METADATA = {
    "metadata.name": _STRING,
    "metadata.namespace": _STRING,
    "metadata.resourceVersion": _STRING,
    "metadata.generateName": _STRING,
    "metadata.uid": _STRING,
    "metadata.labels": _STRINGS,
    "metadata.annotations": _STRINGS,
    "metadata.finalizers": _LIST,
    "metadata.ownerReferences": _LIST,
}
_WORKLOAD = {
    "spec.replicas": _INT,
    "spec.selector": _MAP,
    "spec.template": _MAP,
    "spec.template.metadata": _MAP,
    "spec.template.metadata.labels": _STRINGS,
    "spec.template.metadata.annotations": _STRINGS,
    "spec.template.spec": _MAP,
    "spec.template.spec.containers": _LIST,
    "spec.paused": _BOOL,
}
_FIELDS: dict[Kind, dict[str, str]] = {
    DEPLOYMENT: _WORKLOAD,
    REPLICASET: _WORKLOAD,
    STATEFULSET: _WORKLOAD,
    POD: {"spec.containers": _LIST, "spec.nodeName": _STRING},
    SERVICE: {"spec.ports": _LIST, "spec.selector": _STRINGS},
    CONFIGMAP: {"data": _STRINGS, "binaryData": _STRINGS},
    EVENT: {"involvedObject": _MAP, "count": _INT},
    LEASE: {
        "spec.holderIdentity": _STRING,
        "spec.leaseDurationSeconds": _INT,
        "spec.leaseTransitions": _INT,
        "spec.renewTime": _STRING,
        "spec.acquireTime": _STRING,
    },
    HPA: {
        "spec.minReplicas": _INT,
        "spec.maxReplicas": _INT,
        "spec.scaleTargetRef": _MAP,
        "spec.metrics": _LIST,
        "spec.behavior": _MAP,
        "spec.behavior.scaleUp": _MAP,
        "spec.behavior.scaleDown": _MAP,
        "spec.behavior.scaleUp.policies": _LIST,
        "spec.behavior.scaleDown.policies": _LIST,
        "spec.behavior.scaleUp.stabilizationWindowSeconds": _INT,
        "spec.behavior.scaleDown.stabilizationWindowSeconds": _INT,
    },
}
_MICRO_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(Z|[+-]\d\d:\d\d)$")
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")


def misfit(obj: Any, kind: Kind) -> str:
    """Why the object does not decode as its kind, in the words of Go's decoder; "" where it does."""
    if not isinstance(obj, dict):
        return f"json: cannot unmarshal {_go(obj)} into Go value of type {kind.name}"
    for part in ("metadata", "spec", "status"):
        if obj.get(part) is not None and not isinstance(obj[part], dict):
            return f"json: cannot unmarshal {_go(obj[part])} into Go struct field {kind.name}.{part}"
    for field, wanted in {**_METADATA, **_FIELDS.get(kind, {})}.items():
        value = dig(obj, *field.split("."))
        if value is not None and not _fits(value, wanted):
            return f"json: cannot unmarshal {_go(value)} into Go struct field {kind.name}.{field} of type {wanted}"
    return _bad_elements(obj) or (_bad_times(obj) if kind is LEASE else "")


def _fits(value: Any, wanted: str) -> bool:
    if wanted == _INT:
        return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31
    if wanted == _STRINGS:
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return isinstance(value, {_BOOL: bool, _STRING: str, _MAP: dict, _LIST: list}[wanted])


def _go(value: Any) -> str:
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _bad_elements(obj: Object) -> str:
    """The lists that controllers walk hold objects only."""
    lists = (
        ("metadata", "ownerReferences"),
        ("spec", "containers"),
        ("spec", "template", "spec", "containers"),
        ("spec", "metrics"),
        ("spec", "ports"),
        ("spec", "behavior", "scaleUp", "policies"),
        ("spec", "behavior", "scaleDown", "policies"),
    )
    for path in lists:
        items = dig(obj, *path, default=[])
        if not isinstance(items, list):
            return f"json: cannot unmarshal {_go(items)} into Go struct field {'.'.join(path)} of type slice"
        for item in items:
            if not isinstance(item, dict):
                return f"json: cannot unmarshal {_go(item)} into Go struct field {'.'.join(path)}"
    return ""


def _bad_times(lease: Object) -> str:
    for field in ("renewTime", "acquireTime"):
        value = dig(lease, "spec", field)
        if value is not None and not _MICRO_TIME.match(value):
            return f'parsing time "{value}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse the fraction'
    return ""


def problems(obj: Object, kind: Kind, before: Object | None = None) -> tuple[Cause, ...]:
    """Every field that the kind forbids; ``before`` is the object that this one replaces."""
    found = _metadata_problems(obj)
    check = _CHECKS.get(kind)
    return (*found, *(check(obj, before) if check else ()))


def _metadata_problems(obj: Object) -> list[Cause]:
    name = dig(obj, "metadata", "name", default="")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    if not _NAME.match(name) or len(name) > 253:
        why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
        return [invalid_value("metadata.name", name, why)]
    return []


def _workload(obj: Object, before: Object | None) -> list[Cause]:
    found = _not_negative(obj, "spec.replicas")
    selector = dig(obj, "spec", "selector")
    if not selector:
        return [*found, required("spec.selector")]
    if before is not None and selector != dig(before, "spec", "selector"):
        found.append(invalid_value("spec.selector", selector, "field is immutable"))
    wanted = dig(selector, "matchLabels", default={})
    template = dig(obj, "spec", "template", default={})
    if any(labels_of(template).get(key) != value for key, value in wanted.items()):
        why = "`selector` does not match template `labels`"
        found.append(invalid_value("spec.template.metadata.labels", labels_of(template), why))
    return [*found, *_containers(template, "spec.template.spec.containers")]


def _containers(template: Object, field: str) -> list[Cause]:
    containers = dig(template, "spec", "containers", default=[])
    if not containers:
        return [required(field)]
    found = []
    for index, container in enumerate(containers):
        found += [required(f"{field}[{index}].{part}") for part in ("name", "image") if not container.get(part)]
    return found


def _not_negative(obj: Object, field: str) -> list[Cause]:
    value = dig(obj, *field.split("."), default=0)
    return [invalid_value(field, value, "must be greater than or equal to 0")] if value < 0 else []


def _pod(obj: Object, before: Object | None) -> list[Cause]:
    return _containers(obj, "spec.containers")


def _hpa(obj: Object, before: Object | None) -> list[Cause]:
    spec = obj.get("spec", {})
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    found = []
    if low < 1:
        found.append(invalid_value("spec.minReplicas", low, "must be greater than or equal to 1"))
    if high < 1:
        found.append(invalid_value("spec.maxReplicas", high, "must be greater than 0"))
    if high < low:
        found.append(invalid_value("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
    absent = [part for part in ("kind", "name") if not dig(spec, "scaleTargetRef", part)]
    found += [required(f"spec.scaleTargetRef.{part}") for part in absent]
    return [*found, *_metrics(spec.get("metrics", [])), *_behavior(spec.get("behavior", {}))]


def _metrics(metrics: list[Object]) -> list[Cause]:
    found = []
    for index, metric in enumerate(metrics):
        field = f"spec.metrics[{index}]"
        value = dig(metric, "resource", "target", "averageUtilization")
        if metric.get("type") not in ("Resource", "Pods", "Object", "External", "ContainerResource"):
            found.append(invalid_value(f"{field}.type", metric.get("type", ""), "unknown metric source type"))
        elif value is not None and (not _fits(value, _INT) or value < 1):
            where = f"{field}.resource.target.averageUtilization"
            found.append(invalid_value(where, value, "must be greater than 0"))
    return found


def _behavior(behavior: Object) -> list[Cause]:
    found = []
    for direction in ("scaleUp", "scaleDown"):
        rules, field = behavior.get(direction, {}), f"spec.behavior.{direction}"
        if not 0 <= rules.get("stabilizationWindowSeconds", 0) <= 3600:
            where = f"{field}.stabilizationWindowSeconds"
            why = "must be greater than or equal to zero and less than or equal to 3600"
            found.append(invalid_value(where, rules["stabilizationWindowSeconds"], why))
        if rules.get("selectPolicy", "Max") not in ("Max", "Min", "Disabled"):
            found.append(invalid_value(f"{field}.selectPolicy", rules["selectPolicy"], "unknown policy"))
        for index, policy in enumerate(rules.get("policies", [])):
            found += _policy(policy, f"{field}.policies[{index}]")
    return found


def _policy(policy: Object, field: str) -> list[Cause]:
    found = []
    if policy.get("type") not in ("Pods", "Percent"):
        found.append(invalid_value(f"{field}.type", policy.get("type", ""), "unknown policy type"))
    parts = ("value", "periodSeconds")
    wrong = [part for part in parts if not _fits(policy.get(part), _INT) or policy[part] < 1]
    why = "must be greater than zero"
    return [*found, *(invalid_value(f"{field}.{part}", policy.get(part), why) for part in wrong)]


_CHECKS: dict[Kind, Callable[[Object, Object | None], list[Cause]]] = {
    DEPLOYMENT: _workload,
    REPLICASET: _workload,
    STATEFULSET: _workload,
    POD: _pod,
    HPA: _hpa,
}
