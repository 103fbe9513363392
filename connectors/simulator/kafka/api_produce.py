"""Writing records. The topics that the model dictates are not for writing: their records follow from offsets."""

from __future__ import annotations

from kafka.protocol.producer import ProduceResponse

from connectors.simulator.kafka.api_fetch import BY_ID, NOTHING, name_of
from connectors.simulator.kafka.batches import Batch, CorruptBatch, OldFormat, TooLarge, keyless, split
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.producers import Fenced, OutOfOrder
from connectors.simulator.kafka.quotas import PRODUCE
from connectors.simulator.kafka.session import Message, Session

ALL_IN_SYNC = -1  # acknowledgement by every replica in sync
_WHY = {
    Code.POLICY_VIOLATION: "the simulated estate alone writes this topic",
    Code.INVALID_RECORD: "Compacted topic cannot accept message without key.",
}


def produce(session: Session, request: Message, version: int) -> Message:
    shape = ProduceResponse.TopicProduceResponse
    topics = []
    for topic in request.topic_data:
        name = name_of(session, topic.name, topic.topic_id, by_id=version >= BY_ID)
        parts = [_write(session, name, part, request.acks) for part in topic.partition_data]
        topics.append(shape(name=name, topic_id=topic.topic_id, partition_responses=parts))
    size = sum(len(part.records or b"") for topic in request.topic_data for part in topic.partition_data)
    throttle = session.throttle(request, PRODUCE, size)
    # Without acknowledgement nothing is answered at all.
    return ProduceResponse(version=version, responses=topics, throttle_time_ms=throttle) if request.acks else None


def _write(session: Session, topic: str, asked: Message, acks: int) -> Message:
    log = session.cluster.topics.log(topic, asked.index)
    error, base = session.log_error(topic, asked.index), NOTHING
    if log and error is Code.NONE:
        error = _refusal(session, topic, asked.index, log, acks)
    if log and error is Code.NONE:
        error, base = _append(session, topic, asked.index, log, bytes(asked.records or b""))
    return ProduceResponse.TopicProduceResponse.PartitionProduceResponse(
        index=asked.index,
        error_code=error,
        base_offset=base,
        log_start_offset=log.low if log else NOTHING,
        record_errors=[],
        error_message=_WHY.get(error),
    )


def _refusal(session: Session, topic: str, index: int, log: Log, acks: int) -> Code:
    """What keeps anybody from writing here now, whatever it is."""
    if acks not in (ALL_IN_SYNC, 0, 1):
        return Code.INVALID_REQUIRED_ACKS
    in_sync = len(session.cluster.brokers.partition(topic, index).isr)
    if acks == ALL_IN_SYNC and in_sync < int(session.cluster.topics[topic].setting("min.insync.replicas")):
        return Code.NOT_ENOUGH_REPLICAS
    return Code.POLICY_VIOLATION if log.dictated else Code.NONE


def _append(session: Session, topic: str, index: int, log: Log, records: bytes) -> tuple[Code, int]:
    try:
        batches = split(records)
        error = _unfit(session, topic, index, batches)
        if error is not Code.NONE:
            return error, NOTHING
        return Code.NONE, session.cluster.write(log, batches, session.now())
    except CorruptBatch:
        return Code.CORRUPT_MESSAGE, NOTHING
    except OldFormat:
        return Code.UNSUPPORTED_FOR_MESSAGE_FORMAT, NOTHING
    except TooLarge:
        return Code.MESSAGE_TOO_LARGE, NOTHING
    except OutOfOrder:
        return Code.OUT_OF_ORDER_SEQUENCE_NUMBER, NOTHING
    except Fenced:
        return Code.INVALID_PRODUCER_EPOCH, NOTHING


def _unfit(session: Session, topic: str, index: int, batches: list[Batch]) -> Code:
    """Why these batches may not go into this topic, or NONE."""
    kind = session.cluster.topics[topic]
    if any(len(batch.data) > int(kind.setting("max.message.bytes")) for batch in batches):
        return Code.MESSAGE_TOO_LARGE
    if kind.compacted and any(keyless(batch) for batch in batches):
        return Code.INVALID_RECORD
    transactional = {batch.producer for batch in batches if batch.transactional}
    if not all(session.cluster.transactions.holds(producer, (topic, index)) for producer in transactional):
        return Code.INVALID_TXN_STATE
    return Code.NONE
