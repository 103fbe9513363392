"""Jobs and cron jobs as components: what runs, what failed for good, and when a schedule last came to anything. Pure.

A cluster keeps thousands of jobs that are over. Shown are those that run, and those that ended within the last hour,
the newest first; how the last run of a cron job ended is said on the cron job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from connectors.failure import one_line
from connectors.kubernetes.objects import Condition, Metadata, Read, Selector
from connectors.kubernetes.read import WORDS, Reading, held
from connectors.kubernetes.schedule import overdue
from connectors.kubernetes.times import age, epoch, spoken
from console.model.signal import Unit
from console.model.snapshot import Observed

RECENT = 3600.0  # estate seconds that a job which is over is still shown
SHOWN = 200  # jobs of a reading
PATIENCE = 60.0  # estate seconds for the controller, which looks every ten


class JobSpec(Read, frozen=True):
    parallelism: int | None = None
    completions: int | None = None
    backoff_limit: int | None = None
    suspend: bool | None = None
    selector: Selector | None = None


class JobStatus(Read, frozen=True):
    active: int = 0
    ready: int | None = None
    succeeded: int = 0
    failed: int = 0
    start_time: str | None = None
    completion_time: str | None = None
    conditions: tuple[Condition, ...] | None = None


class Job(Read, frozen=True):
    metadata: Metadata
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()

    @property
    def outcome(self) -> Condition | None:
        """The condition that ended it, Complete or Failed; None while it is not over."""
        ends = (held(self.status.conditions, word) for word in ("Failed", "Complete"))
        return next((end for end in ends if end is not None and end.status == "True"), None)

    @property
    def failed(self) -> bool:
        return self.outcome is not None and self.outcome.type == "Failed"

    @property
    def began(self) -> float:
        """Epoch seconds; of its creation where it has not started yet."""
        return epoch(self.status.start_time) or epoch(self.metadata.creation_timestamp) or 0.0


class CronJobSpec(Read, frozen=True):
    schedule: str = ""
    time_zone: str | None = None
    suspend: bool | None = None


class ObjectReference(Read, frozen=True):
    name: str = ""


class CronJobStatus(Read, frozen=True):
    active: tuple[ObjectReference, ...] | None = None
    last_schedule_time: str | None = None
    last_successful_time: str | None = None


class CronJob(Read, frozen=True):
    metadata: Metadata
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


for _shape in (Job, CronJob):
    msgspec.json.Decoder(_shape)  # learnt while this module is imported: see objects.py


def shown(jobs: Iterable[Job], now: float) -> list[Job]:
    """Those that a person wants to see, newest first: all that run and what ended lately, ``SHOWN`` at most."""
    wanted = (job for job in jobs if job.outcome is None or now - _ended(job) < RECENT)
    return sorted(wanted, key=lambda job: (job.outcome is not None, -job.began))[:SHOWN]


def _ended(job: Job) -> float:
    """Epoch seconds. A job that failed has no completion time: its condition says when."""
    end = job.outcome
    return epoch(job.status.completion_time) or epoch(end.last_transition_time if end else None) or job.began


def last_runs(jobs: Iterable[Job]) -> Mapping[tuple[str, str], Job]:
    """(namespace, cron job) → the newest of its jobs that is over."""
    found: dict[tuple[str, str], Job] = {}
    for job in jobs:
        for owner in job.metadata.owner_references or ():
            key = (job.metadata.namespace, owner.name)
            if owner.kind == "CronJob" and job.outcome and (key not in found or found[key].began < job.began):
                found[key] = job
    return found


def observed_job(one: Job, reading: Reading) -> Observed:
    """Pods that run, ended well and failed; why it failed where it is over."""
    status = one.status
    wanted = one.spec.completions if one.spec.completions is not None else one.spec.parallelism
    return Observed(
        reading.id("job", one.metadata),
        (
            reading.count("active", status.active),
            reading.count("succeeded", status.succeeded),
            reading.count("failed", status.failed),
            reading.count("completions", 1 if wanted is None else wanted),
            reading.signal(
                "running_for", _running_for(one, reading.at), Unit.SECONDS, "" if one.outcome is None else "over"
            ),
        ),
        state=_state(one),
        notes=tuple(_notes(one)),
    )


def _running_for(one: Job, now: float) -> float | None:
    return age(one.status.start_time, now) if one.outcome is None and not one.spec.suspend else None


def _state(one: Job) -> str:
    if one.outcome is not None:
        return one.outcome.type
    if one.spec.suspend:
        return "Suspended"
    return "Running" if one.status.active else "Pending"


def _notes(one: Job) -> Iterator[str]:
    """``BackoffLimitExceeded`` and the like; how many tries are left of a job that has failed before."""
    if one.failed and one.outcome is not None:
        yield one_line(one.outcome.reason or "failed", WORDS)
    elif one.outcome is None and one.status.failed and one.spec.backoff_limit is not None:
        yield f"{one.status.failed} failed, {one.spec.backoff_limit} allowed"


def observed_cron_job(one: CronJob, last: Job | None, reading: Reading) -> Observed:
    """How long ago it last started and last succeeded. ``last``: the newest of its runs that is over."""
    status, now = one.status, reading.at
    started, succeeded = age(status.last_schedule_time, now), age(status.last_successful_time, now)
    late = _late(one, now)
    never = "never"
    return Observed(
        reading.id("cronjob", one.metadata),
        (
            reading.count("active", len(status.active or ())),
            reading.signal("since_start", started, Unit.SECONDS, never if started is None else ""),
            reading.signal("overdue", late, Unit.SECONDS, "its schedule cannot be told" if late is None else ""),
            reading.signal("since_success", succeeded, Unit.SECONDS, never if succeeded is None else ""),
            reading.count(
                "last_failed", None if last is None else int(last.failed), "no run is over" if last is None else ""
            ),
        ),
        state="Suspended" if one.spec.suspend else "Scheduled",
        notes=(*_cron_notes(one, last, now), *((f"missed {spoken(late)} ago",) if late else ())),
    )


def _late(one: CronJob, now: float) -> float | None:
    """Seconds since a start that did not come; the controller gets ``PATIENCE`` to make it."""
    if one.spec.suspend:
        return 0.0
    started = epoch(one.status.last_schedule_time) or epoch(one.metadata.creation_timestamp)
    late = overdue(one.spec.schedule, one.spec.time_zone, started, now)
    return late if late is None or late > PATIENCE else 0.0


def _cron_notes(one: CronJob, last: Job | None, now: float) -> Iterator[str]:
    yield one_line(f"at {one.spec.schedule}" + (f" {one.spec.time_zone}" if one.spec.time_zone else ""), WORDS)
    if (running := len(one.status.active or ())) > 1:
        yield f"{running} runs at once"
    if last is not None and last.failed and last.outcome is not None:
        yield one_line(f"last run failed {spoken(max(now - _ended(last), 0.0))} ago: {last.outcome.reason}", 2 * WORDS)
