"""The horizontal pod autoscaler's controller: every 15 s it reads, proposes, and writes the target's replicas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.kubernetes import scaling
from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.conversion import cpu_target
from connectors.simulator.kubernetes.defaults import SCALE_DOWN, SCALE_UP
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, HPA
from connectors.simulator.kubernetes.members import counted
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.quantities import millicores
from connectors.simulator.kubernetes.scaling import Load, Past, Policy, Rules

_METRIC = "cpu resource utilization (percentage of request)"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one sync came to.

    ``wanted`` is the raw recommendation, before any window, policy or bound; None: there is none.
    """

    replicas: int
    wanted: int | None
    reason: str  # why it scales; "" where it does not
    able: Object
    active: Object
    limited: Object


class Autoscaler:
    """Syncs every HPA of the cluster; remembers a past for each of them."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._registry = plane.registry
        self._family = plane.family
        self._recorder = plane.recorder
        self._past: dict[str, Past] = {}

    def sync(self, t: float, cpu: Mapping[str, float]) -> None:
        """One round at simulated second ``t``; ``cpu`` is the share of the request that each deployment's pods use."""
        hpas = self._registry.store.of(HPA)
        for hpa in hpas:
            self._sync(hpa, t, cpu)
        present = {hpa["metadata"]["uid"] for hpa in hpas}
        self._past = {uid: past for uid, past in self._past.items() if uid in present}

    def _sync(self, hpa: Object, t: float, cpu: Mapping[str, float]) -> None:
        target = self._family.deployment(namespace_of(hpa), dig(hpa, "spec", "scaleTargetRef", "name", default=""))
        if target is None or dig(hpa, "spec", "scaleTargetRef", "kind") != DEPLOYMENT.name:
            self._registry.set_status(HPA, hpa, self._targetless(hpa))
            return
        load = self._load(target, cpu.get(name_of(target)))
        current = target["spec"]["replicas"]
        past = self._past.get(hpa["metadata"]["uid"], Past(recommended=((t, current),)))
        decision = decide(hpa, current, load, past, t)
        if decision.replicas != current:
            self._rescale(hpa, target, decision)
        remembered = scaling.remembered(past, t, decision.wanted, current, decision.replicas)
        self._past[hpa["metadata"]["uid"]] = remembered
        self._registry.set_status(HPA, hpa, self._status(hpa, target, decision, load, current))

    def _load(self, target: Object, cpu: float | None) -> Load | None:
        count = counted(self._family, self._plane.tally, target)
        if cpu is None or not count.ready:
            return None
        return Load(count.ready, count.living - count.ready, math.floor(cpu * 100 + 1e-9))

    def _rescale(self, hpa: Object, target: Object, decision: Decision) -> None:
        spec = {**target["spec"], "replicas": decision.replicas}
        self._registry.update(DEPLOYMENT, namespace_of(target), name_of(target), lambda obj: {**obj, "spec": spec})
        message = f"New size: {decision.replicas}; reason: {decision.reason}"
        self._recorder.say(hpa, "horizontal-pod-autoscaler", "SuccessfulRescale", message)

    def _status(self, hpa: Object, target: Object, decision: Decision, load: Load | None, current: int) -> Object:
        stamp = self._registry.times.stamp()
        found = settled(hpa, [decision.able, decision.active, decision.limited], stamp)
        pods = counted(self._family, self._plane.tally, target).living
        status: Object = {"currentReplicas": pods, "desiredReplicas": decision.replicas, "conditions": found}
        if load is not None:
            milli = load.percent * _cpu_request(target) // 100
            value = {"averageUtilization": load.percent, "averageValue": f"{milli}m"}
            status["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": value}}]
        scaled = stamp if decision.replicas != current else dig(hpa, "status", "lastScaleTime")
        return {**status, **({"lastScaleTime": scaled} if scaled else {})}

    def _targetless(self, hpa: Object) -> Object:
        name = dig(hpa, "spec", "scaleTargetRef", "name", default="")
        message = (
            f'the HPA controller was unable to get the target\'s current scale: deployments.apps "{name}" not found'
        )
        failed = condition("AbleToScale", False, "FailedGetScale", message)
        found = settled(hpa, [failed], self._registry.times.stamp())
        return {"currentReplicas": 0, "desiredReplicas": 0, "conditions": found}


def decide(hpa: Object, current: int, load: Load | None, past: Past, t: float) -> Decision:
    """One sync, without its writes. ``load`` None: no metrics (an unknown workload, or no ready pod)."""
    spec = hpa["spec"]
    low, high, target = spec["minReplicas"], spec["maxReplicas"], cpu_target(hpa)
    able = condition("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
    active = _active(current, load if target else None)
    if current == 0:
        return Decision(0, None, "", able, active, _bounded(low, low, high))
    if not low <= current <= high:  # the bounds hold at once, whatever the metrics say
        words = "above Spec.MaxReplicas" if current > high else "below Spec.MinReplicas"
        bound, limited = min(max(current, low), high), _bounded(current, low, high)
        return Decision(bound, None, f"Current number of replicas {words}", _rescaled(bound), active, limited)
    if target is None or load is None:
        return Decision(current, None, "", able, active, _bounded(current, low, high))
    wanted = scaling.proposed(current, load, target)
    able, after = _allowed(spec, current, wanted, past, t, able)
    replicas, limited = min(max(after, low), high), _bounded(after, low, high)
    if replicas == current:
        return Decision(current, wanted, "", able, active, limited)
    why = f"{_METRIC} above target" if replicas > current else "All metrics below target"
    return Decision(replicas, wanted, why, _rescaled(replicas), active, limited)


def _allowed(spec: Object, current: int, wanted: int, past: Past, t: float, able: Object) -> tuple[Object, int]:
    behavior = spec.get("behavior") or {}
    up, down = _rules(behavior.get("scaleUp"), SCALE_UP), _rules(behavior.get("scaleDown"), SCALE_DOWN)
    held = scaling.stabilised(current, wanted, past, t, up, down)
    if held > wanted:
        message = "recent recommendations were higher than current one, applying the highest recent recommendation"
        able = condition("AbleToScale", True, "ScaleDownStabilized", message)
    return able, scaling.limited(current, held, past, t, up, down)


def _rules(given: Object | None, default: Object) -> Rules:
    rules = {**default, **(given or {})}
    policies = tuple(Policy(item["type"], item["value"], item["periodSeconds"]) for item in rules["policies"])
    return Rules(rules["stabilizationWindowSeconds"], rules["selectPolicy"], policies)


def _active(current: int, load: Load | None) -> Object:
    if current == 0:
        message = "scaling is disabled since the replica count of the target is zero"
        return condition("ScalingActive", False, "ScalingDisabled", message)
    if load is None:
        message = f"the HPA was unable to compute the replica count: failed to get {_METRIC}: no metrics for ready pods"
        return condition("ScalingActive", False, "FailedGetResourceMetric", message)
    message = f"the HPA was able to successfully calculate a replica count from {_METRIC}"
    return condition("ScalingActive", True, "ValidMetricFound", message)


def _rescaled(replicas: int) -> Object:
    message = f"the HPA controller was able to update the target scale to {replicas}"
    return condition("AbleToScale", True, "SucceededRescale", message)


def _bounded(wanted: int, low: int, high: int) -> Object:
    if wanted > high:
        message = "the desired replica count is more than the maximum replica count"
        return condition("ScalingLimited", True, "TooManyReplicas", message)
    if wanted < low:
        message = "the desired replica count is less than the minimum replica count"
        return condition("ScalingLimited", True, "TooFewReplicas", message)
    return condition("ScalingLimited", False, "DesiredWithinRange", "the desired count is within the acceptable range")


def _cpu_request(target: Object) -> int:
    """Millicores that the pods of a deployment ask for."""
    containers = dig(target, "spec", "template", "spec", "containers", default=[])
    return sum(millicores(dig(item, "resources", "requests", "cpu", default="0")) for item in containers)
