"""Blocking calls to one Kafka cluster, each to a named broker and within a time given.

The admin client's own methods ask whichever broker seems least busy before they ask the right one, so one that
hangs could hide the rest, and they raise at the first group that may not be read. Here every request is a
message of the protocol sent to one broker, and what comes back is told apart group by group. Rounds: one for the
cluster, three a broker for its groups, two a leader for offsets, whatever the number of groups and partitions.

This module imports kafka, so it is itself imported in a worker thread only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from kafka import KafkaAdminClient
from kafka.errors import for_code
from kafka.net.compat import KafkaNetClient
from kafka.protocol.admin import DescribeGroupsRequest, ListGroupsRequest
from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest, OffsetSpec
from kafka.protocol.metadata import MetadataRequest

from connectors.kafka.failure import failed, translated
from connectors.kafka.views import (
    ClusterView,
    GroupView,
    TopicPartition,
    cluster_view,
    described,
    is_new,
    is_wanted,
    listed,
    with_commits,
)
from console.model.snapshot import FailureKind

T = TypeVar("T")
Ask = Callable[[Any], Awaitable[Any]]
"""Sends a request to the broker that is being asked, within what is left of its time."""

_BATCHED_OFFSETS = 8  # first version of OffsetFetch that asks for many groups at once; later ones drop topics' names
_NO_COORDINATOR_YET = (14, 15)  # loading, or no group was ever used: a broker without groups, no failure

# Unheard, the client's log would be printed over the screen by logging's last resort.
logging.getLogger("kafka").addHandler(logging.NullHandler())


class Client:
    """One connection pool to one cluster. Thread-safe. Every method raises Failed and nothing else of the wire's."""

    def __init__(self, address: str, options: Mapping[str, object], seconds: float) -> None:
        """Connects to one bootstrap address within so many wall seconds."""
        self._closed = False
        self._nets: list[Any] = []
        milliseconds = seconds * 1000
        try:
            self._admin = KafkaAdminClient(
                bootstrap_servers=[address],
                bootstrap_timeout_ms=milliseconds,
                request_timeout_ms=milliseconds,
                reconnect_backoff_max_ms=1000,
                metadata_max_age_ms=30_000,
                kafka_client=partial(self._net, milliseconds),
                **options,
            )
        except Exception as error:  # whatever a stranger's bytes made of the client's own loop
            self.close()  # a constructor that fails leaves its thread behind
            raise translated(error, address) from error

    def close(self) -> None:
        """May take long: not for the loop's thread."""
        self._closed = True
        for net in self._nets:
            net.close()
            net._net.stop()

    @property
    def brokers(self) -> tuple[int, ...]:
        """Ids of the brokers that the client knows of now."""
        return tuple(broker.node_id for broker in self._admin._manager.cluster.brokers())

    def cluster(self, broker: int, seconds: float) -> ClusterView:
        """Brokers, topics and leaders, as one broker sees them."""
        return self._run(broker, seconds, self._cluster)

    def groups(self, broker: int, wanted: Sequence[str], seconds: float) -> tuple[GroupView, ...]:
        """The groups of these patterns that this broker coordinates, with what they have committed."""
        return self._run(broker, seconds, self._groups, wanted)

    def offsets(
        self, broker: int, parts: Sequence[TopicPartition], seconds: float
    ) -> Mapping[TopicPartition, tuple[int, int]]:
        """Low watermark and end of each partition that this broker leads; one it does not answer for is left out."""
        return self._run(broker, seconds, self._offsets, parts)

    async def _cluster(self, ask: Ask) -> ClusterView:
        return cluster_view(await ask(MetadataRequest(topics=None, allow_auto_topic_creation=False)))

    async def _groups(self, ask: Ask, wanted: Sequence[str]) -> tuple[GroupView, ...]:
        said = await ask(ListGroupsRequest())
        if said.error_code in _NO_COORDINATOR_YET:
            return ()
        if said.error_code:
            raise for_code(said.error_code)()
        found = [group for group in said.groups if is_wanted(group, wanted)]
        names = [group.group_id for group in found if not is_new(group)]
        known = [listed(group) for group in found if is_new(group)]
        if names:
            known += [described(group) for group in (await ask(DescribeGroupsRequest(groups=names))).groups]
        readable = [group.name for group in known if not group.refusal]
        said = await ask(_commits_of(readable)) if readable else None
        commits = {group.group_id: group for group in said.groups} if said else {}
        return tuple(with_commits(group, commits[group.name]) if group.name in commits else group for group in known)

    async def _offsets(self, ask: Ask, parts: Sequence[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        low = _found(await ask(_spec_of(parts, OffsetSpec.EARLIEST)))
        end = _found(await ask(_spec_of(parts, OffsetSpec.LATEST)))
        return {part: (low[part], end[part]) for part in parts if part in low and part in end}

    def _run(self, broker: int, seconds: float, work: Callable[..., Coroutine[Any, Any, T]], *arguments: object) -> T:
        """One broker's whole exchange on the client's own loop: a hop between threads costs as much as a request."""
        if self._closed:
            raise failed(FailureKind.REFUSED, f"broker {broker}: the connection was given up")
        manager, until = self._admin._manager, time.monotonic() + seconds

        def ask(request: Any) -> Any:
            milliseconds = max(1, int((until - time.monotonic()) * 1000))
            sent = manager.send(request, node_id=broker, request_timeout_ms=milliseconds)
            return manager.wait_for(sent, milliseconds)

        try:
            return cast(T, manager.run(work, ask, *arguments))
        except Exception as error:  # whatever a stranger's bytes made of the client's own loop
            raise translated(error, f"broker {broker}") from error

    def _net(self, milliseconds: float, **configs: Any) -> Any:
        """The client's network, connected once: its bootstrap would retry, and say only that it timed out."""
        configs["metrics"] = None  # nobody reads them, and each request pays for them
        # The admin client refuses the timeout; without it a black hole costs 10 s.
        net = KafkaNetClient(**configs, socket_connection_setup_timeout_ms=milliseconds)
        self._nets.append(net)
        net._net.start()
        manager = net._manager

        async def connected() -> None:
            node = manager.cluster.bootstrap_brokers()[0].node_id
            connection = manager.get_connection(node, pop_on_close=False, refresh_metadata_on_err=False)
            await manager.wait_for(connection.init_future, milliseconds)
            # A broker that wants a password hangs up only when it is asked something.
            await manager.wait_for(manager.send(MetadataRequest(topics=[]), node_id=node), milliseconds)

        manager.run(connected)
        return net


def _commits_of(groups: Sequence[str]) -> Any:
    asked = [OffsetFetchRequest.OffsetFetchRequestGroup(group_id=name, topics=None) for name in groups]
    return OffsetFetchRequest(groups=asked, min_version=_BATCHED_OFFSETS, max_version=_BATCHED_OFFSETS)


def _spec_of(parts: Sequence[TopicPartition], spec: int) -> Any:
    topic = ListOffsetsRequest.ListOffsetsTopic
    asked: dict[str, list[Any]] = {}
    for name, index in parts:
        asked.setdefault(name, []).append(topic.ListOffsetsPartition(partition_index=index, timestamp=spec))
    return ListOffsetsRequest(
        topics=[topic(name=name, partitions=found) for name, found in asked.items()], min_version=1
    )


def _found(said: Any) -> dict[TopicPartition, int]:
    return {
        (topic.name, part.partition_index): part.offset
        for topic in said.topics
        for part in topic.partitions
        if not part.error_code
    }
