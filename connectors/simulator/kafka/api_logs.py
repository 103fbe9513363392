"""Offsets of partitions: where they begin and end, what was when, and what an operator deletes."""

from __future__ import annotations

from kafka.protocol.admin import DeleteRecordsResponse
from kafka.protocol.consumer import ListOffsetsResponse

from connectors.simulator.kafka.api_fetch import NOTHING, epoch_error
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.replies import LookedUp
from connectors.simulator.kafka.session import Message, Session

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -1, -2, -3, -4, -5
TO_THE_END = -1  # offset that stands for all there is


def list_offsets(session: Session, request: Message, version: int) -> Message:
    shape = ListOffsetsResponse.ListOffsetsTopicResponse
    committed = bool(request.isolation_level)
    topics = [shape(name=topic.name, partitions=_looked_up(session, topic, committed)) for topic in request.topics]
    return ListOffsetsResponse(version=version, topics=topics)


def _looked_up(session: Session, asked: Message, committed: bool) -> list[LookedUp]:
    """Asked for all partitions of a large cluster once a second: what holds for a topic is looked up once."""
    topic = session.cluster.topics.get(asked.name)
    if topic is None or not session.allowed:
        return [_refused(session, asked.name, part) for part in asked.partitions]
    logs, places = topic.logs, session.cluster.brokers.partitions(asked.name)
    found = []
    for part in asked.partitions:
        index = part.partition_index
        at = places[index % len(places)]
        led = 0 <= index < len(logs) and at.leader == session.broker
        if led and part.current_leader_epoch in (NOTHING, at.epoch):
            log = logs[index]
            offset, when = _spec(log, part.timestamp, log.stable if committed else log.end)
            found.append(LookedUp(index, Code.NONE, when, offset, at.epoch))
        else:
            found.append(_refused(session, asked.name, part))
    return found


def _refused(session: Session, topic: str, asked: Message) -> LookedUp:
    error = session.log_error(topic, asked.partition_index)
    return LookedUp(
        asked.partition_index,
        error or epoch_error(session, topic, asked.partition_index, asked.current_leader_epoch),
    )


def _spec(log: Log, wanted: int, end: int) -> tuple[int, int]:
    """Offset and timestamp for one of the protocol's special times, or for wall milliseconds."""
    if wanted == LATEST:
        return end, NOTHING
    if wanted in (EARLIEST, EARLIEST_LOCAL):
        return log.low, NOTHING
    if wanted == LATEST_TIERED:
        return NOTHING, NOTHING
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
    log = session.cluster.topics.log(topic, asked.partition_index)
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
