"""What brokers answer, as values: the cluster, and groups with their commits. Imported in a worker thread only."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from kafka.errors import for_code
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

from connectors.kafka.failure import words

TopicPartition = tuple[str, int]

_NEW_PROTOCOL = "consumer"  # groups of the new rebalance protocol are not in DescribeGroups


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


def cluster_view(said: Any) -> ClusterView:
    """Of a response to Metadata."""
    return ClusterView(
        id=said.cluster_id or "",
        brokers=tuple(sorted(node.node_id for node in said.brokers)),
        leaders={
            topic.name: {part.partition_index: part.leader_id for part in topic.partitions}
            for topic in said.topics
            if not topic.error_code
        },
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
