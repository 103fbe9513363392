"""Deployments, stateful sets and autoscalers as components: signals, facts with their owners and marks. Pure.

Counts are the server's own, from each object's status; pods are never listed for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.kubernetes.facts import AUTOSCALER_FACTS, WORKLOAD_FACTS, Thing, value_of
from connectors.kubernetes.marks import Entry, UnreadableMarks, decode, marks_of
from connectors.kubernetes.objects import Autoscaler, Condition, Metadata, Workload
from console.model.change import Fact
from console.model.component import ComponentId
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed

UNSEEN = "unknown (autoscalers not readable)"
"""The owner of ``replicas`` where it cannot be known: not nobody."""

_KINDS = {"Deployment": "deployment", "StatefulSet": "statefulset"}


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose reading it is, and when (estate seconds)."""

    source: str
    at: float

    def signal(self, name: str, value: float | None, unit: Unit, note: str = "") -> Signal:
        return Signal(name, value, unit, self.at, self.source, note)


def owners(autoscalers: Iterable[Autoscaler]) -> dict[tuple[str, str, str], str]:
    """(namespace, kind, name) of what is scaled → who scales it: "hpa api", or "keda orders" behind one."""
    return {
        (one.metadata.namespace, one.spec.scale_target_ref.kind, one.spec.scale_target_ref.name): (
            _keda(one.metadata) or f"hpa {one.metadata.name}"
        )
        for one in autoscalers
    }


def manager(metadata: Metadata) -> str:
    """Who besides people sets this object, by the usual references and labels; "" for nobody."""
    labels, annotations = metadata.labels or {}, metadata.annotations or {}
    for reference in metadata.owner_references or ():
        if reference.controller:
            return _keda(metadata) or f"{reference.kind.lower()} {reference.name}"
    for tool, key, where in _TOOLS:
        if key in (labels if where == "label" else annotations):
            name = (labels if where == "label" else annotations)[key]
            return f"{tool} {name.split(':', 1)[0]}"
    return ""


_TOOLS = (
    ("argocd", "argocd.argoproj.io/tracking-id", "annotation"),
    ("argocd", "argocd.argoproj.io/instance", "label"),
    ("flux", "kustomize.toolkit.fluxcd.io/name", "label"),
    ("flux", "helm.toolkit.fluxcd.io/name", "label"),
    ("helm", "meta.helm.sh/release-name", "annotation"),
)


def observed_workload(kind: str, workload: Workload, scaler: str, reading: Reading) -> Observed:
    """``kind`` is "Deployment" or "StatefulSet"; ``scaler`` who owns its replicas, "" for nobody."""
    spec, status, metadata = workload.spec, workload.status, workload.metadata
    # A stateful set has no count of its unavailable pods; both count those that serve.
    unavailable = max(status.unavailable_replicas, spec.replicas - status.available_replicas, 0)
    facts, unreadable = _facts(workload, WORKLOAD_FACTS, scaler or manager(metadata))
    return Observed(
        component_id(reading.source, _KINDS[kind], metadata),
        (
            reading.signal("desired", spec.replicas, Unit.COUNT),
            reading.signal("ready", status.ready_replicas, Unit.COUNT),
            reading.signal("unavailable", unavailable, Unit.COUNT),
        ),
        facts=facts,
        state=_workload_state(workload),
        notes=(*_troubles(status.conditions, _WORKLOAD_TROUBLE), *unreadable),
    )


def observed_autoscaler(one: Autoscaler, reading: Reading) -> Observed:
    """Current and asked-for pods, CPU against the request, bounds as facts, and "at max" where it is."""
    spec, status, metadata = one.spec, one.status, one.metadata
    cpu = _cpu(one)
    facts, unreadable = _facts(one, AUTOSCALER_FACTS, manager(metadata))
    at_max = ("at max",) if status.current_replicas >= spec.max_replicas else ()
    return Observed(
        component_id(reading.source, "hpa", metadata),
        (
            reading.signal("hpa.current", status.current_replicas, Unit.COUNT),
            reading.signal("hpa.desired", status.desired_replicas, Unit.COUNT),
            reading.signal("hpa.cpu", cpu, Unit.RATIO, "" if cpu is not None else "no CPU metric"),
        ),
        facts=facts,
        state=_autoscaler_state(status.conditions),
        notes=(*at_max, *_troubles(status.conditions, _AUTOSCALER_TROUBLE), *unreadable),
    )


def component_id(source: str, kind: str, metadata: Metadata) -> ComponentId:
    return f"{source}/{kind}/{metadata.namespace}/{metadata.name}"


def _facts(thing: Thing, names: tuple[str, ...], owner: str) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The facts that the object has, and a note where its marks cannot be read."""
    entries, notes = _entries(thing.metadata)
    version = thing.metadata.resource_version
    read = ((name, value_of(thing, name)) for name in names)
    facts = (Fact(name, value, version, owner, marks_of(entries, name)) for name, value in read if value is not None)
    return tuple(facts), notes


def _entries(metadata: Metadata) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    try:
        return decode(metadata.annotations), ()
    except UnreadableMarks:
        return (), ("marks unreadable",)


def _keda(metadata: Metadata) -> str:
    for reference in metadata.owner_references or ():
        if reference.kind == "ScaledObject":
            return f"keda {reference.name}"
    return ""


def _workload_state(workload: Workload) -> str:
    spec, status = workload.spec, workload.status
    if spec.paused:
        return "Paused"
    settled = status.observed_generation >= workload.metadata.generation
    if settled and spec.replicas == status.replicas == status.updated_replicas == status.available_replicas:
        return "Available"
    return "Progressing"


_WORKLOAD_TROUBLE = {("Progressing", "False"), ("ReplicaFailure", "True")}
_AUTOSCALER_TROUBLE = {("AbleToScale", "False"), ("ScalingActive", "False")}


def _autoscaler_state(conditions: tuple[Condition, ...] | None) -> str:
    """The one word that matters of the autoscaler's three conditions; "" before it has looked."""
    held = {condition.type: condition for condition in conditions or ()}
    if any(held[name].status == "False" for name in ("AbleToScale", "ScalingActive") if name in held):
        return "Inactive"
    limited = held.get("ScalingLimited")
    if limited and limited.status == "True" and limited.reason != "TooFewReplicas":  # at its minimum: nothing is short
        return "ScalingLimited"
    return "ScalingActive" if held else ""


def _troubles(conditions: tuple[Condition, ...] | None, which: set[tuple[str, str]]) -> Iterator[str]:
    for condition in conditions or ():
        if (condition.type, condition.status) in which:
            yield condition.reason or condition.type


def _cpu(one: Autoscaler) -> float | None:
    """CPU used, as a share of the CPU requested, as the autoscaler last saw it."""
    for metric in one.status.current_metrics or ():
        resource = metric.get("resource") or {}
        used = (resource.get("current") or {}).get("averageUtilization")
        if resource.get("name") == "cpu" and isinstance(used, int):
            return used / 100
    return None
