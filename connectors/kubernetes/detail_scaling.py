"""What an autoscaler or a scaled object sees, wants and is held back by."""

from __future__ import annotations

import json
from collections.abc import Iterator

from connectors.kubernetes.detail_extra import extra_of
from connectors.kubernetes.detail_pod import event_rows, events_about
from connectors.kubernetes.facts import AUTOSCALER_FACTS, SCALED_OBJECT_FACTS, Thing, value_of
from connectors.kubernetes.inquiry import Inquiry, cell
from connectors.kubernetes.keda import ScaledObject
from connectors.kubernetes.metric_targets import loads, targets
from connectors.kubernetes.objects import Autoscaler, Condition
from connectors.kubernetes.resources import AUTOSCALERS, SCALED_OBJECTS
from console.model.snapshot import Detail

COLUMNS = ("what", "value", "why")
Cells = tuple[str, str, str]


async def autoscaler_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    one: Autoscaler = await inquiry.object(AUTOSCALERS, namespace, name)
    rows = (
        *_facts(one, AUTOSCALER_FACTS),
        *_metrics(one),
        *_conditions(one.status.conditions),
        *await _events(inquiry, namespace, "HorizontalPodAutoscaler", name),
    )
    target = one.spec.scale_target_ref
    extra = {**dict(extra_of(one.metadata)), "scales": cell(f"{target.kind}/{target.name}")}
    if one.spec.behavior:
        extra["behavior"] = cell(json.dumps(one.spec.behavior, sort_keys=True))
    return Detail(inquiry.component, inquiry.at, f"autoscaler {name}", COLUMNS, rows, extra=extra)


async def scaled_object_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    one: ScaledObject = await inquiry.object(SCALED_OBJECTS, namespace, name)
    rows = (
        *_facts(one, SCALED_OBJECT_FACTS),
        *(("trigger", cell(trigger.type), "") for trigger in one.spec.triggers or ()),
        *_conditions(one.status.conditions),
        *await _events(inquiry, namespace, "ScaledObject", name),
    )
    extra = {**dict(extra_of(one.metadata)), "scales": cell("/".join(one.target))}
    if one.status.hpa_name:
        extra["by"] = cell(f"autoscaler {one.status.hpa_name}")
    return Detail(inquiry.component, inquiry.at, f"scaled object {name}", COLUMNS, rows, extra=extra)


def _facts(thing: Thing, names: tuple[str, ...]) -> Iterator[Cells]:
    for name in names:
        yield name, cell(value_of(thing, name)), ""


def _metrics(one: Autoscaler) -> Iterator[Cells]:
    """Every metric with its target; those without a value say so, for they are why nothing is scaled."""
    seen = {load.name: load for load in loads(one)}
    for name, target in targets(one):
        load = seen.get(name)
        value = f"{load.current} of {load.target}" if load else f"? of {target}"
        yield cell(f"metric {name}"), cell(value), f"{load.ratio:.0%} of its target" if load else "no value"


def _conditions(conditions: tuple[Condition, ...] | None) -> Iterator[Cells]:
    for one in conditions or ():
        yield cell(one.type), cell(one.status), cell(f"{one.reason or ''}: {one.message or ''}")


async def _events(inquiry: Inquiry, namespace: str, kind: str, name: str) -> tuple[Cells, ...]:
    events = await events_about(inquiry, namespace, kind, name)
    return tuple(
        (f"{what} {since} ago".strip(), state, text) for what, state, since, text in event_rows(events, inquiry.at)
    )
