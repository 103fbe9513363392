"""Where each number comes from, as one would ask for it with kubectl. Pure.

Most are one field of one object. What is computed here of several fields is asked for with all of them, in the order of
the computation.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from connectors.kubernetes.resources import RESOURCES
from connectors.settings.kubernetes import Settings
from console.model.component import ComponentId

_REPLICAS: Mapping[str, str] = {
    "desired": "{.spec.replicas}",
    "ready": "{.status.readyReplicas}",
    "unavailable": "{.status.unavailableReplicas} {.spec.replicas} {.status.availableReplicas}",
    "updated": "{.status.updatedReplicas}",
}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "deployment": _REPLICAS,
    "statefulset": _REPLICAS,
    "rollout": {
        **_REPLICAS,
        "canary_weight": "{.status.canary.weights.canary.weight} {.spec.strategy.canary.steps}",
        "canary_step": "{.status.currentStepIndex}",
    },
    "daemonset": {
        "desired": "{.status.desiredNumberScheduled}",
        "ready": "{.status.numberReady}",
        "unavailable": "{.status.numberUnavailable} {.status.desiredNumberScheduled} {.status.numberAvailable}",
        "updated": "{.status.updatedNumberScheduled}",
    },
    "hpa": {
        "hpa.current": "{.status.currentReplicas}",
        "hpa.desired": "{.status.desiredReplicas}",
        "hpa.cpu": "{.status.currentMetrics}",
        "hpa.demand": "{.spec.metrics} {.status.currentMetrics}",
        "hpa.min": "{.spec.minReplicas}",
        "hpa.max": "{.spec.maxReplicas}",
        "hpa.scale_down": "{.spec.behavior}",
    },
    "job": {
        "active": "{.status.active}",
        "succeeded": "{.status.succeeded}",
        "failed": "{.status.failed}",
        "completions": "{.spec.completions}",
    },
    "pdb": {
        "disruptions_allowed": "{.status.disruptionsAllowed}",
        "healthy": "{.status.currentHealthy}",
        "healthy_least": "{.status.desiredHealthy}",
        "expected": "{.status.expectedPods}",
    },
    "node": {"up": "{.status.conditions[?(@.type=='Ready')].status}"},
    "cronjob": {
        "active": "{.status.active}",
        "since_start": "{.status.lastScheduleTime}",
        "since_success": "{.status.lastSuccessfulTime}",
        "overdue": "{.spec.schedule} {.spec.timeZone} {.status.lastScheduleTime}",
    },
    "quota": {"quota_ratio": "{.status.used} {.status.hard}"},
    "scaledobject": {
        "scaledobject.min": "{.spec.minReplicaCount}",
        "scaledobject.max": "{.spec.maxReplicaCount}",
        "scaledobject.paused": "{.metadata.annotations}",
    },
}


_OF_NAMESPACE: Mapping[str, tuple[str, ...]] = {
    "warnings": ("get", "events", "--field-selector", "type=Warning"),
    "quota_room": ("get", "resourcequotas", "-o", "yaml"),
}
_USED = ("cpu", "memory_ratio")  # of nodes, by the metrics API


def behind(component: ComponentId, signal: str, settings: Settings) -> str:
    """The command that prints the field, or the object where the signal is of all of it; "" where there is none."""
    match component.split("/"):
        case [_, kind, namespace, name] if kind in RESOURCES and namespace and name:
            asked = _OF_NAMESPACE.get(signal) or _field(kind, name, signal)
            return _kubectl(settings, "-n", namespace, *asked)
        case [_, "node", name] if name:
            return _kubectl(settings, *(("top", "node", name) if signal in _USED else _field("node", name, signal)))
        case [_, "nodes"]:
            return _kubectl(settings, *(("top", "nodes") if signal in _USED else ("get", "nodes")))
    return ""


def _field(kind: str, name: str, signal: str) -> tuple[str, ...]:
    field = _FIELDS.get(kind, {}).get(signal)
    return ("get", RESOURCES[kind].name, name, "-o", f"jsonpath={field}" if field else "yaml")


def _kubectl(settings: Settings, *words: str) -> str:
    """With the file and the context that the config names; without them kubectl finds the same ones itself."""
    file = ["--kubeconfig", settings.kubeconfig] if settings.kubeconfig else []
    context = ["--context", settings.context] if settings.context else []
    return shlex.join(["kubectl", *file, *context, *words])
