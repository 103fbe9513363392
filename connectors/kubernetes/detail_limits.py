"""A quota by its resources, a disruption budget by the pods under it, a cron job by its last runs."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.kubernetes.budgets import Budget
from connectors.kubernetes.detail_extra import extra_of
from connectors.kubernetes.detail_pods import COLUMNS as PODS
from connectors.kubernetes.detail_pods import Choice, pods_of
from connectors.kubernetes.inquiry import Inquiry, cell
from connectors.kubernetes.jobs import CronJob, Job, observed_job
from connectors.kubernetes.objects import Selector, selector_text
from connectors.kubernetes.quotas import Quota, shares
from connectors.kubernetes.read import Reading
from connectors.kubernetes.resources import BUDGETS, CRON_JOBS, JOBS, QUOTAS
from connectors.kubernetes.times import age, epoch, spoken
from console.model.snapshot import Detail

JOB_PAGES = 4  # of 500 jobs that are looked through for those of one cron job
RUNS = 20


async def quota_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    one: Quota = await inquiry.object(QUOTAS, namespace, name)
    hard, used = one.status.hard or {}, one.status.used or {}
    ratios = {share.resource: share.ratio for share in shares(one)}
    rows = tuple(
        (
            cell(resource),
            cell(used.get(resource, "?")),
            cell(limit),
            f"{ratios[resource]:.0%}" if resource in ratios else "",
        )
        for resource, limit in sorted(hard.items(), key=lambda item: -ratios.get(item[0], 0.0))
    )
    extra = dict(extra_of(one.metadata))
    if one.scoped:
        extra["scope"] = cell(", ".join(one.spec.scopes or ("a selector",)))
    return Detail(
        inquiry.component, inquiry.at, f"quota {name}", ("resource", "used", "hard", "ratio"), rows, extra=extra
    )


async def budget_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    one: Budget = await inquiry.object(BUDGETS, namespace, name)
    status, spec = one.status, one.spec
    selector = selector_text(spec.selector or Selector())
    found = await pods_of(inquiry, Choice(namespace, (("labelSelector", selector),), status.expected_pods))
    bound = (
        f"at least {spec.min_available}" if spec.min_available is not None else f"at most {spec.max_unavailable} away"
    )
    extra = {
        "healthy": f"{status.current_healthy} of {status.expected_pods}, {bound}",
        "may be taken away now": str(status.disruptions_allowed),
        **found.extra,
        **dict(extra_of(one.metadata)),
    }
    title = f"pods under budget {name}"
    return Detail(inquiry.component, inquiry.at, title, PODS, found.rows, found.more, extra, found.into)


async def cron_job_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    """The newest runs, of those that the cluster still keeps."""
    one: CronJob = await inquiry.object(CRON_JOBS, namespace, name)
    jobs = await _jobs_of(inquiry, one)
    shown = sorted(jobs, key=lambda job: -job.began)[:RUNS]
    reading = Reading(inquiry.source, inquiry.at)
    rows = tuple(_run(job, reading) for job in shown)
    extra = {**dict(_schedule(one, inquiry.at)), **dict(extra_of(one.metadata))}
    return Detail(
        inquiry.component,
        inquiry.at,
        f"runs of {name}",
        ("job", "state", "began", "took", "why"),
        rows,
        len(jobs) - len(shown),
        extra,
        tuple(inquiry.id("job", namespace, job.metadata.name) for job in shown),
    )


async def _jobs_of(inquiry: Inquiry, cron: CronJob) -> list[Job]:
    found: list[Job] = []
    after = ""
    for _ in range(JOB_PAGES):
        page, _problems = await inquiry.page(JOBS, cron.metadata.namespace, after)
        found += [job for job in page.items or () if _is_of(job, cron)]
        after = page.metadata.continue_
        if not after:
            break
    return found


def _is_of(job: Job, cron: CronJob) -> bool:
    owners = job.metadata.owner_references or ()
    return any(owner.kind == "CronJob" and owner.name == cron.metadata.name for owner in owners)


def _run(job: Job, reading: Reading) -> tuple[str, ...]:
    seen = observed_job(job, reading)
    end = epoch(job.status.completion_time)
    took = spoken(max(end - job.began, 0.0)) if end is not None else ""
    return job.metadata.name, seen.state, f"{spoken(max(reading.at - job.began, 0.0))} ago", took, ", ".join(seen.notes)


def _schedule(one: CronJob, now: float) -> Iterator[tuple[str, str]]:
    yield "schedule", cell(f"{one.spec.schedule} {one.spec.time_zone or ''}".strip())
    for what, stamp in (
        ("last started", one.status.last_schedule_time),
        ("last succeeded", one.status.last_successful_time),
    ):
        passed = age(stamp, now)
        yield what, "never" if passed is None else f"{spoken(passed)} ago"
    if one.spec.suspend:
        yield "suspended", "yes"
