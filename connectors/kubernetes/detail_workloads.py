"""The pods of a workload, a rollout or a job, and what is to be known of it beside them."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.kubernetes.argo_rollouts import Rollout, Step
from connectors.kubernetes.detail_extra import extra_of
from connectors.kubernetes.detail_pods import COLUMNS, Choice, pods_of
from connectors.kubernetes.inquiry import Inquiry, cell
from connectors.kubernetes.objects import Condition, Metadata, Selector, selector_text
from connectors.kubernetes.resources import JOBS, RESOURCES, ROLLOUTS
from connectors.kubernetes.workloads import DaemonSet
from console.model.snapshot import Detail

_FINE = {
    ("Available", "True"),
    ("Progressing", "True"),
    ("Healthy", "True"),
    ("Completed", "True"),
    ("Paused", "False"),
}


async def workload_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    """Of a deployment, a stateful set or a daemon set."""
    one = await inquiry.object(RESOURCES[inquiry.component.split("/")[1]], namespace, name)
    count = one.status.desired_number_scheduled if isinstance(one, DaemonSet) else one.status.replicas
    extra = {**dict(extra_of(one.metadata)), **dict(conditions_of(one.status.conditions))}
    return await _with_pods(inquiry, one.metadata, selector_text(one.spec.selector), count, extra)


async def rollout_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    one: Rollout = await inquiry.object(ROLLOUTS, namespace, name)
    selector = selector_text(one.spec.selector) if one.spec.selector else one.status.selector
    extra = {**dict(extra_of(one.metadata)), **dict(_progress(one)), **dict(conditions_of(one.status.conditions))}
    return await _with_pods(inquiry, one.metadata, selector, one.status.replicas or 0, extra)


async def job_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    one = await inquiry.object(JOBS, namespace, name)
    count = one.status.active + one.status.succeeded + one.status.failed
    extra = {**dict(extra_of(one.metadata)), **dict(conditions_of(one.status.conditions))}
    return await _with_pods(inquiry, one.metadata, selector_text(one.spec.selector or Selector()), count, extra)


async def _with_pods(inquiry: Inquiry, metadata: Metadata, selector: str, count: int, extra: dict[str, str]) -> Detail:
    title = f"pods of {metadata.name}"
    if not selector:  # it would select everything
        return Detail(inquiry.component, inquiry.at, title, COLUMNS, (), extra={**extra, "pods": "it selects none"})
    found = await pods_of(inquiry, Choice(metadata.namespace, (("labelSelector", selector),), count))
    return Detail(
        inquiry.component,
        inquiry.at,
        title,
        COLUMNS,
        found.rows,
        found.more,
        {**found.extra, **extra},
        found.into,
    )


def conditions_of(conditions: tuple[Condition, ...] | None) -> Iterator[tuple[str, str]]:
    """Those that say that something is not as it should be, with the words."""
    for one in conditions or ():
        if (one.type, one.status) not in _FINE and (one.message or one.reason):
            yield cell(one.type), cell(f"{one.status}: {one.message or one.reason}")


def _progress(one: Rollout) -> Iterator[tuple[str, str]]:
    """Where a canary stands among its steps, which version is active, why it waits."""
    status = one.status
    if one.steps:
        now = status.current_step_index if one.rolling else None
        texts = [f"[{_step(step)}]" if index == now else _step(step) for index, step in enumerate(one.steps)]
        yield "steps", cell(" → ".join(texts))
    if one.weight is not None:
        yield "canary", f"{one.weight:.0%} of the traffic"
    if one.spec.strategy.blue_green is not None and status.blue_green is not None:
        yield "active", cell(status.blue_green.active_selector)
        yield "preview", cell(status.blue_green.preview_selector)
    if adopted := one.adopts:
        yield "took over", cell(" ".join(adopted))
    if status.message:
        yield "says", cell(status.message)


def _step(step: Step) -> str:
    if step.set_weight is not None:
        return f"{step.set_weight}%"
    if step.pause is not None:
        return cell(f"pause {step.pause.get('duration', 'until promoted')}")
    return "other"
