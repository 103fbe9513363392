"""The columns of the kinds that run beside deployments: daemon sets, jobs, cron jobs, and what belongs to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.simulator.kubernetes.cells import AGE, IMAGES, NAME, NONE, Column, at, duration, selector, since, text
from connectors.simulator.kubernetes.kinds import CRONJOB, DAEMONSET, JOB, REVISION, SCALED_OBJECT, Kind
from connectors.simulator.kubernetes.objects import Object, dig


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
    return ",".join(f"{key}={value}" for key, value in selector.items()) or NONE


def _controller(obj: Object, now: float) -> str:
    for item in dig(obj, "metadata", "ownerReferences", default=[]):
        if item.get("controller"):
            group = str(item.get("apiVersion", "")).split("/")[0]
            return f"{str(item.get('kind', '')).lower()}.{group}/{item.get('name')}"
    return NONE


def _last_schedule(obj: Object, now: float) -> str:
    stamp = dig(obj, "status", "lastScheduleTime")
    return since(stamp, now) if stamp else NONE


BATCH: dict[Kind, tuple[Column, ...]] = {
    DAEMONSET: (
        NAME,
        Column("Desired", at("status", "desiredNumberScheduled", default=0), "integer"),
        Column("Current", at("status", "currentNumberScheduled", default=0), "integer"),
        Column("Ready", at("status", "numberReady", default=0), "integer"),
        Column("Up-to-date", at("status", "updatedNumberScheduled", default=0), "integer"),
        Column("Available", at("status", "numberAvailable", default=0), "integer"),
        Column("Node Selector", _node_selector),
        AGE,
        *IMAGES,
        Column("Selector", selector, wide=True),
    ),
    SCALED_OBJECT: (
        NAME,
        Column("ScaleTargetKind", at("status", "scaleTargetKind")),
        Column("ScaleTargetName", at("spec", "scaleTargetRef", "name")),
        Column("Min", at("spec", "minReplicaCount", default=0), "integer"),
        Column("Max", at("spec", "maxReplicaCount", default=100), "integer"),
        Column("Ready", _held("Ready")),
        Column("Active", _held("Active")),
        Column("Fallback", _held("Fallback")),
        Column("Paused", _held("Paused")),
        Column("Triggers", at("status", "triggersTypes")),
        AGE,
    ),
    REVISION: (NAME, Column("Controller", _controller), Column("Revision", at("revision"), "integer"), AGE),
    JOB: (
        NAME,
        Column("Status", _job_status),
        Column("Completions", _completions),
        Column("Duration", _job_duration),
        AGE,
        *IMAGES,
        Column("Selector", selector, wide=True),
    ),
    CRONJOB: (
        NAME,
        Column("Schedule", at("spec", "schedule")),
        Column("Timezone", text("spec", "timeZone")),
        Column("Suspend", lambda obj, now: "True" if dig(obj, "spec", "suspend") else "False"),
        Column("Active", lambda obj, now: len(dig(obj, "status", "active", default=[])), "integer"),
        Column("Last Schedule", _last_schedule),
        AGE,
    ),
}
