"""Transactions as a producer drives them: an id, partitions and groups to touch, offsets, and an end."""

from __future__ import annotations

from kafka.protocol.producer import (
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnResponse,
    EndTxnResponse,
    InitProducerIdResponse,
    TxnOffsetCommitResponse,
)

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.groups import Committed, Group
from connectors.simulator.kafka.session import Message, Session

# Later versions are for brokers among themselves, or go with a transaction.version that is not offered here.
NEWEST_ADD_PARTITIONS, NEWEST_ADD_OFFSETS, NEWEST_END, NEWEST_OFFSETS, NEWEST_INIT = 3, 3, 4, 4, 5


def init_producer_id(session: Session, request: Message, version: int) -> Message:
    """An id for an idempotent producer, from any broker; one for a transactional producer from its coordinator."""
    if request.transactional_id is None:
        return InitProducerIdResponse(
            version=version, error_code=Code.NONE, producer_id=session.cluster.ids.producer(), producer_epoch=0
        )
    code, producer, epoch = _error(session, request.transactional_id), -1, -1
    if code is Code.NONE:
        timeout = request.transaction_timeout_ms / 1000
        code, producer, epoch = session.cluster.transactions.begin(
            request.transactional_id, timeout, request.producer_id, request.producer_epoch
        )
    return InitProducerIdResponse(
        version=version, error_code=_told(code, version, 4), producer_id=producer, producer_epoch=epoch
    )


def add_partitions(session: Session, request: Message, version: int) -> Message:
    """All of the partitions or none: one that is not there keeps the others out."""
    id, topics = request.v3_and_below_transactional_id, request.v3_and_below_topics
    parts = {(topic.name, index) for topic in topics for index in topic.partitions}
    missing = {part for part in parts if session.cluster.topics.log(*part) is None}
    code = _error(session, id)
    if code is Code.NONE and not missing:
        code = session.cluster.transactions.add(
            id, request.v3_and_below_producer_id, request.v3_and_below_producer_epoch, parts
        )
    others = Code.OPERATION_NOT_ATTEMPTED if missing and code is Code.NONE else _told(code, version, 2)
    shape = AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult
    results = [
        shape(
            name=topic.name,
            results_by_partition=[
                shape.AddPartitionsToTxnPartitionResult(
                    partition_index=index,
                    partition_error_code=Code.UNKNOWN_TOPIC_OR_PARTITION if (topic.name, index) in missing else others,
                )
                for index in topic.partitions
            ],
        )
        for topic in topics
    ]
    return AddPartitionsToTxnResponse(version=version, results_by_topic_v3_and_below=results)


def add_offsets(session: Session, request: Message, version: int) -> Message:
    code = _error(session, request.transactional_id)
    if code is Code.NONE:
        code = session.cluster.transactions.add(
            request.transactional_id, request.producer_id, request.producer_epoch, group=request.group_id
        )
    return AddOffsetsToTxnResponse(version=version, error_code=_told(code, version, 2))


def txn_offset_commit(session: Session, request: Message, version: int) -> Message:
    """Asked at the group's coordinator; the member, if one is named, has to be of this generation."""
    code = session.group_error(request.group_id)
    if code is Code.NONE and request.generation_id >= 0:
        group = session.cluster.groups.get(request.group_id) or Group(request.group_id)
        code = group.may_commit(request.member_id, request.group_instance_id, request.generation_id)
    if code is Code.NONE:
        offsets = {
            (topic.name, part.partition_index): _committed(part)
            for topic in request.topics
            for part in topic.partitions
        }
        code = session.cluster.transactions.commit_offsets(
            request.transactional_id, request.producer_id, request.producer_epoch, request.group_id, offsets
        )
    told = Code.INVALID_PRODUCER_EPOCH if code is Code.PRODUCER_FENCED else code
    shape = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic
    topics = [
        shape(
            name=topic.name,
            partitions=[
                shape.TxnOffsetCommitResponsePartition(partition_index=part.partition_index, error_code=told)
                for part in topic.partitions
            ],
        )
        for topic in request.topics
    ]
    return TxnOffsetCommitResponse(version=version, topics=topics)


def _committed(part: Message) -> Committed:
    return Committed(part.committed_offset, part.committed_metadata or "", part.committed_leader_epoch)


def end_txn(session: Session, request: Message, version: int) -> Message:
    code = _error(session, request.transactional_id)
    if code is Code.NONE:
        code = session.cluster.transactions.end(
            request.transactional_id, request.producer_id, request.producer_epoch, request.committed
        )
    return EndTxnResponse(version=version, error_code=_told(code, version, 2))


def _error(session: Session, id: str) -> Code:
    """Why this broker does not answer for this transactional id, or NONE."""
    if not session.allowed:
        return Code.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    if not id:
        return Code.INVALID_REQUEST
    return Code.NONE if session.coordinates(id) else Code.NOT_COORDINATOR


def _told(code: Code, version: int, since: int) -> Code:
    """Clients know of PRODUCER_FENCED from some version on, and of INVALID_PRODUCER_EPOCH before."""
    return Code.INVALID_PRODUCER_EPOCH if code is Code.PRODUCER_FENCED and version < since else code
