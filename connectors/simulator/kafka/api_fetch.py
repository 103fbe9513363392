"""Reading records. A reader who finds nothing waits until something comes, for as long as it is willing to.

Every fetch is a whole one: session 0 tells the client that there is no incremental session, as a broker does whose
cache of sessions is full.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from kafka.protocol.consumer import FetchResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.later import Later
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.quotas import CONSUME
from connectors.simulator.kafka.session import Message, Session

NOTHING = -1
LONGEST_WAIT = 30.0  # wall seconds that an empty fetch is held back at most
MOST_A_FETCH = 2**18  # bytes of records, whatever the client would take; making them must not hold others up
BY_ID = 13  # version from which on topics come by id alone

_Topic = FetchResponse.FetchableTopicResponse


@dataclass(slots=True)
class _Reader:
    """What one fetch asks for, and the bytes that it may still be given."""

    left: int
    committed_only: bool

    def end(self, log: Log) -> int:
        return log.stable if self.committed_only else log.end

    def take(self, log: Log, asked: Message) -> bytes:
        if self.left <= 0:
            return b""
        data = log.read(asked.fetch_offset, min(asked.partition_max_bytes, self.left), self.end(log))
        self.left -= len(data)
        return data


def fetch(session: Session, request: Message, version: int) -> Message:
    found = _found(session, request, version)
    if _tells(found) or request.max_wait_ms <= 0:
        return _throttled(session, request, found)
    later = Later()

    def look(last: bool) -> bool:
        found = _found(session, request, version)
        if last or _tells(found):
            later.give(_throttled(session, request, found))
        return later.given

    session.cluster.arrivals.wait(min(request.max_wait_ms / 1000, LONGEST_WAIT), look)
    return later


def _tells(response: Message) -> bool:
    return any(part.records or part.error_code for topic in response.responses for part in topic.partitions)


def _throttled(session: Session, request: Message, found: Message) -> Message:
    size = sum(len(part.records or b"") for topic in found.responses for part in topic.partitions)
    found.throttle_time_ms = session.throttle(request, CONSUME, size)
    return found


def _found(session: Session, request: Message, version: int) -> Message:
    reader = _Reader(min(request.max_bytes, MOST_A_FETCH), bool(request.isolation_level))
    topics = []
    for asked in request.topics:
        name = name_of(session, asked.topic, asked.topic_id, by_id=version >= BY_ID)
        unknown = version >= BY_ID and not name
        parts = [_partition(session, name, part, reader, unknown) for part in asked.partitions]
        topics.append(_Topic(topic=name, topic_id=asked.topic_id, partitions=parts))
    return FetchResponse(version=version, error_code=Code.NONE, session_id=0, responses=topics)


def name_of(session: Session, name: str, id: uuid.UUID, by_id: bool) -> str:
    """The topic's name, "" where none has the id."""
    if not by_id:
        return name
    found = session.cluster.topics.by_id(id)
    return found.name if found else ""


def _partition(session: Session, topic: str, asked: Message, reader: _Reader, unknown: bool) -> Message:
    log = session.cluster.topics.log(topic, asked.partition)
    error = Code.UNKNOWN_TOPIC_ID if unknown else _error(session, topic, asked, log)
    good = log if error is Code.NONE else None
    return _Topic.PartitionData(
        partition_index=asked.partition,
        error_code=error,
        high_watermark=log.end if log else NOTHING,
        last_stable_offset=log.stable if log else NOTHING,
        log_start_offset=log.low if log else NOTHING,
        aborted_transactions=_aborted(good, asked.fetch_offset) if good and reader.committed_only else None,
        records=reader.take(good, asked) if good else b"",
    )


def _error(session: Session, topic: str, asked: Message, log: Log | None) -> Code:
    error = session.log_error(topic, asked.partition)
    if error is Code.NONE:
        error = epoch_error(session, topic, asked.partition, asked.current_leader_epoch)
    if log and error is Code.NONE and not log.low <= asked.fetch_offset <= log.end:
        return Code.OFFSET_OUT_OF_RANGE
    return error


def epoch_error(session: Session, topic: str, index: int, current: int) -> Code:
    """Whether the client and this broker speak of the same leader. NOTHING: the client does not say."""
    if current == NOTHING:
        return Code.NONE
    epoch = session.cluster.brokers.partition(topic, index).epoch
    if current == epoch:
        return Code.NONE
    return Code.FENCED_LEADER_EPOCH if current < epoch else Code.UNKNOWN_LEADER_EPOCH


def _aborted(log: Log, offset: int) -> list[Message]:
    return [
        _Topic.PartitionData.AbortedTransaction(producer_id=gone.producer, first_offset=gone.first)
        for gone in log.aborted(offset)
    ]
