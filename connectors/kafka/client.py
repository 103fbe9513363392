"""Blocking calls to one Kafka cluster, each to a named broker and within a time given.

The library's admin client asks whichever broker seems least busy before it asks the right one, so one that hangs
could hide the rest, and it raises at the first group that may not be read. Here every request is a message of the
protocol sent to one broker, and what comes back is told apart group by group. Rounds: one for the cluster, two a
broker for its groups (list; then describe and fetch commits, one behind the other), one a leader for offsets,
whatever the number of groups and partitions. Nothing is asked in a newer version than the broker has offered.

This module imports kafka, so it is itself imported in a worker thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from kafka.errors import for_code
from kafka.protocol.consumer import OffsetSpec

from connectors.failure import Failed
from connectors.kafka import asks
from connectors.kafka.failure import failed, translated
from connectors.kafka.lines import IN_FLIGHT, Ask, Lines
from connectors.kafka.quick import commits, commits_of_one, offsets
from connectors.kafka.rights import Allowed, Rights
from connectors.kafka.seen import ClusterView, GroupView, Quota, Standing, TopicConfig, TopicPartition
from connectors.kafka.unread import Answer, Last, Repeated
from connectors.kafka.views import (
    cluster_view,
    config_view,
    described,
    group_rights,
    is_consumers,
    is_new,
    listed,
    newly_described,
    quorum_view,
    quota_views,
    rights_view,
    with_commits,
)
from connectors.kafka.way import Way
from console.model.snapshot import FailureKind

T = TypeVar("T")
Named = Callable[[str], bool]

_Views = dict[str, GroupView]  # by the groups' names
_Commits = Answer | Mapping[str, Answer]

BOOTSTRAP = -1  # in the place of a broker's id, as long as that is not known
_NO_COORDINATOR_YET = (14, 15)  # loading, or no group was ever used: a broker without groups, no failure

# Unheard, the client's log would be printed over the screen by logging's last resort; at its finest it has passwords.
logging.getLogger("kafka").addHandler(logging.NullHandler())
logging.getLogger("kafka").setLevel(logging.CRITICAL)


class Client:
    """Connections to one cluster. Thread-safe. Every method raises Failed and nothing else of the wire's."""

    def __init__(self, address: str, way: Way, seconds: float, patience: float) -> None:
        """Asks one bootstrap address who the brokers are, within so many wall seconds.

        ``patience``: wall seconds that a later connection to a broker may take.
        """
        self._lines = Lines(way, max(seconds, patience))
        self._addresses: dict[int, str] = {}
        self._last = Last()
        self._again: dict[int, tuple[object, tuple[Repeated, ...]]] = {}  # touched on the loop of the lines alone
        try:
            self._meet(self._lines.talk(BOOTSTRAP, address, seconds, self._greeted))
            self._lines.hang_up(BOOTSTRAP)
            if not self._addresses:
                raise failed(FailureKind.PROTOCOL, f"{address}: names no broker")
        except BaseException:  # it has a thread and sockets, and nobody else knows of them
            self.close()
            raise

    def close(self) -> None:
        """May take long: not for the loop's thread."""
        self._lines.close()

    @property
    def brokers(self) -> tuple[int, ...]:
        """Ids of the brokers that were up when the cluster was last looked at."""
        return tuple(self._addresses)

    @property
    def asked(self) -> int:
        """Requests sent so far, without those that a connection begins with."""
        return self._lines.asked

    def warm(self, broker: int, seconds: float) -> None:
        """Connects, so that the first reading does not have to."""
        self._run(broker, seconds, self._nothing)

    def cluster(self, broker: int, seconds: float) -> ClusterView:
        """Brokers, topics and leaders, as one broker sees them."""
        answer = self._run(broker, seconds, Ask.bare, asks.everything())
        seen = self._sense(broker, lambda: self._last.of("cluster", broker, answer, _cluster))
        self._meet(seen)
        return seen

    def groups(self, broker: int, wanted: Named, seconds: float) -> tuple[GroupView, ...]:
        """The groups so named that this broker coordinates, with what they have committed."""
        views, told, commits = self._run(broker, seconds, self._groups, wanted, broker)
        return self._sense(broker, lambda: self._peopled(views, told, commits, broker))

    def offsets(
        self, broker: int, parts: Sequence[TopicPartition], seconds: float
    ) -> Mapping[TopicPartition, tuple[int, int]]:
        """Low watermark and end of each partition that this broker leads; one it does not answer for is left out."""
        answers = self._run(broker, seconds, self._offsets, parts, broker)

        def read() -> Mapping[TopicPartition, tuple[int, int]]:
            low, end = (self._last.of(what, broker, answers[what], offsets) for what in ("low", "end"))
            return {part: (low[part], end[part]) for part in parts if part in low and part in end}

        return self._sense(broker, read)

    def offsets_at(
        self, broker: int, times: Mapping[TopicPartition, float], seconds: float
    ) -> Mapping[TopicPartition, int | None]:
        """The first offset of each partition whose record is not older than its time, seconds since the epoch.

        None: every record is older. A partition that the broker does not answer for is left out.
        """
        answer = self._run(broker, seconds, Ask.bare, asks.offsets_at(times))
        found = self._sense(broker, lambda: offsets(answer))
        return {part: offset if offset >= 0 else None for part, offset in found.items()}

    def configs(self, broker: int, topics: Sequence[str], seconds: float) -> Mapping[str, TopicConfig]:
        """What is set on these topics; one that may not be asked about is left out. Any broker knows."""
        return config_view(self._run(broker, seconds, Ask.__call__, asks.configs(topics)))

    def quotas(self, broker: int, seconds: float) -> tuple[Quota, ...]:
        """All quotas there are. Failed FORBIDDEN without the right; PROTOCOL where the broker has none (before 2.6)."""
        return self._run(broker, seconds, self._quotas)

    def standing(self, broker: int, seconds: float) -> Standing:
        """What this broker is, and who controls the cluster."""
        return self._run(broker, seconds, self._standing)

    def rights(self, broker: int, seconds: float) -> Rights:
        """What we may do with the cluster and its topics."""
        return rights_view(self._run(broker, seconds, Ask.__call__, asks.operations()))

    def group_rights(self, broker: int, names: Sequence[str], seconds: float) -> Mapping[str, Allowed]:
        """What we may do with these groups, which this broker coordinates."""
        return group_rights(self._run(broker, seconds, Ask.__call__, asks.descriptions(names, operations=True)))

    def address(self, broker: int) -> str:
        """The ``host:port`` that it advertises."""
        try:
            return self._addresses[broker]
        except KeyError:
            raise failed(FailureKind.REFUSED, f"broker {broker}: not in the cluster any more") from None

    async def _greeted(self, ask: Ask) -> ClusterView:
        return cluster_view(await ask(asks.brokers_alone()))

    async def _nothing(self, ask: Ask) -> None:
        return

    async def _groups(self, ask: Ask, wanted: Named, broker: int) -> tuple[_Views, Sequence[Answer], _Commits]:
        """The groups so named, as far as they are listed; and what is said of them, unread."""
        said = await ask(asks.groups())
        if said.error_code in _NO_COORDINATOR_YET:
            return {}, (), {}
        _check(said)
        found = [group for group in said.groups if is_consumers(group) and wanted(group.group_id)]
        if not found:
            return {}, (), {}
        views = {group.group_id: listed(group, broker) for group in found}
        old = [group.group_id for group in found if not is_new(group)]
        new = [group.group_id for group in found if is_new(group)]
        requests = []
        if old:
            requests.append(asks.descriptions(old))
        if new and ask.offers(asks.new_descriptions(new)):
            requests.append(asks.new_descriptions(new))
        return views, *await self._with_commits(ask, requests, list(views))

    async def _with_commits(
        self, ask: Ask, requests: list[Any], names: Sequence[str]
    ) -> tuple[Sequence[Answer], _Commits]:
        """The answers, and what the groups committed: all in one answer, or by their names."""
        if ask.offers(asks.commits(names), asks.BATCHED):
            *told, said = await ask.all(*requests, asks.commits(names))
            return told, said
        told = await ask.all(*requests)
        committed: dict[str, Answer] = {}
        for some in _windows(names, IN_FLIGHT // 2):
            answers = await ask.all(*(asks.commits_of(name) for name in some))
            committed.update(dict(zip(some, answers, strict=True)))
        return told, committed

    async def _offsets(self, ask: Ask, parts: Sequence[TopicPartition], broker: int) -> Mapping[str, Answer]:
        low, end = await ask.all(*self._asked_again(ask, tuple(parts), broker))
        return {"low": low, "end": end}

    def _asked_again(self, ask: Ask, parts: tuple[TopicPartition, ...], broker: int) -> Sequence[Repeated]:
        """The same messages as last time, where the same is asked of a broker that speaks the same versions.

        In this order: what is low only grows, so the end that is read after it is not below it.
        """
        key = (parts, ask.versions.get(asks.LIST_OFFSETS))
        known, requests = self._again.get(broker, (None, ()))
        if known != key:
            specs = (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
            requests = tuple(Repeated(asks.offsets(parts, spec)) for spec in specs)
            self._again[broker] = (key, requests)
        return requests

    async def _quotas(self, ask: Ask) -> tuple[Quota, ...]:
        if not ask.offers(asks.quotas()):
            raise failed(FailureKind.PROTOCOL, "knows no quotas: Apache Kafka tells them from 2.6 on")
        said = await ask(asks.quotas())
        _check(said)
        return quota_views(said)

    async def _standing(self, ask: Ask) -> Standing:
        if not ask.offers(asks.quorum()):
            return Standing(ask.release, kraft=False)
        said = await ask(asks.quorum())
        return Standing(ask.release, kraft=True, quorum=None if said.error_code else quorum_view(said))

    def _meet(self, seen: ClusterView) -> None:
        self._addresses = dict(seen.addresses)

    def _peopled(
        self, views: _Views, told: Sequence[Answer], committed: _Commits, broker: int
    ) -> tuple[GroupView, ...]:
        for number, answer in enumerate(told):
            found = self._last.of(f"groups {number}", broker, answer, lambda said: _described(said, broker))
            views.update({view.name: view for view in found})
        if isinstance(committed, Answer):
            known = commits(committed)
        else:
            known = {name: commits_of_one(answer) for name, answer in committed.items()}
        return tuple(
            with_commits(view, known[name]) if name in known and not view.refusal else view
            for name, view in views.items()
        )

    def _sense(self, broker: int, read: Callable[[], T]) -> T:
        """Of what a broker said, in the thread that asked it. Raises Failed where there is none."""
        try:
            return read()
        except Exception as error:  # whatever a stranger's bytes make of it
            raise _of(broker, translated(error, self.address(broker))) from error

    def _run(self, broker: int, seconds: float, work: Callable[..., Coroutine[Any, Any, T]], *arguments: object) -> T:
        """One broker's whole exchange on the client's own loop: a hop between threads costs as much as a request."""
        try:
            return self._lines.talk(broker, self.address(broker), seconds, work, *arguments)
        except Failed as failure:
            raise _of(broker, failure) from failure


def _of(broker: int, failure: Failed) -> Failed:
    """With the broker's name before it, once."""
    name = f"broker {broker}: "
    reason = failure.reason if failure.reason.startswith(name) else name + failure.reason
    return failed(failure.kind, reason, retry_after=failure.retry_after)


def _check(said: Any) -> None:
    if said.error_code:
        raise for_code(said.error_code)()


def _windows(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))


def _cluster(answer: Answer) -> ClusterView:
    return cluster_view(answer.read())


def _described(answer: Answer, broker: int) -> list[GroupView]:
    new = answer.kind.API_KEY == asks.new_descriptions(()).API_KEY
    return [newly_described(group, broker) if new else described(group, broker) for group in answer.read().groups]
