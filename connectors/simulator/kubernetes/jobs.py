"""The job controller: pods that run to their end, as often as is asked for, and again where they fail.

Source: the documentation of Jobs and ``pkg/controller/job``. Indexed completion and pod failure policies are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import JOB, POD
from connectors.simulator.kubernetes.objects import Object, dig, name_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.tally import is_active

_COMPONENT = "job-controller"
_BACKOFF_SECONDS, _LONGEST_SECONDS = 10, 360  # after a failed pod: 10 s, 20 s, 40 s … 6 min


@dataclass(frozen=True, slots=True)
class Pods:
    """A job's pods by what became of them."""

    active: list[Object]
    succeeded: int
    failed: int


@dataclass(slots=True)
class Course:
    """What is remembered of a job, in simulated seconds."""

    began: float
    failures: int = 0  # pods that were seen to have failed
    failed: float = 0.0  # when the last of them did
    over: float | None = None  # its end


class Jobs:
    """Reconciles one job at a time."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._courses: dict[str, Course] = {}  # by the job's uid

    def reconcile(self, job: Object) -> None:
        """Starts pods until enough have succeeded, or too many failed. Raises Refusal."""
        if is_finished(job):
            self._expire(job)
            return
        pods = self._pods(job)
        end = self._end(job, pods)
        if end or job["spec"]["suspend"]:
            for pod in pods.active:
                self._plane.delete(POD, pod)
        elif self._may_start(job, pods):
            self._start(job, pods)
        self._say(job, self._pods(job), end)

    def forget(self, job: Object) -> None:
        """It was deleted."""
        self._courses.pop(job["metadata"]["uid"], None)

    def _course(self, job: Object) -> Course:
        return self._courses.setdefault(job["metadata"]["uid"], Course(self._plane.now()))

    def _pods(self, job: Object) -> Pods:
        pods = self._plane.family.children(job, POD)
        phases = [dig(pod, "status", "phase") for pod in pods]
        active = [pod for pod in pods if is_active(pod)]
        return Pods(active, phases.count("Succeeded"), phases.count("Failed"))

    def _end(self, job: Object, pods: Pods) -> list[Object]:
        """The conditions of a job that is over; none for one that is not."""
        spec, now = job["spec"], self._plane.now()
        wanted = spec.get("completions", 1)
        if pods.succeeded >= wanted:
            reached = "Reached expected number of succeeded pods"
            self._plane.recorder.say(job, _COMPONENT, "Completed", "Job completed")
            return [
                condition("SuccessCriteriaMet", True, "CompletionsReached", reached),
                condition("Complete", True, "CompletionsReached", reached),
            ]
        restarts = sum(
            item.get("restartCount", 0)
            for pod in pods.active
            for item in dig(pod, "status", "containerStatuses", default=[])
        )
        if pods.failed + restarts > spec["backoffLimit"]:
            return self._given_up(job, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None:
            late = self._course(job).began + deadline
            if now >= late:
                return self._given_up(job, "DeadlineExceeded", "Job was active longer than specified deadline")
            self._plane.worklist.alarm(JOB, job, late)
        return []

    def _given_up(self, job: Object, reason: str, message: str) -> list[Object]:
        self._plane.recorder.say(job, _COMPONENT, reason, message, kind="Warning")
        return [condition("FailureTarget", True, reason, message), condition("Failed", True, reason, message)]

    def _may_start(self, job: Object, pods: Pods) -> bool:
        """Whether the back-off after the last failure is over."""
        course, now = self._course(job), self._plane.now()
        if pods.failed > course.failures:
            course.failures, course.failed = pods.failed, now
        if not pods.failed:
            return True
        due = course.failed + min(_BACKOFF_SECONDS * 2 ** (pods.failed - 1), _LONGEST_SECONDS)
        if now < due:
            self._plane.worklist.alarm(JOB, job, due)
        return bool(now >= due)

    def _start(self, job: Object, pods: Pods) -> None:
        spec = job["spec"]
        left = spec.get("completions", 1) - pods.succeeded
        for _ in range(min(spec.get("parallelism", 1), left) - len(pods.active)):
            pod = self._plane.pod(job, spec["template"])
            self._plane.recorder.say(job, _COMPONENT, "SuccessfulCreate", f"Created pod: {name_of(pod)}")

    def _say(self, job: Object, pods: Pods, end: list[Object]) -> None:
        stamp = self._plane.stamp()
        found = list(end)
        if job["spec"]["suspend"]:
            found.append(condition("Suspended", True, "JobSuspended", "Job suspended"))
        counts = {
            "active": 0 if end else len(pods.active),
            "ready": sum(map(is_ready, pods.active)),
            "succeeded": pods.succeeded,
            "failed": pods.failed,
        }
        status: Object = {name: value for name, value in counts.items() if value or name == "ready"}
        if not job["spec"]["suspend"]:
            status["startTime"] = dig(job, "status", "startTime", default=stamp)
        if any(item["type"] == "Complete" for item in end):
            status["completionTime"] = stamp
        status["uncountedTerminatedPods"] = {}
        if found:
            status["conditions"] = [{"lastProbeTime": stamp, **item} for item in settled(job, found, stamp)]
        self._plane.registry.set_status(JOB, job, status)
        if end:
            self._expire(job)

    def _expire(self, job: Object) -> None:
        """Deletes a finished job ``ttlSecondsAfterFinished`` after its end."""
        keep = job["spec"].get("ttlSecondsAfterFinished")
        if keep is None:
            return
        course, now = self._course(job), self._plane.now()
        course.over = over = now if course.over is None else course.over
        if now < over + keep:
            self._plane.worklist.alarm(JOB, job, over + keep)
        else:
            self._plane.delete(JOB, job)


def is_finished(job: Object) -> bool:
    """Whether it is complete, or failed for good."""
    found = dig(job, "status", "conditions", default=[])
    return any(item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in found)
