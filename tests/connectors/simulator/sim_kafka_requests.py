"""One ordinary request of each API about groups, transactions, settings and quotas, for tests of every version."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from kafka.protocol import admin, consumer
from kafka.protocol import producer as producer_api
from kafka.protocol.consumer.metadata import ConsumerProtocolSubscription

GROUP = "readers"
SUBSCRIBED = bytes(ConsumerProtocolSubscription(version=0, topics=["own"], user_data=b"").encode())


def join(member: str = "", group: str = GROUP, session: float = 10.0) -> Any:
    protocol = consumer.JoinGroupRequest.JoinGroupRequestProtocol
    return consumer.JoinGroupRequest(
        group_id=group,
        session_timeout_ms=int(session * 1000),
        rebalance_timeout_ms=30_000,
        member_id=member,
        group_instance_id=None,
        protocol_type="consumer",
        protocols=[protocol(name="range", metadata=SUBSCRIBED)],
        reason=None,
    )


def sync(
    member: str = "nobody", generation: int = 1, dealt: Mapping[str, bytes] | None = None, group: str = GROUP
) -> Any:
    shape = consumer.SyncGroupRequest.SyncGroupRequestAssignment
    return consumer.SyncGroupRequest(
        group_id=group,
        generation_id=generation,
        member_id=member,
        group_instance_id=None,
        protocol_type="consumer",
        protocol_name="range",
        assignments=[shape(member_id=id, assignment=held) for id, held in (dealt or {}).items()],
    )


def heartbeat(member: str = "nobody", generation: int = 1, group: str = GROUP) -> Any:
    return consumer.HeartbeatRequest(group_id=group, generation_id=generation, member_id=member, group_instance_id=None)


def leave(member: str = "nobody", group: str = GROUP) -> Any:
    one = consumer.LeaveGroupRequest.MemberIdentity(member_id=member, group_instance_id=None, reason="done")
    return consumer.LeaveGroupRequest(group_id=group, member_id=member, members=[one])


def offset_delete(group: str = GROUP, topic: str = "orders") -> Any:
    shape = consumer.OffsetDeleteRequest.OffsetDeleteRequestTopic
    part = shape.OffsetDeleteRequestPartition(partition_index=0)
    return consumer.OffsetDeleteRequest(group_id=group, topics=[shape(name=topic, partitions=[part])])


def add_partitions(id: str = "payer", producer: int = 1, epoch: int = 0, topic: str = "own") -> Any:
    shape = producer_api.AddPartitionsToTxnRequest.AddPartitionsToTxnTopic
    return producer_api.AddPartitionsToTxnRequest(
        v3_and_below_transactional_id=id,
        v3_and_below_producer_id=producer,
        v3_and_below_producer_epoch=epoch,
        v3_and_below_topics=[shape(name=topic, partitions=[0])],
    )


def add_offsets(id: str = "payer", producer: int = 1, epoch: int = 0) -> Any:
    return producer_api.AddOffsetsToTxnRequest(
        transactional_id=id, producer_id=producer, producer_epoch=epoch, group_id=GROUP
    )


def txn_offset_commit(id: str = "payer", producer: int = 1, epoch: int = 0) -> Any:
    shape = producer_api.TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic
    part = shape.TxnOffsetCommitRequestPartition(partition_index=0, committed_offset=2, committed_metadata="")
    return producer_api.TxnOffsetCommitRequest(
        transactional_id=id,
        group_id=GROUP,
        producer_id=producer,
        producer_epoch=epoch,
        generation_id=-1,
        member_id="",
        topics=[shape(name="own", partitions=[part])],
    )


def end_txn(id: str = "payer", producer: int = 1, epoch: int = 0, committed: bool = True) -> Any:
    return producer_api.EndTxnRequest(
        transactional_id=id, producer_id=producer, producer_epoch=epoch, committed=committed
    )


def delete_records(topic: str = "own", offset: int = -1) -> Any:
    shape = admin.DeleteRecordsRequest.DeleteRecordsTopic
    part = shape.DeleteRecordsPartition(partition_index=0, offset=offset)
    return admin.DeleteRecordsRequest(topics=[shape(name=topic, partitions=[part])], timeout_ms=1000)


def alter_configs(values: Mapping[str, str] | None = None, topic: str = "own", validate_only: bool = False) -> Any:
    shape = admin.AlterConfigsRequest.AlterConfigsResource
    configs = [shape.AlterableConfig(name=name, value=value) for name, value in (values or {}).items()]
    resource = shape(resource_type=2, resource_name=topic, configs=configs)
    return admin.AlterConfigsRequest(resources=[resource], validate_only=validate_only)


def incremental(
    *changes: tuple[str, int, str | None], topic: str = "own", kind: int = 2, validate_only: bool = False
) -> Any:
    """Name, operation and value of each change."""
    shape = admin.IncrementalAlterConfigsRequest.AlterConfigsResource
    configs = [
        shape.AlterableConfig(name=name, config_operation=operation, value=value) for name, operation, value in changes
    ]
    resource = shape(resource_type=kind, resource_name=topic, configs=configs)
    return admin.IncrementalAlterConfigsRequest(resources=[resource], validate_only=validate_only)


def alter_quotas(
    entity: Mapping[str, str | None] | None = None,
    changes: Mapping[str, float | None] | None = None,
    validate_only: bool = False,
) -> Any:
    shape = admin.AlterClientQuotasRequest.EntryData
    parts = {"client-id": "loader"} if entity is None else entity
    entry = shape(
        entity=[shape.EntityData(entity_type=type, entity_name=name) for type, name in parts.items()],
        ops=[shape.OpData(key=key, value=value or 0.0, remove=value is None) for key, value in (changes or {}).items()],
    )
    return admin.AlterClientQuotasRequest(entries=[entry], validate_only=validate_only)


def describe_quotas(*components: tuple[str, int, str | None], strict: bool = False) -> Any:
    """Type, kind of match and name of each component."""
    shape = admin.DescribeClientQuotasRequest.ComponentData
    asked = [shape(entity_type=type, match_type=kind, match=name) for type, kind, name in components]
    return admin.DescribeClientQuotasRequest(components=asked, strict=strict)


def create_partitions(topic: str = "own", count: int = 5, validate_only: bool = False) -> Any:
    shape = admin.CreatePartitionsRequest.CreatePartitionsTopic
    wish = shape(name=topic, count=count, assignments=None)
    return admin.CreatePartitionsRequest(topics=[wish], timeout_ms=1000, validate_only=validate_only)


def delete_topics(topic: str = "own") -> Any:
    one = admin.DeleteTopicsRequest.DeleteTopicState(name=topic, topic_id=uuid.UUID(int=0))
    return admin.DeleteTopicsRequest(topics=[one], topic_names=[topic], timeout_ms=1000)


def log_dirs() -> Any:
    return admin.DescribeLogDirsRequest(topics=None)


REQUESTS: Mapping[Any, Callable[[], Any]] = {
    consumer.JoinGroupRequest: join,
    consumer.SyncGroupRequest: sync,
    consumer.HeartbeatRequest: heartbeat,
    consumer.LeaveGroupRequest: leave,
    consumer.OffsetDeleteRequest: offset_delete,
    producer_api.AddPartitionsToTxnRequest: add_partitions,
    producer_api.AddOffsetsToTxnRequest: add_offsets,
    producer_api.TxnOffsetCommitRequest: txn_offset_commit,
    producer_api.EndTxnRequest: end_txn,
    admin.DeleteRecordsRequest: delete_records,
    admin.AlterConfigsRequest: alter_configs,
    admin.IncrementalAlterConfigsRequest: incremental,
    admin.AlterClientQuotasRequest: alter_quotas,
    admin.DescribeClientQuotasRequest: describe_quotas,
    admin.CreatePartitionsRequest: create_partitions,
    admin.DeleteTopicsRequest: delete_topics,
    admin.DescribeLogDirsRequest: log_dirs,
}
