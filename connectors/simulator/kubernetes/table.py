"""The columns that ``kubectl get`` prints, a kind at a time, as the real server's printers define them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from connectors.simulator.kubernetes.kinds import (
    ACCOUNT,
    BINDING,
    BUDGET,
    CLUSTER_BINDING,
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
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of
from connectors.simulator.kubernetes.selector import as_text

_NONE, _UNSET = "<none>", "<unset>"
_ROLE = "node-role.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Column:
    """``value`` takes the object and the wall time; ``wide`` columns are shown with ``-o wide`` only."""

    name: str
    value: Callable[[Object, float], object]
    type: str = "string"
    wide: bool = False

    def definition(self) -> Object:
        style = "name" if self.name == "Name" else ""
        return {
            "name": self.name,
            "type": self.type,
            "format": style,
            "description": "",
            "priority": 1 if self.wide else 0,
        }


def columns_of(kind: Kind) -> tuple[Column, ...]:
    return _COLUMNS.get(kind, _PLAIN)


def columns(kind: Kind) -> list[Object]:
    return [column.definition() for column in columns_of(kind)]


def cells(obj: Object, kind: Kind, now: float) -> list[object]:
    """A row's cells; ``now`` is wall time, for the ages."""
    return [column.value(obj, now) for column in _COLUMNS.get(kind, _PLAIN)]


def duration(seconds: float) -> str:
    """An age as kubectl writes it (``duration.HumanDuration``): 90s, 5m, 3h20m, 4d."""
    if seconds < 0:
        return "0s" if seconds > -2 else "<invalid>"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if seconds < 120:
        return f"{int(seconds)}s"
    if minutes < 10:
        return _two(minutes, "m", int(seconds) % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    return f"{days}d" if days < 730 else _two(days // 365, "y", days % 365, "d")


def _two(high: int, unit: str, low: int, lesser: str) -> str:
    return f"{high}{unit}{low}{lesser}" if low else f"{high}{unit}"


def _since(stamp: str | None, now: float) -> str:
    return _passed(stamp, now) if stamp else "<unknown>"


@lru_cache(1024)
def _passed(stamp: str, now: float) -> str:
    """An age; the pods of a rollout have the same in one table."""
    return duration(now - datetime.fromisoformat(stamp).timestamp())


def _at(*path: str, default: object = "") -> Callable[[Object, float], object]:
    return lambda obj, now: dig(obj, *path, default=default)


def _text(*path: str, default: str = _NONE) -> Callable[[Object, float], object]:
    return lambda obj, now: str(dig(obj, *path, default=default))


def _age(obj: Object, now: float) -> str:
    return _since(dig(obj, "metadata", "creationTimestamp"), now)


def _pod_ready(pod: Object, now: float) -> str:
    statuses = dig(pod, "status", "containerStatuses", default=[])
    return f"{sum(item.get('ready', False) for item in statuses)}/{len(pod['spec']['containers'])}"


def _pod_status(pod: Object, now: float) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    for item in dig(pod, "status", "containerStatuses", default=[]):
        if reason := dig(item, "state", "waiting", "reason") or dig(item, "state", "terminated", "reason"):
            return str(reason)
    return str(dig(pod, "status", "phase", default="Unknown"))


def _restarts(pod: Object, now: float) -> str:
    statuses = dig(pod, "status", "containerStatuses", default=[])
    count = str(sum(item.get("restartCount", 0) for item in statuses))
    ended = [stamp for item in statuses if (stamp := dig(item, "lastState", "terminated", "finishedAt"))]
    return f"{count} ({_since(max(ended), now)} ago)" if ended else count


def _part(counter: str) -> Callable[[Object, float], object]:
    return lambda obj, now: f"{dig(obj, 'status', counter, default=0)}/{dig(obj, 'spec', 'replicas', default=0)}"


def _containers(part: str) -> Callable[[Object, float], object]:
    path = ("spec", "template", "spec", "containers")
    return lambda obj, now: ",".join(str(item.get(part, "")) for item in dig(obj, *path, default=[]))


def _selector(obj: Object, now: float) -> str:
    return as_text(dig(obj, "spec", "selector", default={})) or _NONE


def _service_selector(obj: Object, now: float) -> str:
    return ",".join(f"{key}={value}" for key, value in dig(obj, "spec", "selector", default={}).items()) or _NONE


def _ports(service: Object, now: float) -> str:
    ports = dig(service, "spec", "ports", default=[])
    return ",".join(f"{item.get('port')}/{item.get('protocol', 'TCP')}" for item in ports) or _NONE


def _data(obj: Object, now: float) -> int:
    return len(obj.get("data", {})) + len(obj.get("binaryData", {}))


def _role(binding: Object, now: float) -> str:
    return f"{dig(binding, 'roleRef', 'kind')}/{dig(binding, 'roleRef', 'name')}"


def _event_object(event: Object, now: float) -> str:
    about = event.get("involvedObject", {})
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _node_condition(node: Object, now: float) -> str:
    conditions = dig(node, "status", "conditions", default=[])
    ready = [item.get("status") == "True" for item in conditions if item.get("type") == "Ready"]
    words = ["Ready" if item else "NotReady" for item in ready]
    if dig(node, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words) or "Unknown"


def _roles(node: Object, now: float) -> str:
    return ",".join(key.removeprefix(_ROLE) for key in labels_of(node) if key.startswith(_ROLE)) or _NONE


def _address(node: Object, now: float) -> str:
    addresses = dig(node, "status", "addresses", default=[])
    return next((item.get("address", _NONE) for item in addresses if item.get("type") == "InternalIP"), _NONE)


def _reference(hpa: Object, now: float) -> str:
    return f"{dig(hpa, 'spec', 'scaleTargetRef', 'kind')}/{dig(hpa, 'spec', 'scaleTargetRef', 'name')}"


def _targets(hpa: Object, now: float) -> str:
    if hpa["apiVersion"].endswith("/v1"):
        target = dig(hpa, "spec", "targetCPUUtilizationPercentage")
        return _target("cpu", dig(hpa, "status", "currentCPUUtilizationPercentage"), target)
    current = {
        dig(item, "resource", "name"): dig(item, "resource", "current", "averageUtilization")
        for item in dig(hpa, "status", "currentMetrics", default=[])
    }
    shown = []
    for metric in dig(hpa, "spec", "metrics", default=[]):
        name = dig(metric, "resource", "name", default="")
        shown.append(_target(name, current.get(name), dig(metric, "resource", "target", "averageUtilization")))
    return ", ".join(shown) or _NONE


def _target(name: str, current: int | None, target: int | None) -> str:
    left = "<unknown>" if current is None else f"{current}%"
    right = "<auto>" if target is None else f"{target}%"
    return f"{name}: {left}/{right}"


def _quota(prefix: str) -> Callable[[Object, float], object]:
    def shown(quota: Object, now: float) -> str:
        hard, used = dig(quota, "status", "hard", default={}), dig(quota, "status", "used", default={})
        chosen = [name for name in sorted(hard) if name.startswith("limits.") == (prefix == "limits.")]
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in chosen)

    return shown


def _completions(job: Object, now: float) -> str:
    return f"{dig(job, 'status', 'succeeded', default=0)}/{dig(job, 'spec', 'completions', default=1)}"


def _job_status(job: Object, now: float) -> str:
    held = [item.get("type") for item in dig(job, "status", "conditions", default=[]) if item.get("status") == "True"]
    return next((word for word in ("Complete", "Failed", "Suspended") if word in held), "Running")


def _job_duration(job: Object, now: float) -> str:
    start, end = (dig(job, "status", name) for name in ("startTime", "completionTime"))
    if not start:
        return ""
    return duration(
        (datetime.fromisoformat(end).timestamp() if end else now) - datetime.fromisoformat(start).timestamp()
    )


def _held(name: str) -> Callable[[Object, float], object]:
    def status(obj: Object, now: float) -> str:
        found = dig(obj, "status", "conditions", default=[])
        return next((str(item.get("status")) for item in found if item.get("type") == name), "Unknown")

    return status


def _node_selector(obj: Object, now: float) -> str:
    selector = dig(obj, "spec", "template", "spec", "nodeSelector", default={})
    return ",".join(f"{key}={value}" for key, value in selector.items()) or _NONE


def _controller(obj: Object, now: float) -> str:
    for item in dig(obj, "metadata", "ownerReferences", default=[]):
        if item.get("controller"):
            group = str(item.get("apiVersion", "")).split("/")[0]
            return f"{str(item.get('kind', '')).lower()}.{group}/{item.get('name')}"
    return _NONE


def _last_schedule(obj: Object, now: float) -> str:
    stamp = dig(obj, "status", "lastScheduleTime")
    return _since(stamp, now) if stamp else _NONE


_NAME = Column("Name", lambda obj, now: name_of(obj))
_AGE = Column("Age", _age)
_IMAGES = (
    Column("Containers", _containers("name"), wide=True),
    Column("Images", _containers("image"), wide=True),
)
_PLAIN = (_NAME, Column("Created At", _at("metadata", "creationTimestamp"), "date"))
_COLUMNS: dict[Kind, tuple[Column, ...]] = {
    POD: (
        _NAME,
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _restarts),
        _AGE,
        Column("IP", _text("status", "podIP"), wide=True),
        Column("Node", _text("spec", "nodeName"), wide=True),
        Column("Nominated Node", _text("status", "nominatedNodeName"), wide=True),
        Column("Readiness Gates", lambda obj, now: _NONE, wide=True),
    ),
    DEPLOYMENT: (
        _NAME,
        Column("Ready", _part("readyReplicas")),
        Column("Up-to-date", _at("status", "updatedReplicas", default=0), "integer"),
        Column("Available", _at("status", "availableReplicas", default=0), "integer"),
        _AGE,
        *_IMAGES,
        Column("Selector", _selector, wide=True),
    ),
    REPLICASET: (
        _NAME,
        Column("Desired", _at("spec", "replicas", default=0), "integer"),
        Column("Current", _at("status", "replicas", default=0), "integer"),
        Column("Ready", _at("status", "readyReplicas", default=0), "integer"),
        _AGE,
        *_IMAGES,
        Column("Selector", _selector, wide=True),
    ),
    STATEFULSET: (_NAME, Column("Ready", _part("readyReplicas")), _AGE, *_IMAGES),
    DAEMONSET: (
        _NAME,
        Column("Desired", _at("status", "desiredNumberScheduled", default=0), "integer"),
        Column("Current", _at("status", "currentNumberScheduled", default=0), "integer"),
        Column("Ready", _at("status", "numberReady", default=0), "integer"),
        Column("Up-to-date", _at("status", "updatedNumberScheduled", default=0), "integer"),
        Column("Available", _at("status", "numberAvailable", default=0), "integer"),
        Column("Node Selector", _node_selector),
        _AGE,
        *_IMAGES,
        Column("Selector", _selector, wide=True),
    ),
    SCALED_OBJECT: (
        _NAME,
        Column("ScaleTargetKind", _at("status", "scaleTargetKind")),
        Column("ScaleTargetName", _at("spec", "scaleTargetRef", "name")),
        Column("Min", _at("spec", "minReplicaCount", default=0), "integer"),
        Column("Max", _at("spec", "maxReplicaCount", default=100), "integer"),
        Column("Ready", _held("Ready")),
        Column("Active", _held("Active")),
        Column("Fallback", _held("Fallback")),
        Column("Paused", _held("Paused")),
        Column("Triggers", _at("status", "triggersTypes")),
        _AGE,
    ),
    REVISION: (_NAME, Column("Controller", _controller), Column("Revision", _at("revision"), "integer"), _AGE),
    JOB: (
        _NAME,
        Column("Status", _job_status),
        Column("Completions", _completions),
        Column("Duration", _job_duration),
        _AGE,
        *_IMAGES,
        Column("Selector", _selector, wide=True),
    ),
    CRONJOB: (
        _NAME,
        Column("Schedule", _at("spec", "schedule")),
        Column("Timezone", _text("spec", "timeZone")),
        Column("Suspend", lambda obj, now: "True" if dig(obj, "spec", "suspend") else "False"),
        Column("Active", lambda obj, now: len(dig(obj, "status", "active", default=[])), "integer"),
        Column("Last Schedule", _last_schedule),
        _AGE,
    ),
    SERVICE: (
        _NAME,
        Column("Type", _text("spec", "type")),
        Column("Cluster-IP", _text("spec", "clusterIP")),
        Column("External-IP", _text("spec", "externalName")),
        Column("Port(s)", _ports),
        _AGE,
        Column("Selector", _service_selector, wide=True),
    ),
    CONFIGMAP: (_NAME, Column("Data", _data, "integer"), _AGE),
    SECRET: (_NAME, Column("Type", _at("type")), Column("Data", _data, "integer"), _AGE),
    ACCOUNT: (_NAME, Column("Secrets", lambda obj, now: len(obj.get("secrets", [])), "integer"), _AGE),
    BINDING: (_NAME, Column("Role", _role), _AGE),
    CLUSTER_BINDING: (_NAME, Column("Role", _role), _AGE),
    EVENT: (
        Column("Last Seen", lambda obj, now: _since(obj.get("lastTimestamp"), now)),
        Column("Type", _at("type")),
        Column("Reason", _at("reason")),
        Column("Object", _event_object),
        Column("Subobject", _at("involvedObject", "fieldPath"), wide=True),
        Column("Source", _at("source", "component"), wide=True),
        Column("Message", _at("message")),
        Column("First Seen", lambda obj, now: _since(obj.get("firstTimestamp"), now), wide=True),
        Column("Count", lambda obj, now: str(obj.get("count", 1)), wide=True),
        Column("Name", lambda obj, now: name_of(obj), wide=True),
    ),
    NODE: (
        _NAME,
        Column("Status", _node_condition),
        Column("Roles", _roles),
        _AGE,
        Column("Version", _at("status", "nodeInfo", "kubeletVersion")),
        Column("Internal-IP", _address, wide=True),
        Column("External-IP", lambda obj, now: _NONE, wide=True),
        Column("OS-Image", _at("status", "nodeInfo", "osImage"), wide=True),
        Column("Kernel-Version", _at("status", "nodeInfo", "kernelVersion"), wide=True),
        Column("Container-Runtime", _at("status", "nodeInfo", "containerRuntimeVersion"), wide=True),
    ),
    NAMESPACE: (_NAME, Column("Status", _at("status", "phase")), _AGE),
    LEASE: (_NAME, Column("Holder", _at("spec", "holderIdentity")), _AGE),
    HPA: (
        _NAME,
        Column("Reference", _reference),
        Column("Targets", _targets),
        Column("MinPods", lambda obj, now: str(dig(obj, "spec", "minReplicas", default=_UNSET))),
        Column("MaxPods", _at("spec", "maxReplicas"), "integer"),
        Column("Replicas", _at("status", "currentReplicas", default=0), "integer"),
        _AGE,
    ),
    QUOTA: (_NAME, Column("Request", _quota("")), Column("Limit", _quota("limits.")), _AGE),
    BUDGET: (
        _NAME,
        Column("Min Available", _text("spec", "minAvailable", default="N/A")),
        Column("Max Unavailable", _text("spec", "maxUnavailable", default="N/A")),
        Column("Allowed Disruptions", _at("status", "disruptionsAllowed", default=0), "integer"),
        _AGE,
    ),
}
