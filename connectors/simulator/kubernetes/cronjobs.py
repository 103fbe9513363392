"""The cron job controller: a job at each time of its schedule, unless it is suspended or the last one still runs."""

from __future__ import annotations

from datetime import datetime

from connectors.simulator.kubernetes.cron import BadSchedule, parsed
from connectors.simulator.kubernetes.jobs import is_finished
from connectors.simulator.kubernetes.kinds import CRONJOB, JOB
from connectors.simulator.kubernetes.objects import Object, copied, dig, labels_of, name_of, namespace_of, owned_by
from connectors.simulator.kubernetes.plane import Plane

PERIOD = 10  # simulated seconds between two looks at the clock, as the real controller had them
_COMPONENT = "cronjob-controller"


class CronJobs:
    """Looks at the clock for all cron jobs, and keeps the status of each."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def tick(self) -> None:
        """Starts what is due by now, wall time."""
        now = self._plane.registry.times.wall()
        for owner in self._plane.registry.store.of(CRONJOB):
            due = None if owner["spec"]["suspend"] else _due(owner, now)
            if due is not None:
                self._start(owner, due)

    def reconcile(self, owner: Object) -> None:
        """Which of its jobs run, and which old ones go. Raises Refusal."""
        jobs = self._plane.family.living(owner, JOB)
        for word, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            over = [job for job in jobs if _ended(job, word)]
            for job in over[: max(0, len(over) - owner["spec"][limit])]:
                self._plane.delete(JOB, job)
        active = [_reference(job) for job in jobs if not is_finished(job)]
        done = [stamp for job in jobs if (stamp := dig(job, "status", "completionTime"))]
        status = {**owner.get("status", {}), **({"active": active} if active else {})}
        if not active:
            status.pop("active", None)
        if done:
            status["lastSuccessfulTime"] = max(done)
        self._plane.registry.set_status(CRONJOB, owner, status)

    def _start(self, owner: Object, due: datetime) -> None:
        running = [job for job in self._plane.family.living(owner, JOB) if not is_finished(job)]
        policy = owner["spec"]["concurrencyPolicy"]
        if running and policy == "Forbid":
            said = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._plane.recorder.say(owner, _COMPONENT, "JobAlreadyActive", said)
            return
        for job in running if policy == "Replace" else ():
            self._plane.delete(JOB, job)
        job = self._plane.registry.create(JOB, _job(owner, due))
        self._plane.recorder.say(owner, _COMPONENT, "SuccessfulCreate", f"Created job {name_of(job)}")
        stamp = due.strftime("%Y-%m-%dT%H:%M:%SZ")
        status = {**owner.get("status", {}), "lastScheduleTime": stamp}
        self._plane.registry.set_status(CRONJOB, owner, status)


def _due(owner: Object, now: datetime) -> datetime | None:
    """The latest time of its schedule that has come since it last ran; None where none has."""
    try:
        schedule = parsed(owner["spec"]["schedule"])
    except BadSchedule:
        return None  # refused when it was written; nothing to run by
    last = dig(owner, "status", "lastScheduleTime", default=owner["metadata"]["creationTimestamp"])
    due, found = schedule.after(datetime.fromisoformat(last)), None
    for _ in range(100):  # the real controller, too, gives up on more missed starts than that
        if due is None or due > now:
            return found
        found, due = due, schedule.after(due)
    return found


def _job(owner: Object, due: datetime) -> Object:
    template = copied(owner["spec"]["jobTemplate"])
    return {
        "metadata": {
            "name": f"{name_of(owner)}-{int(due.timestamp()) // 60}",
            "namespace": namespace_of(owner),
            "labels": labels_of(template),
            "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": due.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "ownerReferences": owned_by(owner),
        },
        "spec": template["spec"],
    }


def _ended(job: Object, word: str) -> bool:
    return any(item["type"] == word for item in dig(job, "status", "conditions", default=[]))


def _reference(job: Object) -> Object:
    metadata = job["metadata"]
    kept = {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}
    return {"kind": JOB.name, "apiVersion": JOB.api_version(), **kept}
