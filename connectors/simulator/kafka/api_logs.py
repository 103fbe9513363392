"""Offsets of partitions: where they begin and end, what was when, and what an operator deletes."""

from __future__ import annotations

from kafka.protocol.admin import DeleteRecordsResponse
from kafka.protocol.consumer import ListOffsetsResponse

from connectors.simulator.kafka.api_fetch import NOTHING, epoch_error
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.session import Message, Session

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -1, -2, -3, -4, -5
TO_THE_END = -1  # offset that stands for all there is


def list_offsets(session: Session, request: Message, version: int) -> Message:
    shape = ListOffsetsResponse.ListOffsetsTopicResponse
    committed = bool(request.isolation_level)
    topics = [
        shape(
            name=topic.name, partitions=[_looked_up(session, topic.name, part, committed) for part in topic.partitions]
        )
        for topic in request.topics
    ]
    return ListOffsetsResponse(version=version, topics=topics)


def _looked_up(session: Session, topic: str, asked: Message, committed: bool) -> Message:
    error = session.log_error(topic, asked.partition_index)
    if error is Code.NONE:
        error = epoch_error(session, topic, asked.partition_index, asked.current_leader_epoch)
    log = session.cluster.log(topic, asked.partition_index)
    offset, at = NOTHING, NOTHING
    if log and error is Code.NONE:
        offset, at = _spec(log, asked.timestamp, log.stable if committed else log.end)
    epoch = session.cluster.brokers.partition(topic, asked.partition_index).epoch
    return ListOffsetsResponse.ListOffsetsTopicResponse.ListOffsetsPartitionResponse(
        partition_index=asked.partition_index,
        error_code=error,
        timestamp=at,
        offset=offset,
        leader_epoch=epoch if error is Code.NONE else NOTHING,
    )


def _spec(log: Log, wanted: int, end: int) -> tuple[int, int]:
    """Offset and timestamp for one of the protocol's special times, or for wall milliseconds."""
    special = {LATEST: end, EARLIEST: log.low, EARLIEST_LOCAL: log.low, LATEST_TIERED: NOTHING}
    if wanted in special:
        return special[wanted], NOTHING
    if wanted == MAX_TIMESTAMP:
        return (end - 1, int(log.time_of(end - 1))) if end > log.low else (NOTHING, NOTHING)
    found = log.offset_at(wanted)
    return (NOTHING, NOTHING) if found is None or found >= end else (found, int(log.time_of(found)))


def delete_records(session: Session, request: Message, version: int) -> Message:
    shape = DeleteRecordsResponse.DeleteRecordsTopicResult
    topics = [
        shape(name=topic.name, partitions=[_deleted(session, topic.name, part) for part in topic.partitions])
        for topic in request.topics
    ]
    return DeleteRecordsResponse(version=version, topics=topics)


def _deleted(session: Session, topic: str, asked: Message) -> Message:
    error = session.log_error(topic, asked.partition_index)
    log = session.cluster.log(topic, asked.partition_index)
    if log and error is Code.NONE:
        error = _delete(session, topic, log, log.end if asked.offset == TO_THE_END else asked.offset)
    return DeleteRecordsResponse.DeleteRecordsTopicResult.DeleteRecordsPartitionResult(
        partition_index=asked.partition_index,
        low_watermark=log.low if log and error is Code.NONE else NOTHING,
        error_code=error,
    )


def _delete(session: Session, topic: str, log: Log, below: int) -> Code:
    if not session.cluster.topics[topic].deletes:
        return Code.POLICY_VIOLATION
    if not 0 <= below <= log.end:
        return Code.OFFSET_OUT_OF_RANGE
    log.delete(below)
    return Code.NONE
