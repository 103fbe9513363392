"""The contract inside the simulator: what the model reads (Levers) and what it says (Tick), once a simulated second.

The wires never touch the model: they show a Tick, and what is changed over them becomes Levers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pods:
    """A workload's pods as its controllers have them now."""

    ready: int  # may receive work (cold ones included)
    cold: int = 0  # of those, ready for less than 20 s: they work at half speed
    desired: int = 0
    leaked: float = 0.0  # bytes that a ready one has leaked since its container started, on average


NO_PODS = Pods(0)


@dataclass(frozen=True, slots=True)
class Levers:
    """What operators and controllers have set, read by the model at the start of a step."""

    pods: Mapping[str, Pods]  # by workload
    ttl: Mapping[str, float] = field(default_factory=dict)  # seconds, by key group ("catalog")
    read_only: bool = False
    features_off: frozenset[str] = frozenset()
    user_rate: float | None = None  # requests a minute a user; None: no limit

    def pods_of(self, workload: str) -> Pods:
        """Its pods; none where there is no such workload."""
        return self.pods.get(workload, NO_PODS)


@dataclass(frozen=True, slots=True)
class Partition:
    """Offsets of one partition, and of one group on it."""

    topic: str
    index: int
    low: int  # first offset still kept
    end: int  # next offset to be written
    committed: int | None  # None: the group never committed here


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group as the model dictates it."""

    name: str
    state: str  # Kafka's own words: "Stable", "PreparingRebalance", "CompletingRebalance", "Empty", "Dead"
    members: int
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache as INFO shows it. Counters are since the server started."""

    hits: int
    misses: int
    evicted: int
    expired: int
    commands: int
    memory: int  # bytes
    memory_max: int  # bytes
    clients: int
    blocked: int
    rejected: int
    keys: int
    hit_rate: float  # over the last second, 0..1


@dataclass(frozen=True, slots=True)
class Usage:
    """What each ready pod of a workload uses, on average."""

    cpu: float  # share of its CPU request, 1.0 = 100 %
    memory: float  # bytes
    leaked: float = 0.0  # of memory: bytes that were leaked before this second
    growth: float = 0.0  # bytes that were leaked in this second


IDLE = Usage(cpu=0.0, memory=0.0)


@dataclass(frozen=True, slots=True)
class Tick:
    """Everything the model says about one simulated second. Rates are a second's counts; counters grow for ever."""

    t: int
    cache: Cache
    groups: tuple[Group, ...]
    usage: Mapping[str, Usage] = field(default_factory=dict)  # by workload
    success: float = 1.0  # share of user requests answered well, CDN hits included
    success_origin: float = 1.0  # the same of what reached the gateway
    gauges: Mapping[str, float] = field(default_factory=dict)  # every other state, by the model's own name
    counters: Mapping[str, float] = field(default_factory=dict)

    def usage_of(self, workload: str) -> Usage:
        """What its pods use; nothing where the model does not know it."""
        return self.usage.get(workload, IDLE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One exported series at one time, named as the well-known exporter names it."""

    name: str
    labels: tuple[tuple[str, str], ...]  # sorted by label name
    value: float
    kind: str = "gauge"  # "gauge" | "counter" | "histogram" (its _bucket, _sum and _count series)
