"""Deployments, stateful sets, daemon sets and rollouts as components: how many pods should serve, and do. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from connectors.failure import one_line
from connectors.kubernetes.argo_rollouts import Rollout
from connectors.kubernetes.facts import WORKLOAD_FACTS
from connectors.kubernetes.objects import Condition, Metadata, Read, Selector, Workload
from connectors.kubernetes.owners import manager
from connectors.kubernetes.read import WORDS, Reading, facts_of, troubles
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed

_TROUBLE = {("Progressing", "False"), ("ReplicaFailure", "True")}
_ROLLOUT_TROUBLE = {("Progressing", "False"), ("InvalidSpec", "True"), ("ReplicaFailure", "True")}


class DaemonSetSpec(Read, frozen=True):
    selector: Selector


class DaemonSetStatus(Read, frozen=True):
    """Counts of nodes. Those that may be 0 are left out by the server, but for the first four."""

    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    number_ready: int = 0
    number_misscheduled: int = 0
    updated_number_scheduled: int = 0
    number_available: int = 0
    number_unavailable: int = 0
    observed_generation: int = 0
    conditions: tuple[Condition, ...] | None = None


class DaemonSet(Read, frozen=True):
    metadata: Metadata
    spec: DaemonSetSpec
    status: DaemonSetStatus = DaemonSetStatus()


msgspec.json.Decoder(DaemonSet)  # learnt while this module is imported: see objects.py


def observed_workload(kind: str, workload: Workload, scaler: str, reading: Reading) -> Observed:
    """``kind`` is "deployment" or "statefulset"; ``scaler`` who owns its replicas, "" for nobody."""
    spec, status, metadata = workload.spec, workload.status, workload.metadata
    # A stateful set has no count of its unavailable pods; both count those that serve.
    unavailable = max(status.unavailable_replicas, spec.replicas - status.available_replicas, 0)
    facts, unreadable = facts_of(workload, WORKLOAD_FACTS, scaler or manager(metadata))
    return Observed(
        reading.id(kind, metadata),
        _counts(reading, spec.replicas, status.ready_replicas, unavailable, status.updated_replicas),
        facts=facts,
        state=_workload_state(workload),
        notes=(*troubles(status.conditions, _TROUBLE), *unreadable),
    )


def observed_daemon_set(one: DaemonSet, reading: Reading) -> Observed:
    """Nodes that should run it, and do. It has nothing to scale, and so no facts."""
    status = one.status
    desired = status.desired_number_scheduled
    unavailable = max(status.number_unavailable, desired - status.number_available, 0)
    settled = status.observed_generation >= one.metadata.generation
    all_there = desired == status.number_available == status.updated_number_scheduled
    misplaced = f"{status.number_misscheduled} on nodes that should not run it"
    return Observed(
        reading.id("daemonset", one.metadata),
        _counts(reading, desired, status.number_ready, unavailable, status.updated_number_scheduled),
        state="Available" if settled and all_there else "Progressing",
        notes=(misplaced,) if status.number_misscheduled else (),
    )


def observed_rollout(one: Rollout, scaler: str, reading: Reading) -> Observed:
    """The counts of a deployment, and how far the new version is out. ``scaler`` as for a workload."""
    status, desired = one.status, one.replicas
    unavailable = max(desired - (status.available_replicas or 0), 0)
    facts, unreadable = facts_of(one, WORKLOAD_FACTS, scaler or manager(one.metadata))
    counts = _counts(reading, desired, status.ready_replicas or 0, unavailable, status.updated_replicas or 0)
    return Observed(
        reading.id("rollout", one.metadata),
        (*counts, *_progress(one, reading)),
        facts=facts,
        state=_rollout_state(one),
        notes=(*_rollout_notes(one), *troubles(status.conditions, _ROLLOUT_TROUBLE), *unreadable),
    )


def _counts(reading: Reading, desired: int, ready: int, unavailable: int, updated: int) -> tuple[Signal, ...]:
    return (
        reading.count("desired", desired),
        reading.count("ready", ready),
        reading.count("unavailable", unavailable),
        reading.count("updated", updated),
    )


def _workload_state(workload: Workload) -> str:
    spec, status = workload.spec, workload.status
    if spec.paused:
        return "Paused"
    settled = status.observed_generation >= workload.metadata.generation
    if settled and spec.replicas == status.replicas == status.updated_replicas == status.available_replicas:
        return "Available"
    return "Progressing"


def _progress(one: Rollout, reading: Reading) -> Iterator[Signal]:
    """The canary's share and step while one is out; at other times there is none, which is not 0."""
    weight = one.weight
    if weight is None:
        return
    yield reading.signal("canary_weight", weight, Unit.RATIO)
    if one.steps:
        yield reading.count("canary_step", one.status.current_step_index or 0)


def _rollout_state(one: Rollout) -> str:
    """Aborted and paused before the controller's own word, which says Degraded and Progressing of them."""
    if one.status.abort:
        return "Aborted"
    if one.spec.paused or one.status.pause_conditions:
        return "Paused"
    return one_line(one.status.phase, WORDS)


def _rollout_notes(one: Rollout) -> Iterator[str]:
    status = one.status
    if one.rolling and one.steps:
        yield f"canary step {status.current_step_index or 0}/{len(one.steps)}"
    if one.rolling and one.spec.strategy.blue_green is not None:
        sides = status.blue_green
        yield one_line(f"preview {status.current_pod_hash}, active {sides.active_selector if sides else '?'}", WORDS)
    for pause in status.pause_conditions or ():
        yield one_line(pause.reason, WORDS)
    if status.phase == "Degraded" and status.message:
        yield one_line(status.message, WORDS)
