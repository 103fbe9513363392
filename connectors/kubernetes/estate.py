"""What was listed, as components. Pure; runs in a reading thread, because for thousands of objects it takes a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from connectors.failure import one_line
from connectors.kubernetes import jobs
from connectors.kubernetes.budgets import observed_budget
from connectors.kubernetes.events import Key, complaints
from connectors.kubernetes.nodes import observed_nodes, used_by
from connectors.kubernetes.owners import UNSEEN, scalers
from connectors.kubernetes.quotas import limits_of, observed_quota, room
from connectors.kubernetes.read import WORDS, Reading
from connectors.kubernetes.resources import (
    AUTOSCALERS,
    BUDGETS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    EVERYWHERE,
    JOBS,
    NODE_USES,
    NODES,
    QUOTAS,
    ROLLOUTS,
    SCALED_OBJECTS,
    STATEFUL_SETS,
    WARNINGS,
    Listed,
    Resource,
)
from connectors.kubernetes.scaling import observed_autoscaler, observed_scaled_object
from connectors.kubernetes.workloads import observed_daemon_set, observed_rollout, observed_workload
from console.model.snapshot import FailureKind, Observed


def observed(listed: Sequence[Listed], reading: Reading) -> tuple[Observed, ...]:
    """Every component of a reading; whoever owns a workload's replicas is unknown where autoscalers are not seen."""
    estate = _Estate(listed, reading)
    return estate.with_complaints((*estate.workloads(), *estate.scaling(), *estate.limits(), *estate.runs()))


class _Estate:
    """The objects of one reading by their kind, and what is said of one because of another."""

    def __init__(self, listed: Sequence[Listed], reading: Reading) -> None:
        self._reading = reading
        self._listed = listed
        self._scalers = scalers(self._of(AUTOSCALERS), self._of(SCALED_OBJECTS), self._of(ROLLOUTS))
        self._unseen = {one.namespace for one in listed if one.resource in (AUTOSCALERS, SCALED_OBJECTS) and _hid(one)}
        self._limits = limits_of(self._of(QUOTAS))

    def workloads(self) -> Iterator[Observed]:
        for resource in (DEPLOYMENTS, STATEFUL_SETS):
            for one, reading in self._each(resource):
                yield self._roomy(one, observed_workload(resource.short, one, self._scaler(resource, one), reading))
        for one, reading in self._each(DAEMON_SETS):
            yield observed_daemon_set(one, reading)
        for one, reading in self._each(ROLLOUTS):
            yield self._roomy(one, observed_rollout(one, self._scaler(ROLLOUTS, one), reading))

    def scaling(self) -> Iterator[Observed]:
        yield from (observed_autoscaler(one, reading) for one, reading in self._each(AUTOSCALERS))
        yield from (observed_scaled_object(one, reading) for one, reading in self._each(SCALED_OBJECTS))

    def limits(self) -> Iterator[Observed]:
        yield from (observed_budget(one, reading) for one, reading in self._each(BUDGETS))
        yield from (observed_quota(one, reading) for one, reading in self._each(QUOTAS))
        yield from observed_nodes(self._of(NODES), used_by(self._of(NODE_USES)), self._oldest(NODES))

    def runs(self) -> Iterator[Observed]:
        every = self._of(JOBS)
        last = jobs.last_runs(every)
        reading = self._oldest(JOBS)
        yield from (jobs.observed_job(one, reading) for one in jobs.shown(every, reading.at))
        for one, reading in self._each(CRON_JOBS):
            yield jobs.observed_cron_job(one, last.get((one.metadata.namespace, one.metadata.name)), reading)

    def with_complaints(self, components: tuple[Observed, ...]) -> tuple[Observed, ...]:
        """Each with what the warnings of the last minutes say of it, where there is a word."""
        at, events = self._reading.at, self._of(WARNINGS)
        if not events:
            return components
        said = complaints(events, {_key(one): one.id for one in components}, at)
        return tuple(
            replace(
                one,
                signals=(*one.signals, self._reading.count("warnings", of.count)),
                notes=(*one.notes, *of.notes(at)),
            )
            if (of := said.get(one.id)) is not None
            else one
            for one in components
        )

    def _of(self, resource: Resource) -> list[Any]:
        return [item for one in self._listed if one.resource is resource for item in one.items]

    def _each(self, resource: Resource) -> Iterator[tuple[Any, Reading]]:
        """Every object of a kind, with the time at which it was so."""
        for one in self._listed:
            if one.resource is resource:
                reading = replace(self._reading, at=one.at)
                yield from ((item, reading) for item in one.items)

    def _oldest(self, resource: Resource) -> Reading:
        """For what is chosen from all objects of a kind: no younger than any of them."""
        times = (one.at for one in self._listed if one.resource is resource and one.items)
        return replace(self._reading, at=min(times, default=self._reading.at))

    def _roomy(self, one: Any, seen: Observed) -> Observed:
        """With how many more of its pods the namespace's quotas let in, where there are any."""
        found = room(one.spec.template, self._limits.get(one.metadata.namespace, ()))
        if found is None:
            return seen
        signal = self._reading.count("quota_room", found.pods, one_line(found.because, 2 * WORDS))
        full = ("no quota left",) if not found.pods else ()
        return replace(seen, signals=(*seen.signals, signal), notes=(*seen.notes, *full))

    def _scaler(self, resource: Resource, one: Any) -> str:
        namespace = one.metadata.namespace
        if self._unseen & {namespace, EVERYWHERE}:
            return UNSEEN
        return self._scalers.get((namespace, resource.kind, one.metadata.name), "")


def _key(one: Observed) -> Key:
    """Namespace, kind and name, as events name what they are about; a node has no namespace."""
    parts = one.id.split("/")
    return (parts[2], parts[1], parts[3]) if len(parts) == 4 else ("", parts[1], parts[-1])


def _hid(one: Listed) -> bool:
    """Whether there may be objects that we do not see: an add-on that is not installed hides none."""
    return one.failed is not None and not (one.resource.optional and one.failed.kind is FailureKind.NOT_FOUND)
