"""Offsets and records of partitions: look-ups, reading and writing. Asked at the wrong broker, not the leader."""

from __future__ import annotations

import uuid

from kafka.protocol.consumer import FetchResponse, ListOffsetsResponse
from kafka.protocol.producer import InitProducerIdResponse, ProduceResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.log import CorruptBatch, Log, OldFormat
from connectors.simulator.kafka.session import Message, Session

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -1, -2, -3, -4, -5
NOTHING = -1
LONGEST_WAIT = 1.0  # seconds that an empty fetch is held back at most


def list_offsets(session: Session, request: Message, version: int) -> Message:
    shape = ListOffsetsResponse.ListOffsetsTopicResponse
    topics = [
        shape(name=topic.name, partitions=[_looked_up(session, topic.name, part) for part in topic.partitions])
        for topic in request.topics
    ]
    return ListOffsetsResponse(version=version, topics=topics)


def _looked_up(session: Session, topic: str, asked: Message) -> Message:
    error = session.log_error(topic, asked.partition_index)
    log = session.cluster.log(topic, asked.partition_index)
    offset, at = _spec(log, asked.timestamp) if log and error is Code.NONE else (NOTHING, NOTHING)
    return ListOffsetsResponse.ListOffsetsTopicResponse.ListOffsetsPartitionResponse(
        partition_index=asked.partition_index,
        error_code=error,
        timestamp=at,
        offset=offset,
        leader_epoch=0 if error is Code.NONE else NOTHING,
    )


def _spec(log: Log, wanted: int) -> tuple[int, int]:
    """Offset and timestamp for one of the protocol's special times, or for wall milliseconds."""
    special = {LATEST: log.end, EARLIEST: log.low, EARLIEST_LOCAL: log.low, LATEST_TIERED: NOTHING}
    if wanted in special:
        return special[wanted], NOTHING
    if wanted == MAX_TIMESTAMP:
        return (log.end - 1, int(log.time_of(log.end - 1))) if log.end > log.low else (NOTHING, NOTHING)
    found = log.offset_at(wanted)
    return (NOTHING, NOTHING) if found is None else (found, int(log.time_of(found)))


def fetch(session: Session, request: Message, version: int) -> Message:
    shape = FetchResponse.FetchableTopicResponse
    topics = []
    for asked in request.topics:
        name = _name(session, asked.topic, asked.topic_id, by_id=version >= 13)
        parts = [_read(session, name, part, by_id=version >= 13) for part in asked.partitions]
        topics.append(shape(topic=name, topic_id=asked.topic_id, partitions=parts))
    return FetchResponse(version=version, error_code=Code.NONE, session_id=0, responses=topics)


def _name(session: Session, name: str, id: uuid.UUID, by_id: bool) -> str:
    if not by_id:
        return name
    found = session.cluster.topic_by_id(id)
    return found.name if found else ""


def _read(session: Session, topic: str, asked: Message, by_id: bool) -> Message:
    log = session.cluster.log(topic, asked.partition)
    error = session.log_error(topic, asked.partition)
    if by_id and not topic:
        error = Code.UNKNOWN_TOPIC_ID
    if log and error is Code.NONE and not log.low <= asked.fetch_offset <= log.end:
        error = Code.OFFSET_OUT_OF_RANGE
    good = log if error is Code.NONE else None
    return FetchResponse.FetchableTopicResponse.PartitionData(
        partition_index=asked.partition,
        error_code=error,
        high_watermark=log.end if log else NOTHING,
        last_stable_offset=log.end if log else NOTHING,
        log_start_offset=log.low if log else NOTHING,
        aborted_transactions=None,
        records=good.read(asked.fetch_offset, asked.partition_max_bytes) if good else b"",
    )


def fetch_wait(request: Message, response: Message) -> float:
    """Seconds to hold an answer back: as long as the reader is willing to wait, when there is nothing to say."""
    parts = [part for topic in response.responses for part in topic.partitions]
    if any(part.records or part.error_code for part in parts):
        return 0.0
    return min(float(request.max_wait_ms) / 1000, LONGEST_WAIT)


def produce(session: Session, request: Message, version: int) -> Message:
    shape = ProduceResponse.TopicProduceResponse
    topics = []
    for topic in request.topic_data:
        name = _name(session, topic.name, topic.topic_id, by_id=version >= 13)
        parts = [_write(session, name, part) for part in topic.partition_data]
        topics.append(shape(name=name, topic_id=topic.topic_id, partition_responses=parts))
    # Without acknowledgement nothing is answered at all.
    return ProduceResponse(version=version, responses=topics) if request.acks else None


def _write(session: Session, topic: str, asked: Message) -> Message:
    log = session.cluster.log(topic, asked.index)
    error = session.log_error(topic, asked.index)
    base = NOTHING
    if log and error is Code.NONE:
        error, base = _append(log, asked.records or b"", session.now())
    return ProduceResponse.TopicProduceResponse.PartitionProduceResponse(
        index=asked.index,
        error_code=error,
        base_offset=base,
        log_start_offset=log.low if log else NOTHING,
        record_errors=[],
        error_message="the simulated estate alone writes this topic" if error is Code.POLICY_VIOLATION else None,
    )


def _append(log: Log, records: bytes, at: float) -> tuple[Code, int]:
    if log.dictated:
        return Code.POLICY_VIOLATION, NOTHING
    try:
        return Code.NONE, log.append(records, at)
    except CorruptBatch:
        return Code.CORRUPT_MESSAGE, NOTHING
    except OldFormat:
        return Code.UNSUPPORTED_FOR_MESSAGE_FORMAT, NOTHING


def init_producer_id(session: Session, request: Message, version: int) -> Message:
    """An id for an idempotent producer. Transactions are refused."""
    if request.transactional_id is not None:
        return InitProducerIdResponse(version=version, error_code=Code.INVALID_REQUEST, producer_epoch=NOTHING)
    session.cluster.producers += 1
    return InitProducerIdResponse(
        version=version, error_code=Code.NONE, producer_id=session.cluster.producers, producer_epoch=0
    )
