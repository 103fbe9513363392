"""One look over a cluster: its brokers, the groups wanted and where they stand, the topics wanted.

Each broker is asked in a thread of its own and within the time given, so that one which hangs costs what it
leads and coordinates, and nothing else. Committed offsets are read before the ends, as ``lag.py``
needs it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from connectors.failure import Failed
from connectors.kafka.failure import SILENCE, failed
from connectors.kafka.lag import Place
from connectors.kafka.problems import problems
from connectors.kafka.rights import Rights
from connectors.kafka.roll import Roll
from connectors.kafka.seen import NOBODY, ClusterView, GroupView, TopicConfig, TopicPartition
from connectors.kafka.seldom import Seldom, Told
from connectors.kafka.wanted import Wanted
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from connectors.kafka.client import Client

__all__ = ["Bounds", "GroupStand", "Survey", "Surveyor", "TopicStand", "Wanted"]

T = TypeVar("T")
Bounds = Mapping[TopicPartition, tuple[int, int]]  # low watermark and end
Leaders = Mapping[str, Mapping[int, int]]  # topic → partition → broker

# Shares of the time given, cumulated: how late each round may end.
CLUSTER_BY, GROUPS_BY, OFFSETS_BY = 0.3, 0.65, 1.0
HEDGE = 0.05  # share of the time after which another broker is asked for the cluster, too
GRACE = 0.05  # wall seconds for a thread to hand its answer over


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
    """``expected`` brokers, of which ``silent`` did not answer this time; ``told``: what is asked for seldom.

    ``refused`` groups are there, wanted, and not to be read. Times in estate seconds, stamped where the answer came in:
    ``at``, when the first leader had told its offsets, so that no number passes for younger than it is; and by broker,
    when it had told what its groups committed.
    """

    cluster: ClusterView
    groups: tuple[GroupStand, ...]
    topics: tuple[TopicStand, ...]
    problems: tuple[str, ...]
    expected: tuple[int, ...] = ()
    silent: tuple[int, ...] = ()
    told: Told = field(default_factory=Told)
    refused: tuple[GroupView, ...] = ()
    at: float = 0.0
    committed_at: Mapping[int, float] = field(default_factory=dict)

    @property
    def configs(self) -> Mapping[str, TopicConfig]:
        """Of the topics that could be asked about."""
        return self.told.configs


@dataclass(slots=True)
class _Call:
    started: bool = False
    ended: bool = False


class Surveyor:
    """Looks over one cluster through one client. A broker that owes an answer past its time is not asked again."""

    def __init__(self, client: Client, threads: Bulkhead, roll: Roll, seldom: Seldom, now: Callable[[], float]) -> None:
        """``roll`` and ``seldom`` are of the cluster, and outlive the client. ``now`` tells estate seconds."""
        self._client = client
        self._now = now
        self._threads = threads
        self._roll = roll
        self._seldom = seldom
        self._overdue: dict[int, _Call] = {}
        self._hedged: set[asyncio.Task[ClusterView | Failed]] = set()
        self._first: int | None = None  # the broker that answered last for the cluster
        self._usual = 0.0  # wall seconds that this took

    async def warm(self, seconds: float) -> None:
        """Connects to every broker, as far as that can be done in so many wall seconds."""
        jobs = {broker: partial(self._client.warm, broker) for broker in self._client.brokers}
        await self._each(jobs, time.monotonic() + seconds)

    async def look(self, wanted: Wanted, seconds: float) -> Survey:
        """Everything wanted. Raises Failed when no broker answers; some that do not are problems of the survey."""
        start = time.monotonic()
        cluster = await self._cluster(start, seconds)
        self._roll.call(cluster)
        asked = {broker: self._timed(self._client.groups, broker, wanted.group) for broker in cluster.brokers}
        views, silent = await self._each(asked, start + seconds * GROUPS_BY)
        if silent and not views:
            raise next(iter(silent.values()))
        groups = sorted((view for found, _ in views.values() for view in found), key=lambda view: view.name)
        topics = [name for name in sorted(cluster.leaders) if wanted.topic(name, _internal(cluster, name))]
        allowed = _allowed(cluster, wanted)
        led = _led(allowed, groups, topics, silent)
        asks = {broker: self._timed(self._client.offsets, broker, parts) for broker, parts in led.items()}
        found, late = await self._each(asks, start + seconds * OFFSETS_BY)
        bounds = {part: bounds for answer, _ in found.values() for part, bounds in answer.items()}
        at = min((at for _, at in found.values()), default=self._now())
        silent |= late
        await self._seldom_asked(sorted(allowed), start + seconds)
        return Survey(
            cluster=cluster,
            groups=tuple(_stand(view, allowed, bounds) for view in groups if not view.refusal),
            topics=tuple(TopicStand(name, _places(name, allowed, {}, bounds)) for name in topics),
            problems=problems(wanted, cluster, groups, silent, self._roll),
            expected=self._roll.expected(cluster),
            silent=tuple(sorted(silent)),
            told=self._seldom.told,
            refused=tuple(view for view in groups if view.refusal),
            at=at,
            committed_at={broker: at for broker, (_, at) in views.items()},
        )

    async def rights(self, survey: Survey, seconds: float) -> Rights:
        """What we may do with the cluster, its topics and its groups, as far as brokers say. Raises Failed."""
        until = time.monotonic() + seconds
        if self._first is None:
            raise failed(FailureKind.TIMED_OUT, "no broker is left to ask")
        found, silent = await self._each({self._first: partial(self._client.rights, self._first)}, until)
        if silent:
            raise silent[self._first]
        names: dict[int, list[str]] = {}
        for stand in survey.groups:
            if stand.group.coordinator is not None and not stand.group.new:
                names.setdefault(stand.group.coordinator, []).append(stand.group.name)
        asked = {broker: partial(self._client.group_rights, broker, some) for broker, some in names.items()}
        groups, _ = await self._each(asked, until)
        return replace(found[self._first], groups={name: of for told in groups.values() for name, of in told.items()})

    async def offsets_at(
        self, survey: Survey, times: Mapping[TopicPartition, float], seconds: float
    ) -> dict[TopicPartition, int | None]:
        """One more round, of the leaders that answered: offsets at times. What nobody answers for is left out."""
        led: dict[int, dict[TopicPartition, float]] = {}
        for (topic, index), time_ in times.items():
            leader = survey.cluster.leaders.get(topic, {}).get(index, NOBODY)
            if leader != NOBODY and leader not in survey.silent:
                led.setdefault(leader, {})[topic, index] = time_
        asks = {broker: partial(self._client.offsets_at, broker, wanted) for broker, wanted in led.items()}
        found, _ = await self._each(asks, time.monotonic() + seconds)
        return {part: offset for answer in found.values() for part, offset in answer.items()}

    async def _cluster(self, start: float, seconds: float) -> ClusterView:
        """From the broker that answered last; from the others too, one after the other, where it takes its time."""
        until = start + seconds * CLUSTER_BY
        waiting = sorted(self._client.brokers, key=lambda broker: broker == self._first)
        asked: dict[asyncio.Task[ClusterView | Failed], int] = {}
        failure = failed(FailureKind.TIMED_OUT, "no broker is left to ask")
        while asked or waiting:
            if waiting:
                broker = waiting.pop()
                task = asyncio.create_task(self._one(broker, partial(self._client.cluster, broker), until))
                asked[task] = broker
                self._hedged.add(task)
                task.add_done_callback(self._hedged.discard)
            pause = max(seconds * HEDGE, 2 * self._usual) if waiting else None
            done, _ = await asyncio.wait(asked, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                broker, answer = asked.pop(task), task.result()
                if not isinstance(answer, Failed):
                    self._first, self._usual = broker, time.monotonic() - start
                    return answer
                failure = answer
        raise failure

    async def _seldom_asked(self, topics: Sequence[str], until: float) -> None:
        """One exchange now and then. That nothing came of it is no failure of the reading."""
        if self._first is None or not self._seldom.due(topics):
            return
        await self._one(self._first, partial(self._seldom.ask, self._client, self._first, topics), until)

    def _timed(self, job: Callable[..., T], *arguments: object) -> Callable[[float], tuple[T, float]]:
        """With the time of its answer, which the loop may come round to much later."""

        def timed(seconds: float) -> tuple[T, float]:
            return job(*arguments, seconds), self._now()

        return timed

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
            answer = await self._threads.call(asked, deadline=max(0.0, until - time.monotonic()) + GRACE)
        except Failed as failure:
            return failure
        except TimeoutError:
            if call.started:
                self._overdue[broker] = call
            return failed(FailureKind.TIMED_OUT, f"broker {broker}: {SILENCE}")
        self._roll.hear((broker,))
        return answer


def _internal(cluster: ClusterView, name: str) -> bool:
    return name in cluster.topics and cluster.topics[name].internal


def _allowed(cluster: ClusterView, wanted: Wanted) -> Leaders:
    return {name: led for name, led in cluster.leaders.items() if wanted.allows(name, _internal(cluster, name))}


def _led(
    leaders: Leaders, groups: Sequence[GroupView], topics: Sequence[str], skip: Mapping[int, object]
) -> dict[int, list[TopicPartition]]:
    """The partitions to look up, by leader; none where the leader is unknown or was silent just before."""
    names = {topic for view in groups for topic in _topics_of(view)} | set(topics)
    led: dict[int, list[TopicPartition]] = {}
    for name in sorted(names & set(leaders)):
        for index, leader in leaders[name].items():
            if leader >= 0 and leader not in skip:
                led.setdefault(leader, []).append((name, index))
    return led


def _topics_of(view: GroupView) -> set[str]:
    return {topic for topic, _ in view.committed} | {topic for topic, _ in view.held or ()}


def _stand(view: GroupView, leaders: Leaders, bounds: Bounds) -> GroupStand:
    topics = sorted(_topics_of(view) & set(leaders))
    abandoned: list[str] = []
    if view.state == "Stable" and view.held:
        held = {topic for topic, _ in view.held}
        abandoned = [topic for topic in topics if topic not in held]
    places = [
        place for topic in topics if topic not in abandoned for place in _places(topic, leaders, view.committed, bounds)
    ]
    return GroupStand(view, tuple(places), tuple(abandoned))


def _places(topic: str, leaders: Leaders, committed: Mapping[TopicPartition, int], bounds: Bounds) -> tuple[Place, ...]:
    def place(index: int) -> Place:
        low, end = bounds.get((topic, index), (None, None))
        return Place(topic, index, committed.get((topic, index)), low, end)

    return tuple(place(index) for index in sorted(leaders[topic]))
