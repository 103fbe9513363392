"""What brokers answer, as values: the cluster, and groups with their commits. Imported in a worker thread only."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kafka.errors import for_code
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

from connectors.address import joined
from connectors.kafka.failure import words
from connectors.kafka.quick import Commits
from connectors.kafka.rights import Allowed, Rights
from connectors.kafka.seen import (
    ClusterView,
    GroupView,
    PartitionView,
    Quorum,
    Quota,
    TopicConfig,
    TopicPartition,
    TopicView,
)

__all__ = [
    "ClusterView",
    "GroupView",
    "TopicPartition",
    "cluster_view",
    "config_view",
    "described",
    "group_rights",
    "is_consumers",
    "is_new",
    "listed",
    "newly_described",
    "quorum_view",
    "quota_views",
    "rights_view",
    "with_commits",
]

REPLACED = "\ufffd"  # in the place of bytes that are no UTF-8
_NOT_THERE = 69  # a group, in the newer brokers' words; the older ones say that it is dead
NO_TEXT = "its name is no UTF-8, so it cannot be asked about"
_NEW_PROTOCOL = "consumer"  # groups of the new rebalance protocol are not in DescribeGroups


def cluster_view(said: Any) -> ClusterView:
    """Of a response to Metadata."""
    topics = {topic.name: _topic(topic) for topic in said.topics if not topic.error_code}
    return ClusterView(
        id=said.cluster_id or "",
        brokers=tuple(sorted(node.node_id for node in said.brokers)),
        leaders={
            name: {index: part.leader for index, part in topic.partitions.items()} for name, topic in topics.items()
        },
        topics=topics,
        controller=None if said.controller_id is None or said.controller_id < 0 else said.controller_id,
        addresses={node.node_id: joined(node.host, node.port) for node in said.brokers},
        racks={node.node_id: node.rack for node in said.brokers if node.rack},
    )


def _topic(topic: Any) -> TopicView:
    return TopicView(
        partitions={part.partition_index: _partition(part) for part in topic.partitions},
        id=str(topic.topic_id) if topic.topic_id and topic.topic_id.int else "",  # all zero: not told
        internal=bool(topic.is_internal),
    )


def _partition(part: Any) -> PartitionView:
    return PartitionView(
        leader=part.leader_id,
        replicas=tuple(part.replica_nodes),
        isr=tuple(part.isr_nodes),
        offline=tuple(part.offline_replicas or ()),
        epoch=None if part.leader_epoch is None or part.leader_epoch < 0 else part.leader_epoch,
    )


def listed(group: Any, broker: int) -> GroupView:
    """All that is known of a group which is only listed, by its coordinator."""
    return GroupView(group.group_id, group.group_state or "", coordinator=broker, new=is_new(group))


def is_consumers(group: Any) -> bool:
    """A group of consumers, or of nobody but commits; Connect's own are not."""
    return group.protocol_type in ("consumer", "")


def is_new(group: Any) -> bool:
    return bool((group.group_type or "").lower() == _NEW_PROTOCOL)


def described(group: Any, broker: int) -> GroupView:
    """One of the groups in a response to DescribeGroups."""
    if REPLACED in group.group_id and (group.error_code == _NOT_THERE or group.group_state == "Dead"):
        return GroupView(group.group_id, "", refusal=NO_TEXT, coordinator=broker)
    if group.error_code:
        return _refused(group, broker)
    return _peopled(group, broker, _workers(group.members))


def newly_described(group: Any, broker: int) -> GroupView:
    """One of the groups in a response to ConsumerGroupDescribe (KIP-848)."""
    if group.error_code:
        return _refused(group, broker)
    workers = {
        (topic.topic_name, index): _named(member)
        for member in group.members
        for topic in member.assignment.topic_partitions
        for index in topic.partitions
    }
    return replace(_peopled(group, broker, workers), new=True)


def _refused(group: Any, broker: int) -> GroupView:
    return GroupView(group.group_id, "", refusal=words(for_code(group.error_code)()), coordinator=broker)


def _peopled(group: Any, broker: int, workers: Mapping[TopicPartition, str] | None) -> GroupView:
    return GroupView(
        name=group.group_id,
        state=group.group_state,
        members=len(group.members),
        held=None if workers is None else frozenset(workers),
        workers=workers or {},
        coordinator=broker,
    )


def _named(member: Any) -> str:
    return f"{member.client_id} {member.client_host}"


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
        name = _named(member)
        held.update(
            {(topic.topic, index): name for topic in assignment.assigned_partitions for index in topic.partitions}
        )
    return held


def with_commits(group: GroupView, said: Commits) -> GroupView:
    return replace(group, committed=said.offsets, refusal=words(for_code(said.error_code)()) if said.error_code else "")


def config_view(said: Any) -> Mapping[str, TopicConfig]:
    """Of a response to DescribeConfigs."""
    return {
        result.resource_name: _config({entry.name: entry.value for entry in result.configs})
        for result in said.results
        if not result.error_code
    }


def _config(values: Mapping[str, str | None]) -> TopicConfig:
    cleanup = values.get("cleanup.policy") or ""
    return TopicConfig(
        retention_ms=_number(values.get("retention.ms")),
        retention_bytes=_number(values.get("retention.bytes")),
        cleanup=frozenset(policy.strip() for policy in cleanup.split(",") if policy.strip()),
        min_isr=_number(values.get("min.insync.replicas")),
    )


def _number(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None


def rights_view(said: Any) -> Rights:
    """Of a response to Metadata that was asked for operations."""
    return Rights(
        cluster=_allowed(said.authorized_operations),
        topics={topic.name: _allowed(topic.authorized_operations) for topic in said.topics if not topic.error_code},
    )


def group_rights(said: Any) -> Mapping[str, Allowed]:
    """Of a response to DescribeGroups that was asked for operations."""
    return {group.group_id: _allowed(group.authorized_operations) for group in said.groups if not group.error_code}


def _allowed(operations: Iterable[int] | None) -> Allowed:
    return None if operations is None else frozenset(operations)


def quota_views(said: Any) -> tuple[Quota, ...]:
    """Of a response to DescribeClientQuotas."""
    return tuple(
        Quota(
            entity={part.entity_type: part.entity_name for part in entry.entity},
            limits={value.key: value.value for value in entry.values},
        )
        for entry in said.entries or ()
    )


def quorum_view(said: Any) -> Quorum | None:
    """Of a response to DescribeQuorum; None where it has no such partition for us."""
    for topic in said.topics:
        for part in topic.partitions:
            if not part.error_code:
                ends = {voter.replica_id: voter.log_end_offset for voter in part.current_voters}
                behind = {id: max(0, part.high_watermark - end) for id, end in ends.items() if end >= 0}
                return Quorum(part.leader_id if part.leader_id >= 0 else None, tuple(sorted(ends)), behind)
    return None
