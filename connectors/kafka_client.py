"""Blocking calls to one Kafka cluster, each to a named broker and within a time given.

The admin client's own methods ask whichever broker seems least busy before they ask the right one, so one that
hangs could hide the rest, and they raise at the first group that may not be read. Here every request is a
message of the protocol sent to one broker, and what comes back is told apart group by group. Rounds: one for the
cluster, three a broker for its groups, two a leader for offsets, whatever the number of groups and partitions.

This module imports kafka, so it is itself imported in a worker thread only.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import for_code
from kafka.net.compat import KafkaNetClient
from kafka.protocol.admin import DescribeGroupsRequest, ListGroupsRequest
from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest, OffsetSpec
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment
from kafka.protocol.metadata import MetadataRequest

from connectors.kafka_failure import failed, translated, words
from console.model.snapshot import FailureKind

TopicPartition = tuple[str, int]

_BATCHED_OFFSETS = 8  # first version of OffsetFetch that asks for many groups at once; later ones drop topics' names
_NO_COORDINATOR_YET = (14, 15)  # loading, or no group was ever used: a broker without groups, no failure
_NEW_PROTOCOL = "consumer"  # groups of the new rebalance protocol are not in DescribeGroups

# Unheard, the client's log would be printed over the screen by logging's last resort.
logging.getLogger("kafka").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class ClusterView:
    id: str
    brokers: tuple[int, ...]
    leaders: Mapping[str, Mapping[int, int]]  # topic → partition → broker; -1: no leader


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group as its coordinator tells it. ``held`` None: who holds what is not known.

    ``workers`` names who holds a partition; ``members`` None: not told.
    """

    name: str
    state: str
    members: int | None = None
    held: frozenset[TopicPartition] | None = None
    committed: Mapping[TopicPartition, int] = field(default_factory=dict)
    workers: Mapping[TopicPartition, str] = field(default_factory=dict)
    refusal: str = ""  # why it could not be read


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
        said = self._ask(broker, MetadataRequest(topics=None, allow_auto_topic_creation=False), seconds)
        return ClusterView(
            id=said.cluster_id or "",
            brokers=tuple(sorted(node.node_id for node in said.brokers)),
            leaders={
                topic.name: {part.partition_index: part.leader_id for part in topic.partitions}
                for topic in said.topics
                if not topic.error_code
            },
        )

    def groups(self, broker: int, wanted: Sequence[str], seconds: float) -> tuple[GroupView, ...]:
        """The groups of these patterns that this broker coordinates, with what they have committed."""
        listed = self._ask(broker, ListGroupsRequest(), seconds)
        if listed.error_code in _NO_COORDINATOR_YET:
            return ()
        _raise_for(listed.error_code, broker)
        found = [group for group in listed.groups if _is_wanted(group, wanted)]
        known = [GroupView(group.group_id, group.group_state or "") for group in found if _is_new(group)]
        known += self._described(broker, [group.group_id for group in found if not _is_new(group)], seconds)
        return self._with_offsets(broker, known, seconds)

    def offsets(
        self, broker: int, parts: Sequence[TopicPartition], seconds: float
    ) -> Mapping[TopicPartition, tuple[int, int]]:
        """Low watermark and end of each partition that this broker leads; one it does not answer for is left out."""
        lows = self._spec(broker, parts, OffsetSpec.EARLIEST, seconds)
        ends = self._spec(broker, parts, OffsetSpec.LATEST, seconds)
        return {part: (lows[part], ends[part]) for part in parts if part in lows and part in ends}

    def _net(self, milliseconds: float, **configs: Any) -> Any:
        """The client's network, connected once: its bootstrap would retry, and say only that it timed out."""
        # The admin client refuses this setting; without it a black hole costs 10 s.
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

    def _described(self, broker: int, names: list[str], seconds: float) -> list[GroupView]:
        if not names:
            return []
        said = self._ask(broker, DescribeGroupsRequest(groups=names), seconds)
        return [_view(group) for group in said.groups]

    def _with_offsets(self, broker: int, known: list[GroupView], seconds: float) -> tuple[GroupView, ...]:
        readable = [group.name for group in known if not group.refusal]
        if not readable:
            return tuple(known)
        asked = [OffsetFetchRequest.OffsetFetchRequestGroup(group_id=name, topics=None) for name in readable]
        request = OffsetFetchRequest(groups=asked, min_version=_BATCHED_OFFSETS, max_version=_BATCHED_OFFSETS)
        said = {group.group_id: group for group in self._ask(broker, request, seconds).groups}
        return tuple(_committed(group, said[group.name]) if group.name in said else group for group in known)

    def _spec(
        self, broker: int, parts: Sequence[TopicPartition], spec: int, seconds: float
    ) -> dict[TopicPartition, int]:
        topic = ListOffsetsRequest.ListOffsetsTopic
        asked: dict[str, list[Any]] = {}
        for name, index in parts:
            asked.setdefault(name, []).append(topic.ListOffsetsPartition(partition_index=index, timestamp=spec))
        topics = [topic(name=name, partitions=indexes) for name, indexes in asked.items()]
        said = self._ask(broker, ListOffsetsRequest(topics=topics, min_version=1), seconds)
        return {
            (found.name, part.partition_index): part.offset
            for found in said.topics
            for part in found.partitions
            if not part.error_code
        }

    def _ask(self, broker: int, request: Any, seconds: float) -> Any:
        if self._closed:
            raise failed(FailureKind.REFUSED, f"broker {broker}: the connection was given up")
        manager = self._admin._manager
        milliseconds = max(1, int(seconds * 1000))

        async def asked() -> Any:
            sent = manager.send(request, node_id=broker, request_timeout_ms=milliseconds)
            return await manager.wait_for(sent, milliseconds)

        try:
            return manager.run(asked)
        except Exception as error:  # whatever a stranger's bytes made of the client's own loop
            raise translated(error, f"broker {broker}") from error


def _is_wanted(group: Any, patterns: Sequence[str]) -> bool:
    """A group of consumers (Connect's own are not), whose name matches."""
    return group.protocol_type in ("consumer", "") and any(fnmatchcase(group.group_id, one) for one in patterns)


def _is_new(group: Any) -> bool:
    return bool((group.group_type or "").lower() == _NEW_PROTOCOL)


def _raise_for(code: int, broker: int) -> None:
    if code:
        raise translated(for_code(code)(), f"broker {broker}")


def _view(group: Any) -> GroupView:
    if group.error_code:
        return GroupView(group.group_id, "", refusal=words(for_code(group.error_code)()))
    workers = _workers(group.members)
    return GroupView(
        name=group.group_id,
        state=group.group_state,
        members=len(group.members),
        held=None if workers is None else frozenset(workers),
        workers=workers or {},
    )


def _workers(members: Sequence[Any]) -> Mapping[TopicPartition, str] | None:
    """Who holds which partition; None when an assignment is not in the consumers' own format."""
    held: dict[TopicPartition, str] = {}
    for member in members:
        if not member.member_assignment:
            continue
        try:
            assignment = ConsumerProtocolAssignment.decode(bytes(member.member_assignment))
        except (struct.error, ValueError, IndexError):
            return None
        name = f"{member.client_id} {member.client_host}"
        held.update(
            {(topic.topic, index): name for topic in assignment.assigned_partitions for index in topic.partitions}
        )
    return held


def _committed(group: GroupView, said: Any) -> GroupView:
    refusal = words(for_code(said.error_code)()) if said.error_code else ""
    offsets = {
        (topic.name, part.partition_index): part.committed_offset
        for topic in said.topics
        for part in topic.partitions
        if not part.error_code and part.committed_offset >= 0
    }
    return GroupView(group.name, group.state, group.members, group.held, offsets, group.workers, refusal)
