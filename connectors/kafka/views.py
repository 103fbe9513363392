"""What brokers answer, as values: the cluster, and groups with their commits. Imported in a worker thread only."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from kafka.errors import for_code
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

from connectors.kafka.failure import words
from connectors.kafka.seen import ClusterView, GroupView, PartitionView, TopicPartition, TopicView

__all__ = [
    "ClusterView",
    "GroupView",
    "TopicPartition",
    "cluster_view",
    "described",
    "is_new",
    "is_wanted",
    "listed",
    "with_commits",
]

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
        addresses={node.node_id: f"{node.host}:{node.port}" for node in said.brokers},
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


def listed(group: Any) -> GroupView:
    """All that is known of a group which is only listed."""
    return GroupView(group.group_id, group.group_state or "")


def is_wanted(group: Any, patterns: Sequence[str]) -> bool:
    """A group of consumers (Connect's own are not), whose name matches."""
    return group.protocol_type in ("consumer", "") and any(fnmatchcase(group.group_id, one) for one in patterns)


def is_new(group: Any) -> bool:
    return bool((group.group_type or "").lower() == _NEW_PROTOCOL)


def described(group: Any) -> GroupView:
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


def with_commits(group: GroupView, said: Any) -> GroupView:
    refusal = words(for_code(said.error_code)()) if said.error_code else ""
    offsets = {
        (topic.name, part.partition_index): part.committed_offset
        for topic in said.topics
        for part in topic.partitions
        if not part.error_code and part.committed_offset >= 0
    }
    return replace(group, committed=offsets, refusal=refusal)
