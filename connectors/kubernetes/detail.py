"""Drill-downs: the pods of a workload, the reasons of an autoscaler. Asked for one component at a time.

Pods come as the server's own table (a tenth of the time and memory of the objects), by the workload's selector, one
page of them: a person reads the first hundred, and how many more there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from connectors.kubernetes.client import Api
from connectors.kubernetes.facts import AUTOSCALER_FACTS, value_of
from connectors.kubernetes.marks import UnreadableMarks, decode
from connectors.kubernetes.objects import Autoscaler, Metadata, Table, Workload, selector_text
from connectors.kubernetes.read import marks_text
from connectors.kubernetes.write import Target
from console.model.component import ComponentId
from console.model.snapshot import Detail

SHOWN = 100  # pods
AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def detail_of(api: Api, target: Target, component: ComponentId, at: float) -> Detail:
    """Failed where the object, or its pods, cannot be read."""
    thing = target.get(api)
    if isinstance(thing, Autoscaler):
        return _of_autoscaler(thing, component, at)
    assert isinstance(thing, Workload)
    return _of_workload(api, target, thing, component, at)


def _of_workload(api: Api, target: Target, workload: Workload, component: ComponentId, at: float) -> Detail:
    query = (
        ("labelSelector", selector_text(workload.spec.selector)),
        ("limit", str(SHOWN)),
        ("includeObject", "None"),
    )
    pods = api.get(f"/api/v1/namespaces/{target.namespace}/pods", Table, query, AS_TABLE)
    shown = [index for index, column in enumerate(pods.column_definitions) if column.priority == 0]
    rows = tuple(tuple(_text(row.cells[index]) for index in shown) for row in pods.rows or ())
    columns = tuple(pods.column_definitions[index].name.lower() for index in shown)
    more = _more(pods, workload)
    return Detail(component, at, f"pods of {target.name}", columns, rows, more, dict(_extra(workload.metadata)))


def _more(pods: Table, workload: Workload) -> int:
    """Pods beyond the page. A server does not count the rest of a list by selector: the status does."""
    if not pods.metadata.continue_:
        return 0
    left = pods.metadata.remaining_item_count
    return left if left is not None else max(1, workload.status.replicas - len(pods.rows or ()))


def _of_autoscaler(one: Autoscaler, component: ComponentId, at: float) -> Detail:
    facts = ((fact, _text(value_of(one, fact)), "") for fact in AUTOSCALER_FACTS)
    conditions = (
        (condition.type, condition.status, f"{condition.reason or ''}: {condition.message or ''}")
        for condition in one.status.conditions or ()
    )
    extra = dict(_extra(one.metadata))
    extra["scales"] = f"{one.spec.scale_target_ref.kind}/{one.spec.scale_target_ref.name}"
    if one.spec.behavior:
        extra["behavior"] = json.dumps(one.spec.behavior, sort_keys=True)
    title = f"autoscaler {one.metadata.name}"
    return Detail(component, at, title, ("what", "value", "why"), (*facts, *conditions), extra=extra)


def _extra(metadata: Metadata) -> Iterator[tuple[str, str]]:
    try:
        entries = decode(marks_text(metadata))
    except UnreadableMarks as unreadable:
        yield "marks", str(unreadable)
        return
    for entry in entries:
        yield f"{entry.fact} by {entry.run} {entry.step}", f"{entry.before} → {entry.after}: {entry.reason}"


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)
