"""The contract inside the simulator: what the model reads (Levers) and what it says (Tick), once a simulated second.

The wires never touch the model: they show a Tick, and what is changed over them becomes Levers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Pods:
    """A workload's pods as its controllers have them now."""

    ready: int  # may receive work (cold ones included)
    cold: int = 0  # of those, ready for less than 20 s: they work at half speed
    desired: int = 0
    leaked: float = 0.0  # bytes that a ready one has leaked since its container started, on average


NO_PODS = Pods(0)


class Mode(StrEnum):
    """The modes that an application can be in, each a flag of that name in the document."""

    PARK = "park"  # what is not critical is written to a topic instead of done at once
    PAYING_FIRST = "paying_first"
    BACKOFF = "backoff"  # clients come back after 1, 2, 4, 8 and 16 seconds instead of at once
    JITTER = "jitter"  # of TTLs and of what clients wait
    STALE_ON_ERROR = "stale_on_error"  # an old copy is better than none
    SINGLE_FLIGHT = "single_flight"  # one reader fills a key, the others wait for it


@dataclass(frozen=True, slots=True)
class Reported:
    """What operators did to the servers themselves, as the wires saw it."""

    quotas: Mapping[str, float] = field(default_factory=dict)  # bytes a second, by producer's client id
    retention: Mapping[str, float] = field(default_factory=dict)  # seconds, by topic
    deleted: Mapping[tuple[str, int], int] = field(default_factory=dict)  # by topic and partition: the offset below
    # which an operator has deleted the records
    seeks: Mapping[tuple[str, str, int], int] = field(default_factory=dict)  # by group, topic and partition: the
    # offset that was last committed from outside; it is taken over once, while the group is Empty
    brokers_lost: int = 0
    cache_up: bool = True
    cache_memory_max: float | None = None  # bytes; None: what the architecture says
    cache_evicts: bool = True  # a full cache drops keys for new ones; if not, new ones are refused
    cache_flushes: int = 0  # how often the cache was emptied


REPORTED = Reported()


@dataclass(frozen=True, slots=True)
class Breaker:
    """A circuit breaker as it is set: the failures after which it opens, and for how many seconds."""

    failures: float = 5.0
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Levers:
    """What operators and controllers have set, read by the model at the start of a step."""

    pods: Mapping[str, Pods]  # by workload
    ttl: Mapping[str, float] = field(default_factory=dict)  # seconds, by key group ("catalog"), or of the "cdn"
    read_only: bool = False
    features_off: frozenset[str] = frozenset()
    user_rate: float | None = None  # requests a minute a user; None: no limit
    modes: frozenset[Mode] = frozenset()  # how the application works
    breakers: Mapping[str, Breaker] = field(default_factory=dict)  # by third party, service or "database"
    pools: Mapping[str, float] = field(default_factory=dict)  # connections that a pod may open, by workload
    kill_queries: float = 0.0  # how often the long queries were killed
    failovers: float = 0.0  # how often the database was failed over
    statement_timeout: float | None = None  # seconds after which the database ends a query; None: never
    reported: Reported = REPORTED

    def on(self, mode: Mode) -> bool:
        """Whether the application works in that mode."""
        return mode in self.modes

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
    up: bool = True  # False: the server is down, and nobody can reach it


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


class Sample(NamedTuple):
    """One exported series at one time, named as the well-known exporter names it. A tuple: a scrape makes thousands."""

    name: str
    labels: tuple[tuple[str, str], ...]  # sorted by label name
    value: float
    kind: str = "gauge"  # "gauge" | "counter" | "histogram" (its _bucket, _sum and _count series)
