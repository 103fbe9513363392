"""What the metrics of an autoscaler say: each proposes a number of replicas, or why it cannot.

Source: ``pkg/controller/podautoscaler`` (replica_calculator.go, horizontal.go) and the documentation of the algorithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.simulator.kubernetes import scaling
from connectors.simulator.kubernetes.objects import Object, dig
from connectors.simulator.kubernetes.quantities import amount, requested, shown
from connectors.simulator.kubernetes.scaling import Load
from connectors.simulator.kubernetes.tally import Count
from connectors.simulator.tick import IDLE, Tick, Usage

External = Callable[[str, Mapping[str, str]], float | None]  # a metric's name and its labels -> its value


@dataclass(frozen=True, slots=True)
class Target:
    """What is scaled: its replicas and pods, the spec of one, and what each uses; None: nobody measures it."""

    replicas: int
    count: Count
    pod: Object
    used: Usage | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """``metric`` is how messages name it; ``current`` its entry in the status."""

    replicas: int
    metric: str
    current: Object


@dataclass(frozen=True, slots=True)
class Missing:
    """A metric that cannot be had: the reason of the ScalingActive condition, and its message."""

    reason: str
    message: str


def external_of(tick: Tick, known: Mapping[str, str]) -> External:
    """Values of external metrics in one second: lags of consumer groups.

    ``known``: names that an adapter serves (KEDA's), and the group that each is about. Besides, every group's lag is
    there as ``kafka_consumergroup_lag`` with the label ``consumergroup``.
    """
    lags = {
        group.name: float(sum(part.end - part.committed for part in group.partitions if part.committed is not None))
        for group in tick.groups
    }

    def value(name: str, labels: Mapping[str, str]) -> float | None:
        group = known.get(name) or (labels.get("consumergroup", "") if name == "kafka_consumergroup_lag" else "")
        return lags.get(group)

    return value


def measured(spec: Object, target: Target, external: External) -> Proposal | Missing:
    """One metric of an autoscaler's spec."""
    kind = spec.get("type")
    if kind == "Resource":
        return _resource(spec["resource"], target, "resource", "Resource")
    if kind == "ContainerResource":
        return _resource(spec["containerResource"], target, "containerResource", "ContainerResource")
    if kind == "External":
        return _external(spec["external"], target, external)
    name = dig(spec, str(kind).lower(), "metric", "name", default="")
    why = f"unable to get metric {name}: no metrics returned from custom metrics API"
    return Missing(f"FailedGet{kind}Metric", f"the HPA was unable to compute the replica count: {why}")


def _resource(source: Object, target: Target, field: str, kind: str) -> Proposal | Missing:
    name, wanted = source.get("name", ""), source.get("target", {})
    unit = "percentage of request" if "averageUtilization" in wanted else "average value"
    asked = requested(target.pod, name)
    why = ""
    if target.used is None or not target.count.ready:
        why = f"unable to get metrics for resource {name}: no metrics returned from resource metrics API"
    elif "averageUtilization" in wanted and not asked:
        why = f"missing request for {name}"
    if why:
        message = f"the HPA was unable to compute the replica count: failed to get {name} utilization: {why}"
        return Missing(f"FailedGet{kind}Metric", message)
    goal = amount(wanted.get("averageUtilization", wanted.get("averageValue", "")))
    if not goal > 0:  # a quantity that is none
        return Missing("InvalidMetricSourceType", "the HPA was unable to compute the replica count: no target is set")
    used = target.used or IDLE
    each = used.cpu * requested(target.pod, "cpu") if name == "cpu" else used.memory
    unready = target.count.living - target.count.ready if name == "cpu" else 0  # memory: all that run are measured
    if "averageUtilization" in wanted:
        percent, goal = math.floor(each / asked * 100 + 1e-9), int(goal)
        now: Object = {
            "averageUtilization": percent,
            "averageValue": shown(math.floor(percent * asked * 10) / 1000, name),
        }
    else:
        percent, goal = math.floor(each / goal * 100 + 1e-9), 100
        now = {"averageValue": shown(each, name)}
    load = Load(target.count.ready, unready, percent)
    entry = {"name": name, "current": now, **({"container": source["container"]} if "container" in source else {})}
    replicas = scaling.proposed(target.replicas, load, goal)
    return Proposal(replicas, f"{name} resource utilization ({unit})", {"type": kind, field: entry})


def _external(source: Object, target: Target, external: External) -> Proposal | Missing:
    metric, wanted = source.get("metric", {}), source.get("target", {})
    name, labels = str(metric.get("name", "")), dig(metric, "selector", "matchLabels", default={})
    value = external(name, labels)
    described = f"external metric {name}({_selector(metric.get('selector'))})"
    if value is None:
        why = f"unable to get external metric {name}: no metrics returned from external metrics API"
        return Missing("FailedGetExternalMetric", f"the HPA was unable to compute the replica count: {why}")
    goal = amount(wanted.get("averageValue", wanted.get("value", "")))
    if not goal > 0:
        return Missing("InvalidMetricSourceType", "the HPA was unable to compute the replica count: no target is set")
    if "averageValue" in wanted:
        replicas = scaling.shared(target.replicas, value, goal)
        now: Object = {"averageValue": shown(value / max(target.replicas, 1), name)}
    else:
        replicas = scaling.proportional(target.replicas, target.count.ready, value / goal)
        now = {"value": shown(value, name)}
    entry = {"metric": metric, "current": now}
    return Proposal(replicas, described, {"type": "External", "external": entry})


def _selector(selector: Object | None) -> str:
    """As Go prints a label selector in messages."""
    if not selector:
        return "nil"
    labels = " ".join(f"{key}: {value}," for key, value in dig(selector, "matchLabels", default={}).items())
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    )
