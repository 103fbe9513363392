"""What groups committed: asked for, written by members and, into a group without any, by anybody; and taken back."""

from __future__ import annotations

import uuid

from kafka.protocol.consumer import OffsetCommitResponse, OffsetDeleteResponse, OffsetFetchResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.groups import Committed, Group, TopicPartition, by_topic
from connectors.simulator.kafka.replies import CommittedOffset
from connectors.simulator.kafka.session import Message, Session

NOTHING = Committed(-1)
LONGEST_NOTE = 4096  # bytes; a real broker's offset.metadata.max.bytes


def offset_fetch(session: Session, request: Message, version: int) -> Message:
    if version >= 8:
        found = [_group_offsets(session, asked, version, request.require_stable) for asked in request.groups]
        return OffsetFetchResponse(version=version, groups=found)
    error = session.group_error(request.group_id)
    pending = _pending(session, request.group_id, request.require_stable)
    shape = OffsetFetchResponse.OffsetFetchResponseTopic
    topics = [
        shape(
            name=topic,
            partitions=[
                CommittedOffset(
                    index,
                    at.offset,
                    at.note,
                    error if version < 2 else _unstable((topic, index), pending),
                    at.epoch,
                )
                for index, at in parts
            ],
        )
        for topic, parts in _offsets(session, request.group_id, request.topics, error)
    ]
    return OffsetFetchResponse(version=version, topics=topics, error_code=error)


def _group_offsets(session: Session, asked: Message, version: int, require_stable: bool) -> Message:
    shape = OffsetFetchResponse.OffsetFetchResponseGroup
    error = session.group_error(asked.group_id)
    if version >= 10:
        _name_by_id(session, asked.topics)
    pending = _pending(session, asked.group_id, require_stable)
    topics = [
        shape.OffsetFetchResponseTopics(
            name=topic,
            topic_id=_id_of(session, topic),
            partitions=[
                CommittedOffset(index, at.offset, at.note, _unstable((topic, index), pending), at.epoch)
                for index, at in parts
            ],
        )
        for topic, parts in _offsets(session, asked.group_id, asked.topics, error)
    ]
    return shape(group_id=asked.group_id, topics=topics, error_code=error)


def _pending(session: Session, group: str, asked: bool) -> set[TopicPartition]:
    """Offsets that an open transaction is about to change, if the client wants to be told."""
    return session.cluster.transactions.pending(group) if asked else set()


def _unstable(part: TopicPartition, pending: set[TopicPartition]) -> Code:
    return Code.UNSTABLE_OFFSET_COMMIT if part in pending else Code.NONE


def _offsets(
    session: Session, group: str, asked: list[Message] | None, error: Code
) -> list[tuple[str, list[tuple[int, Committed]]]]:
    """Topics with their partitions' committed offsets; ``asked`` None: all that were ever committed."""
    known = session.cluster.groups.get(group) if error is Code.NONE else None
    committed = known.committed if known else {}
    wanted = by_topic(list(committed)) if asked is None else [(topic.name, topic.partition_indexes) for topic in asked]
    return [
        (topic, [(index, committed.get((topic, index), NOTHING)) for index in indexes]) for topic, indexes in wanted
    ]


def _name_by_id(session: Session, topics: list[Message] | None) -> None:
    """From version 10 on topics come by id alone: gives each its name, "" where no topic has the id."""
    for topic in topics or ():
        found = session.cluster.topics.by_id(topic.topic_id)
        topic.name = found.name if found else ""


def _id_of(session: Session, topic: str) -> uuid.UUID:
    found = session.cluster.topics.get(topic)
    return found.id if found else uuid.UUID(int=0)


def offset_commit(session: Session, request: Message, version: int) -> Message:
    if version >= 10:
        _name_by_id(session, request.topics)
    refused = _commit_error(session, request)
    shape = OffsetCommitResponse.OffsetCommitResponseTopic
    answered = []
    for topic in request.topics:
        parts = [(part, _commit(session, request.group_id, topic.name, part, refused)) for part in topic.partitions]
        shown = [
            shape.OffsetCommitResponsePartition(partition_index=part.partition_index, error_code=error)
            for part, error in parts
        ]
        answered.append(shape(name=topic.name, topic_id=_id_of(session, topic.name), partitions=shown))
    return OffsetCommitResponse(version=version, topics=answered)


def _commit_error(session: Session, request: Message) -> Code:
    error = session.group_error(request.group_id)
    if error is not Code.NONE:
        return error
    if session.cluster.groups.full(request.group_id):
        return Code.COORDINATOR_NOT_AVAILABLE
    group = session.cluster.groups.get(request.group_id) or Group(request.group_id)
    return group.may_commit(request.member_id, request.group_instance_id, request.generation_id_or_member_epoch)


def _commit(session: Session, group: str, topic: str, part: Message, refused: Code) -> Code:
    if refused is not Code.NONE:
        return refused
    note = part.committed_metadata or ""
    if session.cluster.topics.log(topic, part.partition_index) is None:
        return Code.UNKNOWN_TOPIC_OR_PARTITION
    if len(note.encode()) > LONGEST_NOTE:
        return Code.OFFSET_METADATA_TOO_LARGE
    committed = Committed(part.committed_offset, note, part.committed_leader_epoch)
    session.cluster.groups.named(group).commit((topic, part.partition_index), committed)
    return Code.NONE


def offset_delete(session: Session, request: Message, version: int) -> Message:
    """Offsets of topics that no member is subscribed to any more; here every live group is taken to be, to all."""
    error = session.group_error(request.group_id)
    group = session.cluster.groups.get(request.group_id) if error is Code.NONE else None
    if error is Code.NONE and group is None:
        error = Code.GROUP_ID_NOT_FOUND
    if error is not Code.NONE or group is None:
        return OffsetDeleteResponse(version=version, error_code=error, topics=[])
    shape = OffsetDeleteResponse.OffsetDeleteResponseTopic
    part_error = Code.GROUP_SUBSCRIBED_TO_TOPIC if group.live else Code.NONE
    if not group.live:
        group.forget([(topic.name, part.partition_index) for topic in request.topics for part in topic.partitions])
        session.cluster.groups.tidy(group)
    topics = [
        shape(
            name=topic.name,
            partitions=[
                shape.OffsetDeleteResponsePartition(partition_index=part.partition_index, error_code=part_error)
                for part in topic.partitions
            ],
        )
        for topic in request.topics
    ]
    return OffsetDeleteResponse(version=version, error_code=Code.NONE, topics=topics)
