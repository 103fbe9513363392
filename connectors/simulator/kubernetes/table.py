"""The columns that ``kubectl get`` prints, a kind at a time, as the real server's printers define them."""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.kubernetes.cells import (
    AGE,
    IMAGES,
    NAME,
    NONE,
    Column,
    at,
    selector,
    since,
    text,
)
from connectors.simulator.kubernetes.kinds import (
    ACCOUNT,
    BINDING,
    BUDGET,
    CLUSTER_BINDING,
    CONFIGMAP,
    DEPLOYMENT,
    EVENT,
    HPA,
    LEASE,
    NAMESPACE,
    NODE,
    POD,
    QUOTA,
    REPLICASET,
    SECRET,
    SERVICE,
    STATEFULSET,
    Kind,
)
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of
from connectors.simulator.kubernetes.table_batch import BATCH

_UNSET = "<unset>"
_ROLE = "node-role.kubernetes.io/"


def columns_of(kind: Kind) -> tuple[Column, ...]:
    return _COLUMNS.get(kind, _PLAIN)


def columns(kind: Kind) -> list[Object]:
    return [column.definition() for column in columns_of(kind)]


def cells(obj: Object, kind: Kind, now: float) -> list[object]:
    """A row's cells; ``now`` is wall time, for the ages."""
    return [column.value(obj, now) for column in _COLUMNS.get(kind, _PLAIN)]


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
    return f"{count} ({since(max(ended), now)} ago)" if ended else count


def _part(counter: str) -> Callable[[Object, float], object]:
    return lambda obj, now: f"{dig(obj, 'status', counter, default=0)}/{dig(obj, 'spec', 'replicas', default=0)}"


def _service_selector(obj: Object, now: float) -> str:
    return ",".join(f"{key}={value}" for key, value in dig(obj, "spec", "selector", default={}).items()) or NONE


def _ports(service: Object, now: float) -> str:
    ports = dig(service, "spec", "ports", default=[])
    return ",".join(f"{item.get('port')}/{item.get('protocol', 'TCP')}" for item in ports) or NONE


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
    return ",".join(key.removeprefix(_ROLE) for key in labels_of(node) if key.startswith(_ROLE)) or NONE


def _address(node: Object, now: float) -> str:
    addresses = dig(node, "status", "addresses", default=[])
    return next((item.get("address", NONE) for item in addresses if item.get("type") == "InternalIP"), NONE)


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
    return ", ".join(shown) or NONE


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


_PLAIN = (NAME, Column("Created At", at("metadata", "creationTimestamp"), "date"))
_COLUMNS: dict[Kind, tuple[Column, ...]] = {
    **BATCH,
    POD: (
        NAME,
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _restarts),
        AGE,
        Column("IP", text("status", "podIP"), wide=True),
        Column("Node", text("spec", "nodeName"), wide=True),
        Column("Nominated Node", text("status", "nominatedNodeName"), wide=True),
        Column("Readiness Gates", lambda obj, now: NONE, wide=True),
    ),
    DEPLOYMENT: (
        NAME,
        Column("Ready", _part("readyReplicas")),
        Column("Up-to-date", at("status", "updatedReplicas", default=0), "integer"),
        Column("Available", at("status", "availableReplicas", default=0), "integer"),
        AGE,
        *IMAGES,
        Column("Selector", selector, wide=True),
    ),
    REPLICASET: (
        NAME,
        Column("Desired", at("spec", "replicas", default=0), "integer"),
        Column("Current", at("status", "replicas", default=0), "integer"),
        Column("Ready", at("status", "readyReplicas", default=0), "integer"),
        AGE,
        *IMAGES,
        Column("Selector", selector, wide=True),
    ),
    STATEFULSET: (NAME, Column("Ready", _part("readyReplicas")), AGE, *IMAGES),
    SERVICE: (
        NAME,
        Column("Type", text("spec", "type")),
        Column("Cluster-IP", text("spec", "clusterIP")),
        Column("External-IP", text("spec", "externalName")),
        Column("Port(s)", _ports),
        AGE,
        Column("Selector", _service_selector, wide=True),
    ),
    CONFIGMAP: (NAME, Column("Data", _data, "integer"), AGE),
    SECRET: (NAME, Column("Type", at("type")), Column("Data", _data, "integer"), AGE),
    ACCOUNT: (NAME, Column("Secrets", lambda obj, now: len(obj.get("secrets", [])), "integer"), AGE),
    BINDING: (NAME, Column("Role", _role), AGE),
    CLUSTER_BINDING: (NAME, Column("Role", _role), AGE),
    EVENT: (
        Column("Last Seen", lambda obj, now: since(obj.get("lastTimestamp"), now)),
        Column("Type", at("type")),
        Column("Reason", at("reason")),
        Column("Object", _event_object),
        Column("Subobject", at("involvedObject", "fieldPath"), wide=True),
        Column("Source", at("source", "component"), wide=True),
        Column("Message", at("message")),
        Column("First Seen", lambda obj, now: since(obj.get("firstTimestamp"), now), wide=True),
        Column("Count", lambda obj, now: str(obj.get("count", 1)), wide=True),
        Column("Name", lambda obj, now: name_of(obj), wide=True),
    ),
    NODE: (
        NAME,
        Column("Status", _node_condition),
        Column("Roles", _roles),
        AGE,
        Column("Version", at("status", "nodeInfo", "kubeletVersion")),
        Column("Internal-IP", _address, wide=True),
        Column("External-IP", lambda obj, now: NONE, wide=True),
        Column("OS-Image", at("status", "nodeInfo", "osImage"), wide=True),
        Column("Kernel-Version", at("status", "nodeInfo", "kernelVersion"), wide=True),
        Column("Container-Runtime", at("status", "nodeInfo", "containerRuntimeVersion"), wide=True),
    ),
    NAMESPACE: (NAME, Column("Status", at("status", "phase")), AGE),
    LEASE: (NAME, Column("Holder", at("spec", "holderIdentity")), AGE),
    HPA: (
        NAME,
        Column("Reference", _reference),
        Column("Targets", _targets),
        Column("MinPods", lambda obj, now: str(dig(obj, "spec", "minReplicas", default=_UNSET))),
        Column("MaxPods", at("spec", "maxReplicas"), "integer"),
        Column("Replicas", at("status", "currentReplicas", default=0), "integer"),
        AGE,
    ),
    QUOTA: (NAME, Column("Request", _quota("")), Column("Limit", _quota("limits.")), AGE),
    BUDGET: (
        NAME,
        Column("Min Available", text("spec", "minAvailable", default="N/A")),
        Column("Max Unavailable", text("spec", "maxUnavailable", default="N/A")),
        Column("Allowed Disruptions", at("status", "disruptionsAllowed", default=0), "integer"),
        AGE,
    ),
}
