"""Requests, as messages of the protocol. Imported in a worker thread only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kafka.protocol.admin import (
    DescribeClientQuotasRequest,
    DescribeConfigsRequest,
    DescribeGroupsRequest,
    DescribeQuorumRequest,
    ListGroupsRequest,
)
from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest
from kafka.protocol.metadata import MetadataRequest

from connectors.kafka.messages import ConsumerGroupDescribeRequest
from connectors.kafka.seen import TopicPartition

BATCHED = 8  # first version of OffsetFetch that asks for many groups at once: Apache Kafka 3.0
_NAMED = 9  # and the last one in which topics have names
_ALL_TOPICS = 2  # first version of OffsetFetch that asks for all of a group's topics: Apache Kafka 0.10.2
LIST_OFFSETS = int(ListOffsetsRequest.API_KEY)
_BOTH_OPERATIONS = 10  # last version of Metadata that tells what one may do with the cluster, too
_TOPIC = 2  # of a resource's type
SETTINGS = ("retention.ms", "retention.bytes", "cleanup.policy", "min.insync.replicas")
CONTROLLERS = "__cluster_metadata"


def everything() -> Any:
    """Brokers and all topics."""
    return MetadataRequest(topics=None, allow_auto_topic_creation=False)


def brokers_alone() -> Any:
    return MetadataRequest(topics=[], allow_auto_topic_creation=False)


def operations() -> Any:
    """What we may do with the cluster and each topic: of brokers from 2.3 on, until others ask for it elsewhere."""
    return MetadataRequest(
        topics=None,
        allow_auto_topic_creation=False,
        include_cluster_authorized_operations=True,
        include_topic_authorized_operations=True,
        max_version=_BOTH_OPERATIONS,
    )


def groups() -> Any:
    return ListGroupsRequest()


def descriptions(names: Sequence[str], *, operations: bool = False) -> Any:
    return DescribeGroupsRequest(groups=list(names), include_authorized_operations=operations)


def new_descriptions(names: Sequence[str], *, operations: bool = False) -> Any:
    """Of groups of the new rebalance protocol (KIP-848)."""
    return ConsumerGroupDescribeRequest(group_ids=list(names), include_authorized_operations=operations)


def commits(names: Sequence[str]) -> Any:
    asked = [OffsetFetchRequest.OffsetFetchRequestGroup(group_id=name, topics=None) for name in names]
    return OffsetFetchRequest(groups=asked, min_version=BATCHED, max_version=_NAMED)


def commits_of(name: str) -> Any:
    """Of one group, for brokers that take no more."""
    return OffsetFetchRequest(group_id=name, topics=None, min_version=_ALL_TOPICS, max_version=BATCHED - 1)


def offsets(parts: Iterable[TopicPartition], spec: int) -> Any:
    """``spec``: one of OffsetSpec's."""
    return _offsets(dict.fromkeys(parts, spec))


def offsets_at(times: Mapping[TopicPartition, float]) -> Any:
    """The first record of each partition that is not older than its time, in seconds since the epoch."""
    return _offsets({part: max(0, int(time * 1000)) for part, time in times.items()})


def _offsets(specs: Mapping[TopicPartition, int]) -> Any:
    topic = ListOffsetsRequest.ListOffsetsTopic
    asked: dict[str, list[Any]] = {}
    for (name, index), spec in specs.items():
        asked.setdefault(name, []).append(topic.ListOffsetsPartition(partition_index=index, timestamp=spec))
    topics = [topic(name=name, partitions=found) for name, found in asked.items()]
    return ListOffsetsRequest(topics=topics, min_version=1)


def configs(topics: Iterable[str]) -> Any:
    resource = DescribeConfigsRequest.DescribeConfigsResource
    asked = [resource(resource_type=_TOPIC, resource_name=name, configuration_keys=list(SETTINGS)) for name in topics]
    return DescribeConfigsRequest(resources=asked)


def quotas() -> Any:
    """All there are."""
    return DescribeClientQuotasRequest(components=[], strict=False)


def quorum() -> Any:
    topic = DescribeQuorumRequest.TopicData
    part = topic.PartitionData(partition_index=0)
    return DescribeQuorumRequest(topics=[topic(topic_name=CONTROLLERS, partitions=[part])])
