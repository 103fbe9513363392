"""Resource quotas as components, and how many more pods of a workload they would let in. Pure.

A quota refuses new pods and says so only in an event of a replica set, when it is too late: so what is left is counted
in pods, by what the workload's template asks for. Quotas with scopes are for some pods only, and are left out of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from connectors.failure import one_line
from connectors.kubernetes.objects import Amounts, Container, Metadata, Read, Template
from connectors.kubernetes.quantities import of
from connectors.kubernetes.read import WORDS, Reading
from console.model.signal import Unit
from console.model.snapshot import Observed

_COMPUTE = {  # a quota's resource → where a container states it
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
    "requests.ephemeral-storage": ("requests", "ephemeral-storage"),
    "limits.ephemeral-storage": ("limits", "ephemeral-storage"),
}
_PODS = ("pods", "count/pods")
_TIGHT = 0.9  # of a quota: named in a note


class QuotaSpec(Read, frozen=True):
    scopes: tuple[str, ...] | None = None
    scope_selector: dict[str, object] | None = None


class QuotaStatus(Read, frozen=True):
    hard: Amounts | None = None
    used: Amounts | None = None


class Quota(Read, frozen=True):
    metadata: Metadata
    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()

    @property
    def scoped(self) -> bool:
        return bool(self.spec.scopes or self.spec.scope_selector)


msgspec.json.Decoder(Quota)  # learnt while this module is imported: see objects.py


@dataclass(frozen=True, slots=True)
class Share:
    """One resource under a quota, in base units; ``shown`` is how the API writes what is used and allowed."""

    resource: str
    used: float
    hard: float
    shown: str

    @property
    def ratio(self) -> float:
        return self.used / self.hard

    @property
    def left(self) -> float:
        return max(self.hard - self.used, 0.0)


@dataclass(frozen=True, slots=True)
class Room:
    """How many more pods fit, and which resource of which quota stops the next one."""

    pods: int
    because: str


def shares(quota: Quota) -> Iterator[Share]:
    """Every resource with a limit above 0: one of 0 forbids a kind of thing, and is not filled up by anything."""
    hard, used = quota.status.hard or {}, quota.status.used or {}
    for resource in hard:
        allowed, taken = of(hard, resource), of(used, resource)
        if allowed and taken is not None:
            yield Share(resource, taken, allowed, f"{used[resource]} of {hard[resource]}")


def observed_quota(one: Quota, reading: Reading) -> Observed:
    """``quota_ratio`` is that of the resource which is closest to its limit."""
    found = sorted(shares(one), key=lambda share: -share.ratio)
    worst = found[0] if found else None
    note = one_line(f"{worst.resource} {worst.shown}", WORDS) if worst else "not counted yet"
    tight = (f"{share.resource} {share.shown}" for share in found if share.ratio > _TIGHT)
    return Observed(
        reading.id("quota", one.metadata),
        (reading.signal("quota_ratio", worst.ratio if worst else None, Unit.RATIO, note),),
        notes=tuple(one_line(text, WORDS) for text in tight),
    )


@dataclass(frozen=True, slots=True)
class Limit:
    """What is left of one resource under a quota for all pods of a namespace, and how that reads."""

    resource: str
    left: float
    because: str


def limits_of(quotas: Iterable[Quota]) -> Mapping[str, tuple[Limit, ...]]:
    """By namespace: what bounds its pods. Counted once, for the many workloads that it is asked about."""
    found: dict[str, list[Limit]] = {}
    for quota in quotas:
        if not quota.scoped:
            found.setdefault(quota.metadata.namespace, []).extend(
                Limit(share.resource, share.left, f"{quota.metadata.name}: {share.resource} {share.shown}")
                for share in shares(quota)
                if share.resource in _PODS or share.resource in _COMPUTE
            )
    return {namespace: tuple(limits) for namespace, limits in found.items()}


def room(template: Template | None, limits: Iterable[Limit]) -> Room | None:
    """How many more pods of this template fit; None where none of the limits is about what they take."""
    rooms = [
        Room(int(limit.left / weight + 1e-9), limit.because)
        for limit in limits
        if (weight := _weight(template, limit.resource)) > 0
    ]
    return min(rooms, key=lambda one: one.pods, default=None)


def _weight(template: Template | None, resource: str) -> float:
    """What one pod takes of it. An init container counts where it asks for more than all the others together."""
    if resource in _PODS:
        return 1.0
    spec = template.spec if template else None
    regular, initial = (spec.containers or (), spec.init_containers or ()) if spec else ((), ())
    stated = _COMPUTE[resource]
    return max(sum(_stated(one, *stated) for one in regular), *(_stated(one, *stated) for one in initial), 0.0)


def _stated(container: Container, part: str, resource: str) -> float:
    """A request that is not stated is its limit, as the API server fills it in."""
    resources = container.resources
    if resources is None:
        return 0.0
    stated = of(resources.requests, resource) if part == "requests" else None
    return (stated if stated is not None else of(resources.limits, resource)) or 0.0
