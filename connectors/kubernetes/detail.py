"""Drill-downs: what a person asks about one component, once, by the kind of it.

    kubernetes/deployment/shop/api ──► its pods ──► kubernetes/pod/shop/api-7c9f8-x2k4q ──► containers, events, log

Rows that can be drilled into in turn carry their id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from connectors.failure import Failed
from connectors.kubernetes.detail_limits import budget_detail, cron_job_detail, quota_detail
from connectors.kubernetes.detail_nodes import node_detail, nodes_detail
from connectors.kubernetes.detail_pod import pod_detail
from connectors.kubernetes.detail_scaling import autoscaler_detail, scaled_object_detail
from connectors.kubernetes.detail_workloads import job_detail, rollout_detail, workload_detail
from connectors.kubernetes.inquiry import Inquiry
from console.model.snapshot import Detail, FailureKind

_DETAILS: Mapping[str, Callable[[Inquiry, str, str], Awaitable[Detail]]] = {
    "deployment": workload_detail,
    "statefulset": workload_detail,
    "daemonset": workload_detail,
    "rollout": rollout_detail,
    "job": job_detail,
    "hpa": autoscaler_detail,
    "scaledobject": scaled_object_detail,
    "pdb": budget_detail,
    "quota": quota_detail,
    "cronjob": cron_job_detail,
    "pod": pod_detail,
}
"""By the kind in a component's id: what is asked, of a namespace and a name in it."""


async def detail_of(inquiry: Inquiry) -> Detail:
    """Failed where there is no such thing, or what was asked for cannot be read."""
    match inquiry.component.split("/"):
        case [_, kind, namespace, name] if kind in _DETAILS and namespace and name:
            return await _DETAILS[kind](inquiry, namespace, name)
        case [_, "nodes"]:
            return await nodes_detail(inquiry)
        case [_, "node", name] if name:
            return await node_detail(inquiry, name)
    raise Failed(FailureKind.NOT_FOUND, f"{inquiry.component} is nothing that Kubernetes has")
