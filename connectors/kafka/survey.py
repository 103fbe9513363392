"""One look over a cluster: its brokers, the groups wanted and where they stand, the topics wanted.

Each broker is asked in a thread of its own and within the time given, so that one which hangs costs what it
leads and coordinates, and nothing else. Committed offsets are read before the ends, as ``lag.py``
needs it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from connectors.failure import Failed
from connectors.kafka.failure import failed
from connectors.kafka.lag import Place
from connectors.kafka.seen import ClusterView, GroupView, TopicConfig, TopicPartition
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from connectors.kafka.client import Client

T = TypeVar("T")
Bounds = Mapping[TopicPartition, tuple[int, int]]  # low watermark and end

# Shares of the time given, cumulated: how late each round may end.
CLUSTER_BY, GROUPS_BY, OFFSETS_BY = 0.3, 0.65, 1.0
GRACE = 0.05  # wall seconds for a thread to hand its answer over


@dataclass(frozen=True, slots=True)
class Wanted:
    """Patterns of names, as a shell matches them."""

    groups: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupStand:
    group: GroupView
    places: tuple[Place, ...]
    abandoned: tuple[str, ...]  # topics with commits that no member of the stable group holds: not in places


@dataclass(frozen=True, slots=True)
class TopicStand:
    name: str
    places: tuple[Place, ...]  # nobody's: never committed


@dataclass(frozen=True, slots=True)
class Survey:
    cluster: ClusterView
    groups: tuple[GroupStand, ...]
    topics: tuple[TopicStand, ...]
    problems: tuple[str, ...]
    configs: Mapping[str, TopicConfig] = field(default_factory=dict)  # of the topics that could be asked about


@dataclass(slots=True)
class _Call:
    started: bool = False
    ended: bool = False


class Surveyor:
    """Looks over one cluster through one client. A broker that owes an answer past its time is not asked again."""

    def __init__(self, client: Client, threads: Bulkhead) -> None:
        self._client = client
        self._threads = threads
        self._overdue: dict[int, _Call] = {}
        self._first: int | None = None  # the broker that answered last for the cluster

    async def look(self, wanted: Wanted, seconds: float) -> Survey:
        """Everything wanted. Raises Failed when no broker answers; some that do not are problems of the survey."""
        start = time.monotonic()
        cluster = await self._cluster(start, seconds)
        asked = {broker: partial(self._client.groups, broker, wanted.groups) for broker in cluster.brokers}
        views, silent = await self._each(asked if wanted.groups else {}, start + seconds * GROUPS_BY)
        if silent and not views:
            raise next(iter(silent.values()))
        groups = sorted((view for found in views.values() for view in found), key=lambda view: view.name)
        topics = [name for name in sorted(cluster.leaders) if matches(name, wanted.topics)]
        led = _led(cluster, groups, topics, silent)
        asks = {broker: partial(self._client.offsets, broker, parts) for broker, parts in led.items()}
        found, late = await self._each(asks, start + seconds * OFFSETS_BY)
        bounds = {part: bounds for answer in found.values() for part, bounds in answer.items()}
        return Survey(
            cluster=cluster,
            groups=tuple(_stand(view, cluster, bounds) for view in groups if not view.refusal),
            topics=tuple(TopicStand(name, _places(name, cluster, {}, bounds)) for name in topics),
            problems=(*_refusals(groups), *_missing(wanted, groups, silent), *_told({**late, **silent})),
        )

    async def _cluster(self, start: float, seconds: float) -> ClusterView:
        """From the broker that answered last, else from any other: each may take its share of the time."""
        brokers = sorted(self._client.brokers, key=lambda broker: broker != self._first)
        failure = failed(FailureKind.TIMED_OUT, "no broker is left to ask")
        for number, broker in enumerate(brokers, 1):
            ask = {broker: partial(self._client.cluster, broker)}
            found, silent = await self._each(ask, start + seconds * CLUSTER_BY * number / len(brokers))
            if broker in found:
                self._first = broker
                return found[broker]
            failure = silent[broker]
        raise failure

    async def _each(
        self, jobs: Mapping[int, Callable[[float], T]], until: float
    ) -> tuple[dict[int, T], dict[int, Failed]]:
        """Every broker's job at the same time; a job is told how many seconds are left to it."""
        ended = await asyncio.gather(*(self._one(broker, job, until) for broker, job in jobs.items()))
        told = dict(zip(jobs, ended, strict=True))
        return (
            {broker: answer for broker, answer in told.items() if not isinstance(answer, Failed)},
            {broker: answer for broker, answer in told.items() if isinstance(answer, Failed)},
        )

    async def _one(self, broker: int, job: Callable[[float], T], until: float) -> T | Failed:
        last = self._overdue.get(broker)
        if last is not None and not last.ended:
            return failed(FailureKind.TIMED_OUT, f"broker {broker}: still owes an answer")
        call = _Call()

        def asked() -> T:
            call.started = True
            try:
                return job(max(0.001, until - time.monotonic()))
            finally:
                call.ended = True

        try:
            return await self._threads.call(asked, deadline=max(0.0, until - time.monotonic()) + GRACE)
        except Failed as failure:
            return failure
        except TimeoutError:
            if call.started:
                self._overdue[broker] = call
            return failed(FailureKind.TIMED_OUT, f"broker {broker}: no answer in time")


def matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _led(
    cluster: ClusterView, groups: Sequence[GroupView], topics: Sequence[str], skip: Mapping[int, object]
) -> dict[int, list[TopicPartition]]:
    """The partitions to look up, by leader; none where the leader is unknown or was silent just before."""
    names = {topic for view in groups for topic in _topics_of(view)} | set(topics)
    led: dict[int, list[TopicPartition]] = {}
    for name in sorted(names & set(cluster.leaders)):
        for index, leader in cluster.leaders[name].items():
            if leader >= 0 and leader not in skip:
                led.setdefault(leader, []).append((name, index))
    return led


def _topics_of(view: GroupView) -> set[str]:
    return {topic for topic, _ in view.committed} | {topic for topic, _ in view.held or ()}


def _stand(view: GroupView, cluster: ClusterView, bounds: Bounds) -> GroupStand:
    topics = sorted(_topics_of(view) & set(cluster.leaders))
    abandoned: list[str] = []
    if view.state == "Stable" and view.held:
        held = {topic for topic, _ in view.held}
        abandoned = [topic for topic in topics if topic not in held]
    places = [
        place for topic in topics if topic not in abandoned for place in _places(topic, cluster, view.committed, bounds)
    ]
    return GroupStand(view, tuple(places), tuple(abandoned))


def _places(
    topic: str, cluster: ClusterView, committed: Mapping[TopicPartition, int], bounds: Bounds
) -> tuple[Place, ...]:
    def place(index: int) -> Place:
        low, end = bounds.get((topic, index), (None, None))
        return Place(topic, index, committed.get((topic, index)), low, end)

    return tuple(place(index) for index in sorted(cluster.leaders[topic]))


def _refusals(groups: Sequence[GroupView]) -> list[str]:
    return [f"group {view.name}: {view.refusal}" for view in groups if view.refusal]


def _missing(wanted: Wanted, groups: Sequence[GroupView], silent: Mapping[int, object]) -> list[str]:
    """Groups asked for by their full name that are not there; not told while a broker is silent, it may have them."""
    exact = [name for name in wanted.groups if not set(name) & set("*?[")]
    return (
        []
        if silent
        else [f"group {name}: not found, or not permitted" for name in exact if name not in {g.name for g in groups}]
    )


def _told(failures: Mapping[int, Failed]) -> list[str]:
    return [failures[broker].reason for broker in sorted(failures)]
