"""The horizontal pod autoscaler's controller: every 15 s it reads, proposes, and writes the target's replicas."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes import scaling
from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.defaults import SCALE_DOWN, SCALE_UP
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, HPA, REPLICASET, STATEFULSET, Kind
from connectors.simulator.kubernetes.measures import (
    External,
    Missing,
    Proposal,
    Target,
    external_of,
    measured,
)
from connectors.simulator.kubernetes.members import counted
from connectors.simulator.kubernetes.objects import Object, dig, namespace_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.scaling import Past, Policy, Rules
from connectors.simulator.tick import Tick

_COMPONENT = "horizontal-pod-autoscaler"
_UNABLE = "the HPA was unable to compute the replica count: "
_SCALED = {kind.name: kind for kind in (DEPLOYMENT, STATEFULSET, REPLICASET)}
_GOT = "the HPA controller was able to get the target's current scale"
_VALID = "the HPA was able to successfully calculate a replica count from"
_DISABLED = condition(
    "ScalingActive", False, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero"
)


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
    limited: Object | None  # None: there is nothing to say of bounds


@dataclass(frozen=True, slots=True)
class Advice:
    """What an autoscaler's metrics come to: those that could be had, and the first that could not."""

    found: tuple[Proposal, ...] = ()
    missing: Missing | None = None

    @property
    def best(self) -> Proposal | None:
        """The one that wants most; the first of those that want the same."""
        return max(self.found, key=lambda proposal: proposal.replicas, default=None)


class Autoscaler:
    """Syncs every HPA of the cluster; remembers a past for each of them."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._past: dict[str, Past] = {}
        self.external: dict[str, str] = {}  # names of external metrics -> the consumer group whose lag they are

    def sync(self, t: float, tick: Tick) -> None:
        """One round at simulated second ``t``, after what ``tick`` says that pods use."""
        hpas = self._plane.registry.store.of(HPA)
        external = external_of(tick, self.external)
        for hpa in hpas:
            self._sync(hpa, t, tick, external)
        present = {hpa["metadata"]["uid"] for hpa in hpas}
        self._past = {uid: past for uid, past in self._past.items() if uid in present}

    def _sync(self, hpa: Object, t: float, tick: Tick, external: External) -> None:
        kind = _SCALED.get(str(dig(hpa, "spec", "scaleTargetRef", "kind")))
        name = dig(hpa, "spec", "scaleTargetRef", "name", default="")
        scaled = self._plane.registry.store.get(kind, namespace_of(hpa), name) if kind else None
        if kind is None or scaled is None:
            self._plane.registry.set_status(HPA, hpa, self._targetless(hpa))
            return
        count = counted(self._plane.family, self._plane.tally, scaled)
        current = scaled["spec"]["replicas"]
        target = Target(current, count, scaled["spec"]["template"]["spec"], tick.usage.get(name))
        advice = advised(hpa, target, external)
        past = self._past.get(hpa["metadata"]["uid"], Past(recommended=((t, current),)))
        decision = decide(hpa, current, advice, past, t)
        if decision.replicas != current:
            self._rescale(hpa, kind, scaled, decision)
        remembered = scaling.remembered(past, t, decision.wanted, current, decision.replicas)
        self._past[hpa["metadata"]["uid"]] = remembered
        self._say(hpa, count.living, decision, advice, current)

    def _rescale(self, hpa: Object, kind: Kind, scaled: Object, decision: Decision) -> None:
        self._plane.respec(kind, scaled, replicas=decision.replicas)
        message = f"New size: {decision.replicas}; reason: {decision.reason}"
        self._plane.recorder.say(hpa, _COMPONENT, "SuccessfulRescale", message)

    def _say(self, hpa: Object, pods: int, decision: Decision, advice: Advice, current: int) -> None:
        stamp = self._plane.stamp()
        if advice.missing and current:
            said = advice.missing
            text = said.message.removeprefix(_UNABLE)  # which only the condition says
            self._plane.recorder.say(hpa, _COMPONENT, said.reason, text, kind="Warning")
        wanted = [item for item in (decision.able, decision.active, decision.limited) if item is not None]
        status: Object = {
            "currentReplicas": pods,
            "desiredReplicas": decision.replicas,
            "conditions": settled(hpa, wanted, stamp),
        }
        if advice.found:
            status["currentMetrics"] = [proposal.current for proposal in advice.found]
        if moved := stamp if decision.replicas != current else dig(hpa, "status", "lastScaleTime"):
            status["lastScaleTime"] = moved
        self._plane.registry.set_status(HPA, hpa, status)

    def _targetless(self, hpa: Object) -> Object:
        kind = _SCALED.get(str(dig(hpa, "spec", "scaleTargetRef", "kind")), DEPLOYMENT)
        name = dig(hpa, "spec", "scaleTargetRef", "name", default="")
        message = (
            f'the HPA controller was unable to get the target\'s current scale: {kind.resource} "{name}" not found'
        )
        self._plane.recorder.say(hpa, _COMPONENT, "FailedGetScale", message, kind="Warning")
        failed = condition("AbleToScale", False, "FailedGetScale", message)
        found = settled(hpa, [failed], self._plane.stamp())
        return {"currentReplicas": 0, "desiredReplicas": 0, "conditions": found}


def advised(hpa: Object, target: Target, external: External) -> Advice:
    """What each metric of the autoscaler says; nothing for a target without replicas, which is left alone."""
    if not target.replicas:
        return Advice()
    answers = [measured(spec, target, external) for spec in hpa["spec"].get("metrics", [])]
    found = tuple(answer for answer in answers if isinstance(answer, Proposal))
    return Advice(found, next((answer for answer in answers if isinstance(answer, Missing)), None))


def decide(hpa: Object, current: int, advice: Advice, past: Past, t: float) -> Decision:
    """One sync, without its writes."""
    spec = hpa["spec"]
    low, high = spec["minReplicas"], spec["maxReplicas"]
    able = condition("AbleToScale", True, "SucceededGetScale", _GOT)
    if current == 0:
        return Decision(0, None, "", able, _DISABLED, None)
    if not low <= current <= high:  # the bounds hold at once, whatever the metrics say
        words = "above Spec.MaxReplicas" if current > high else "below Spec.MinReplicas"
        bound, limited = min(max(current, low), high), _bounded(current, low, high)
        active = _active(advice.best) if advice.best else condition("ScalingActive", True, "ValidMetricFound", _VALID)
        return Decision(bound, None, f"Current number of replicas {words}", _rescaled(bound), active, limited)
    best = advice.best
    if best is None or (advice.missing and best.replicas < current):  # without a metric nothing is taken away
        return Decision(current, None, "", able, _unmeasured(advice.missing), None)
    able = condition("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
    able, after = _allowed(spec, current, best.replicas, past, t, able)
    replicas, limited = min(max(after, low), high), _bounded(after, low, high)
    if replicas == current:
        return Decision(current, best.replicas, "", able, _active(best), limited)
    why = f"{best.metric} above target" if replicas > current else "All metrics below target"
    return Decision(replicas, best.replicas, why, _rescaled(replicas), _active(best), limited)


def _allowed(spec: Object, current: int, wanted: int, past: Past, t: float, able: Object) -> tuple[Object, int]:
    behavior = spec.get("behavior") or {}
    up, down = _rules(behavior.get("scaleUp"), SCALE_UP), _rules(behavior.get("scaleDown"), SCALE_DOWN)
    held = scaling.stabilised(current, wanted, past, t, up, down)
    if held != wanted:
        word, end = ("Down", "higher") if held > wanted else ("Up", "lower")
        extreme = "highest" if held > wanted else "lowest"
        message = f"recent recommendations were {end} than current one, applying the {extreme} recent recommendation"
        able = condition("AbleToScale", True, f"Scale{word}Stabilized", message)
    return able, scaling.limited(current, held, past, t, up, down)


def _rules(given: Object | None, default: Object) -> Rules:
    rules = {**default, **(given or {})}
    policies = tuple(Policy(item["type"], item["value"], item["periodSeconds"]) for item in rules["policies"])
    return Rules(rules["stabilizationWindowSeconds"], rules["selectPolicy"], policies)


def _active(best: Proposal) -> Object:
    return condition("ScalingActive", True, "ValidMetricFound", f"{_VALID} {best.metric}")


def _unmeasured(missing: Missing | None) -> Object:
    if missing is None:
        why = "the HPA was unable to compute the replica count: no metrics are specified"
        return condition("ScalingActive", False, "InvalidMetricSourceType", why)
    return condition("ScalingActive", False, missing.reason, missing.message)


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
