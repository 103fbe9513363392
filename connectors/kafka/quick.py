"""The two answers that have an entry for each partition, taken apart quickly. Imported in a worker thread only.

ListOffsets and OffsetFetch as the protocol has them from their first flexible version on (KIP-482; schemas in Apache
Kafka's ``ListOffsetsResponse.json`` and ``OffsetFetchResponse.json``): an entry of a partition has a fixed length
unless somebody added fields or metadata. Older versions are the library's. Fields that are added are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kafka.errors import KafkaProtocolError

from connectors.kafka.seen import TopicPartition
from connectors.kafka.unread import Answer

T = TypeVar("T")

_OFFSET = struct.Struct(">ihqqi")  # partition, error, timestamp, offset, leader's epoch
_COMMIT = struct.Struct(">iqi")  # partition, offset, leader's epoch; then metadata, and the error
_ERROR = struct.Struct(">h")
_THROTTLE = 4  # bytes at the beginning
_LONGEST = 28  # bits before the last byte of a number


@dataclass(frozen=True, slots=True)
class Commits:
    """Of one group. ``error_code`` is the protocol's; 0: none."""

    offsets: Mapping[TopicPartition, int] = field(default_factory=dict)
    error_code: int = 0


def offsets(answer: Answer) -> Mapping[TopicPartition, int]:
    """Of an answer to ListOffsets: the offset of each partition that has no error. KafkaProtocolError."""
    if answer.flexible:
        return _sensible(_offsets, answer.body)
    return {
        (topic.name, part.partition_index): part.offset
        for topic in answer.read().topics
        for part in topic.partitions
        if not part.error_code
    }


def commits(answer: Answer) -> Mapping[str, Commits]:
    """Of an answer to OffsetFetch for many groups, by their names. KafkaProtocolError."""
    return _sensible(_commits, answer.body)


def commits_of_one(answer: Answer) -> Commits:
    """Of an answer to OffsetFetch for one group, as older brokers give it. KafkaProtocolError."""
    said = answer.read()
    found = {
        (topic.name, part.partition_index): part.committed_offset
        for topic in said.topics
        for part in topic.partitions
        if not part.error_code and part.committed_offset >= 0
    }
    return Commits(found, said.error_code)


def _sensible(take_apart: Callable[[bytes], T], body: bytes) -> T:
    try:
        return take_apart(body)
    except (IndexError, struct.error) as error:  # it ends too soon
        raise KafkaProtocolError("Unable to decode response") from error


def _offsets(body: bytes) -> Mapping[TopicPartition, int]:
    found: dict[TopicPartition, int] = {}
    topics, at = _count(body, _THROTTLE)
    for _ in range(topics):
        name, at = _text(body, at)
        parts, at = _count(body, at)
        for _ in range(parts):
            part, error, _, offset, _ = _OFFSET.unpack_from(body, at)
            at += _OFFSET.size
            at = at + 1 if not body[at] else _added(body, at)
            if not error:
                found[name, part] = offset
        at = _added(body, at)
    return found


def _commits(body: bytes) -> Mapping[str, Commits]:
    found: dict[str, Commits] = {}
    groups, at = _count(body, _THROTTLE)
    for _ in range(groups):
        name, at = _text(body, at)
        committed, at = _committed(body, at)
        found[name] = Commits(committed, *_ERROR.unpack_from(body, at))
        at = _added(body, at + _ERROR.size)
    return found


def _committed(body: bytes, at: int) -> tuple[Mapping[TopicPartition, int], int]:
    found: dict[TopicPartition, int] = {}
    topics, at = _count(body, at)
    for _ in range(topics):
        name, at = _text(body, at)
        parts, at = _count(body, at)
        for _ in range(parts):
            part, offset, _ = _COMMIT.unpack_from(body, at)
            at += _COMMIT.size
            at = at + 1 if body[at] <= 1 else _over(body, at)  # metadata: mostly none, or empty
            (error,) = _ERROR.unpack_from(body, at)
            at += _ERROR.size
            at = at + 1 if not body[at] else _added(body, at)
            if not error and offset >= 0:
                found[name, part] = offset
        at = _added(body, at)
    return found, at


def _number(body: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > _LONGEST:
            raise struct.error("a number that has no end")


def _count(body: bytes, at: int) -> tuple[int, int]:
    """How many there are in a list; none where there is no list."""
    value, at = _number(body, at)
    return max(0, value - 1), at


def _text(body: bytes, at: int) -> tuple[str, int]:
    length, at = _count(body, at)
    return str(body[at : at + length], "utf-8", "replace"), at + length


def _over(body: bytes, at: int) -> int:
    """Where a text ends."""
    length, at = _count(body, at)
    return at + length


def _added(body: bytes, at: int) -> int:
    """Where the fields end that were added to an entry."""
    fields, at = _number(body, at)
    for _ in range(fields):
        _, at = _number(body, at)
        length, at = _number(body, at)
        at += length
    return at
