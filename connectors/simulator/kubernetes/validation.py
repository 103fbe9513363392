"""What the server refuses of an object that is well shaped: values that its kind forbids, 422 with a cause a field."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from connectors.simulator.kubernetes.cron import BadSchedule, parsed
from connectors.simulator.kubernetes.kinds import (
    BINDING,
    BUDGET,
    CLUSTER_BINDING,
    CLUSTER_ROLE,
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    HPA,
    JOB,
    POD,
    REPLICASET,
    ROLE,
    SCALED_OBJECT,
    STATEFULSET,
    Kind,
)
from connectors.simulator.kubernetes.objects import Object, dig, labels_of
from connectors.simulator.kubernetes.refusal import Cause, forbidden_value, invalid_value, required
from connectors.simulator.kubernetes.shapes import is_int32

_ROLES = (ROLE, BINDING, CLUSTER_ROLE, CLUSTER_BINDING)  # whose names may have colons
_SOURCES = {  # of a metric, by its type
    "Resource": "resource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
    "ContainerResource": "containerResource",
}
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME = re.compile(_SUBDOMAIN)
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_PART = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_KEY = re.compile(rf"({_SUBDOMAIN}/)?({_PART})")
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_PART}')"
)
_LONGEST_NAME = 253
_LONGEST_KEY = _LONGEST_NAME + 1 + 63
_TO_ZERO = "must specify at least one Object or External metric to support scaling to zero replicas"
_PERCENT = re.compile(r"(\d+)%")


def problems(obj: Object, kind: Kind, before: Object | None = None) -> tuple[Cause, ...]:
    """Every field that the kind forbids; ``before`` is the object that this one replaces."""
    found = _metadata_problems(obj, kind)
    check = _CHECKS.get(kind)
    return (*found, *(check(obj, before) if check else ()))


def _metadata_problems(obj: Object, kind: Kind) -> list[Cause]:
    name = dig(obj, "metadata", "name", default="")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    found = []
    if kind not in _ROLES and (len(name) > _LONGEST_NAME or not _NAME.fullmatch(name)):
        found.append(invalid_value("metadata.name", name, _NAME_RULE))
    for field in ("labels", "annotations"):
        keys = [key for key in obj["metadata"].get(field) or () if not _is_key(key)]
        found += [invalid_value(f"metadata.{field}", key, _KEY_RULE) for key in keys]
    return found


@lru_cache(maxsize=1024)
def _is_key(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and _KEY.fullmatch(key) is not None


def _workload(obj: Object, before: Object | None) -> list[Cause]:
    found = _not_negative(obj, "spec.replicas")
    selector = dig(obj, "spec", "selector")
    if not selector:
        return [*found, required("spec.selector")]
    wanted = dig(selector, "matchLabels", default={})
    template = dig(obj, "spec", "template", default={})
    if any(labels_of(template).get(key) != value for key, value in wanted.items()):
        why = "`selector` does not match template `labels`"
        found.append(invalid_value("spec.template.metadata.labels", labels_of(template), why))
    if before is not None and selector != dig(before, "spec", "selector"):
        found.append(Cause("FieldValueInvalid", "spec.selector", f"Invalid value: {_go(selector)}: field is immutable"))
    return [*found, *_containers(template, "spec.template.spec.containers")]


def _go(selector: Object) -> str:
    """A selector as Go prints the struct; of expressions it is said that there are some."""
    labels = invalid_value("", selector.get("matchLabels") or {}, "").message.removeprefix("Invalid value: ")
    expressions = "{…}" if selector.get("matchExpressions") else "(nil)"
    requirements = f"[]v1.LabelSelectorRequirement{expressions}"
    return f"v1.LabelSelector{{MatchLabels:{labels.removesuffix(': ')}, MatchExpressions:{requirements}}}"


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
    types = {metric.get("type") for metric in spec.get("metrics", [])}
    if low == 0 and not types & {"Object", "External"}:
        found.append(forbidden_value("spec.metrics", _TO_ZERO))
    if high < 1:
        found.append(invalid_value("spec.maxReplicas", high, "must be greater than 0"))
    if high < low:
        found.append(invalid_value("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
    absent = [part for part in ("kind", "name") if not dig(spec, "scaleTargetRef", part)]
    found += [required(f"spec.scaleTargetRef.{part}") for part in absent]
    return [*found, *_metrics(spec.get("metrics", [])), *_behavior(spec.get("behavior", {}))]


def _metrics(metrics: list[Object]) -> list[Cause]:
    return [cause for index, metric in enumerate(metrics) for cause in _metric(metric, f"spec.metrics[{index}]")]


def _metric(metric: Object, field: str) -> list[Cause]:
    """Clients read the source that the type names without looking: kubectl crashes where it is not there."""
    source = _SOURCES.get(metric.get("type", ""))
    if source is None:
        return [invalid_value(f"{field}.type", metric.get("type", ""), "unknown metric source type")]
    if not metric.get(source):
        return [required(f"{field}.{source}", "must populate information for the given metric source")]
    return _resource(metric[source], f"{field}.{source}") if source == "resource" else []


def _resource(resource: Object, field: str) -> list[Cause]:
    target = resource.get("target") or {}
    value = target.get("averageUtilization")
    found = []
    if not resource.get("name"):
        found.append(required(f"{field}.name", "must specify a resource name"))
    if not target.get("type"):
        found.append(required(f"{field}.target.type", "must specify a metric target type"))
    if value is None and not target.get("averageValue"):
        why = "must set either a target raw value or a target utilization"
        found.append(required(f"{field}.target.averageUtilization", why))
    elif value is not None and (not is_int32(value) or value < 1):
        found.append(invalid_value(f"{field}.target.averageUtilization", value, "must be greater than 0"))
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
    wrong = [part for part in parts if not is_int32(policy.get(part)) or policy[part] < 1]
    why = "must be greater than zero"
    return [*found, *(invalid_value(f"{field}.{part}", policy.get(part), why) for part in wrong)]


def _budget(obj: Object, before: Object | None) -> list[Cause]:
    spec = obj.get("spec", {})
    found = []
    for part in ("minAvailable", "maxUnavailable"):
        value = spec.get(part, 0)
        share = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if isinstance(value, str) and share is None:
            found.append(invalid_value(f"spec.{part}", value, "a valid percent string must be a number and a '%'"))
        elif share and int(share[1]) > 100:
            found.append(invalid_value(f"spec.{part}", value, "must not be greater than 100%"))
        elif isinstance(value, int) and value < 0:
            found.append(invalid_value(f"spec.{part}", value, "must be greater than or equal to 0"))
    if {"minAvailable", "maxUnavailable"} <= spec.keys():
        both = {key: str(spec[key]) for key in ("minAvailable", "maxUnavailable")}
        found.append(invalid_value("spec", both, "minAvailable and maxUnavailable cannot be both set"))
    return found


def _scaled_object(obj: Object, before: Object | None) -> list[Cause]:
    absent = [] if dig(obj, "spec", "scaleTargetRef", "name") else [required("spec.scaleTargetRef.name")]
    return absent if dig(obj, "spec", "triggers") else [*absent, required("spec.triggers")]


def _job(obj: Object, before: Object | None) -> list[Cause]:
    return _finite(dig(obj, "spec", default={}), "spec")


def _cron_job(obj: Object, before: Object | None) -> list[Cause]:
    found, schedule = [], dig(obj, "spec", "schedule", default="")
    try:
        parsed(str(schedule))
    except BadSchedule as bad:
        found = [invalid_value("spec.schedule", schedule, str(bad)) if schedule else required("spec.schedule")]
    return [*found, *_finite(dig(obj, "spec", "jobTemplate", "spec", default={}), "spec.jobTemplate.spec")]


def _finite(spec: Object, field: str) -> list[Cause]:
    """What makes pods that end: their template says so, and the counts are no nonsense."""
    found = [
        cause
        for part in ("parallelism", "completions", "backoffLimit")
        for cause in _not_negative({"spec": spec}, f"spec.{part}")
    ]
    policy = dig(spec, "template", "spec", "restartPolicy", default="Always")
    if policy not in ("OnFailure", "Never"):
        why = f'Unsupported value: "{policy}": supported values: "OnFailure", "Never"'
        found.append(Cause("FieldValueNotSupported", f"{field}.template.spec.restartPolicy", why))
    return [*found, *_containers(dig(spec, "template", default={}), f"{field}.template.spec.containers")]


_CHECKS: dict[Kind, Callable[[Object, Object | None], list[Cause]]] = {
    DEPLOYMENT: _workload,
    REPLICASET: _workload,
    STATEFULSET: _workload,
    DAEMONSET: _workload,
    JOB: _job,
    SCALED_OBJECT: _scaled_object,
    CRONJOB: _cron_job,
    POD: _pod,
    HPA: _hpa,
    BUDGET: _budget,
}
