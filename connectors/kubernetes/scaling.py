"""Autoscalers and KEDA's scaled objects as components: the bounds, where between them it stands, and on what. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.failure import one_line
from connectors.kubernetes.facts import AUTOSCALER_FACTS, SCALED_OBJECT_FACTS
from connectors.kubernetes.keda import ScaledObject
from connectors.kubernetes.metric_targets import cpu_of, loads
from connectors.kubernetes.objects import Autoscaler, Condition
from connectors.kubernetes.owners import manager
from connectors.kubernetes.read import WORDS, Reading, facts_of, held, troubles
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed

_TROUBLE = {("AbleToScale", "False"), ("ScalingActive", "False")}
_KEDA_TROUBLE = {("Ready", "False"), ("Fallback", "True")}


def observed_autoscaler(one: Autoscaler, reading: Reading) -> Observed:
    """Current and asked-for pods, the worst metric against its target, bounds as facts, and "at max" where it is."""
    spec, status, metadata = one.spec, one.status, one.metadata
    current, desired = (status.current_replicas, status.desired_replicas) if status.looked else (None, None)
    unseen = "" if status.looked else "not looked yet"
    facts, unreadable = facts_of(one, AUTOSCALER_FACTS, manager(metadata))
    at_max = ("at max",) if current is not None and current >= spec.max_replicas else ()
    return Observed(
        reading.id("hpa", metadata),
        (
            reading.count("hpa.current", current, unseen),
            reading.count("hpa.desired", desired, unseen),
            *_usage(one, reading),
        ),
        facts=facts,
        state=_state(status.conditions),
        notes=(*at_max, *troubles(status.conditions, _TROUBLE), *unreadable),
    )


def _usage(one: Autoscaler, reading: Reading) -> Iterator[Signal]:
    """``hpa.cpu`` is of the CPU requested; ``hpa.demand`` is of its target, for the metric furthest above it."""
    cpu = cpu_of(one)
    yield reading.signal("hpa.cpu", cpu, Unit.RATIO, "" if cpu is not None else "no CPU metric")
    worst = max(loads(one), key=lambda load: load.ratio, default=None)
    if worst is None:
        yield reading.signal("hpa.demand", None, Unit.RATIO, "no metric with a value")
    else:
        yield reading.signal("hpa.demand", worst.ratio, Unit.RATIO, one_line(worst.text, WORDS))


def _state(conditions: tuple[Condition, ...] | None) -> str:
    """The one word that matters of the autoscaler's three conditions; "" before it has looked."""
    known = {condition.type: condition for condition in conditions or ()}
    if any(known[name].status == "False" for name in ("AbleToScale", "ScalingActive") if name in known):
        return "Inactive"
    limited = known.get("ScalingLimited")
    if limited and limited.status == "True" and limited.reason != "TooFewReplicas":  # at its minimum: nothing is short
        return "ScalingLimited"
    return "ScalingActive" if known else ""


def observed_scaled_object(one: ScaledObject, reading: Reading) -> Observed:
    """Its bounds and its pause as facts; what its triggers are on, in words."""
    facts, unreadable = facts_of(one, SCALED_OBJECT_FACTS, manager(one.metadata))
    kind, name = one.target
    on = ", ".join(dict.fromkeys(trigger.type for trigger in one.spec.triggers or ()))
    scales = one_line(f"scales {kind.lower()} {name} on {on or 'nothing'}", 2 * WORDS)
    return Observed(
        reading.id("scaledobject", one.metadata),
        facts=facts,
        state=_keda_state(one),
        notes=(*_paused(one), *troubles(one.status.conditions, _KEDA_TROUBLE), scales, *unreadable),
    )


def _keda_state(one: ScaledObject) -> str:
    conditions = one.status.conditions
    ready, active = held(conditions, "Ready"), held(conditions, "Active")
    if one.paused is not False:
        return "Paused"
    if ready is not None and ready.status == "False":
        return "NotReady"
    if active is None:
        return ""
    return "Active" if active.status == "True" else "Inactive"


def _paused(one: ScaledObject) -> Iterator[str]:
    if one.paused is True:
        yield "paused"
    elif one.paused is not False:
        yield f"paused at {one.paused}"
