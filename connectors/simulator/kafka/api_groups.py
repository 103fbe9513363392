"""Consumer groups: who coordinates them, who is in them, what they committed.

A group is listed by its coordinator alone, as the real one does it, and a group with members refuses an outside commit.
"""

from __future__ import annotations

import uuid

from kafka.protocol.admin import DeleteGroupsResponse, DescribeGroupsResponse, ListGroupsResponse
from kafka.protocol.consumer import OffsetCommitResponse, OffsetFetchResponse
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment, ConsumerProtocolSubscription
from kafka.protocol.metadata import FindCoordinatorResponse

from connectors.simulator.kafka.cluster import Group, Member, TopicPartition, by_topic
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.session import Message, Session

GROUP_COORDINATOR = 0  # kind of key
NO_OFFSET = -1

_Described = DescribeGroupsResponse.DescribedGroup


def find_coordinator(session: Session, request: Message, version: int) -> Message:
    if version >= 4:
        found = [_coordinator(session, key, request.key_type) for key in request.coordinator_keys]
        return FindCoordinatorResponse(version=version, coordinators=found)
    one = _coordinator(session, request.key, request.key_type if version else GROUP_COORDINATOR)
    return FindCoordinatorResponse(
        version=version,
        error_code=one.error_code,
        error_message=one.error_message,
        node_id=one.node_id,
        host=one.host,
        port=one.port,
    )


def _coordinator(session: Session, key: str, kind: int) -> Message:
    cluster = session.cluster
    error = Code.NONE
    if kind != GROUP_COORDINATOR:
        error = Code.INVALID_REQUEST  # no transactions here
    elif key in cluster.denied_groups:
        error = Code.GROUP_AUTHORIZATION_FAILED
    node = cluster.coordinator(key) if error is Code.NONE else -1
    at = cluster.addresses.get(node)
    return FindCoordinatorResponse.Coordinator(
        key=key,
        node_id=node,
        host=at.host if at else "",
        port=at.port if at else -1,
        error_code=error,
        error_message=None,
    )


def list_groups(session: Session, request: Message, version: int) -> Message:
    states = {state.lower() for state in (request.states_filter or ())} if version >= 4 else set()
    types = {kind.lower() for kind in (request.types_filter or ())} if version >= 5 else set()
    listed = [
        ListGroupsResponse.ListedGroup(
            group_id=group.name, protocol_type="consumer", group_state=group.state, group_type="classic"
        )
        for group in session.cluster.groups.values()
        if session.coordinates(group.name)
        and (not states or group.state.lower() in states)
        and (not types or "classic" in types)
    ]
    return ListGroupsResponse(version=version, error_code=Code.NONE, groups=listed)


def describe_groups(session: Session, request: Message, version: int) -> Message:
    return DescribeGroupsResponse(
        version=version, groups=[_described(session, name, version) for name in request.groups]
    )


def _described(session: Session, name: str, version: int) -> Message:
    error = session.group_error(name)
    group = session.cluster.groups.get(name) if error is Code.NONE else None
    if error is Code.NONE and group is None and version >= 6:
        error = Code.GROUP_ID_NOT_FOUND
    known = group or Group(name, state="Dead" if error in (Code.NONE, Code.GROUP_ID_NOT_FOUND) else "")
    topics = sorted({topic for topic, _ in known.committed})
    return _Described(
        error_code=error,
        error_message=f"Group {name} not found." if error is Code.GROUP_ID_NOT_FOUND else None,
        group_id=name,
        group_state=known.state,
        protocol_type="consumer" if group else "",
        protocol_data="range" if known.state == "Stable" else "",
        members=[_member(member, topics) for member in known.members],
    )


def _member(member: Member, topics: list[str]) -> Message:
    subscribed = ConsumerProtocolSubscription(version=0, topics=topics, user_data=b"")
    held = [
        ConsumerProtocolAssignment.TopicPartition(topic=topic, partitions=indexes)
        for topic, indexes in by_topic(list(member.assigned))
    ]
    assigned = ConsumerProtocolAssignment(version=0, assigned_partitions=held, user_data=b"")
    return _Described.DescribedGroupMember(
        member_id=member.id,
        group_instance_id=None,
        client_id=member.client,
        client_host=member.host,
        member_metadata=bytes(subscribed.encode()),
        member_assignment=bytes(assigned.encode()) if member.assigned else b"",
    )


def offset_fetch(session: Session, request: Message, version: int) -> Message:
    if version >= 8:
        found = [_group_offsets(session, asked, version) for asked in request.groups]
        return OffsetFetchResponse(version=version, groups=found)
    error = session.group_error(request.group_id)
    topics = [
        OffsetFetchResponse.OffsetFetchResponseTopic(
            name=topic,
            partitions=[
                OffsetFetchResponse.OffsetFetchResponseTopic.OffsetFetchResponsePartition(
                    partition_index=index,
                    committed_offset=offset,
                    metadata="",
                    error_code=error if version < 2 else Code.NONE,
                )
                for index, offset in parts
            ],
        )
        for topic, parts in _offsets(session, request.group_id, request.topics, error)
    ]
    return OffsetFetchResponse(version=version, topics=topics, error_code=error)


def _group_offsets(session: Session, asked: Message, version: int) -> Message:
    shape = OffsetFetchResponse.OffsetFetchResponseGroup
    error = session.group_error(asked.group_id)
    if version >= 10:
        _name_by_id(session, asked.topics)
    topics = [
        shape.OffsetFetchResponseTopics(
            name=topic,
            topic_id=_id_of(session, topic),
            partitions=[
                shape.OffsetFetchResponseTopics.OffsetFetchResponsePartitions(
                    partition_index=index, committed_offset=offset, metadata="", error_code=Code.NONE
                )
                for index, offset in parts
            ],
        )
        for topic, parts in _offsets(session, asked.group_id, asked.topics, error)
    ]
    return shape(group_id=asked.group_id, topics=topics, error_code=error)


def _offsets(
    session: Session, group: str, asked: list[Message] | None, error: Code
) -> list[tuple[str, list[tuple[int, int]]]]:
    """Topics with their partitions' committed offsets; ``asked`` None: all that were ever committed."""
    known = session.cluster.groups.get(group) if error is Code.NONE else None
    committed = known.committed if known else {}
    wanted = by_topic(list(committed)) if asked is None else [(topic.name, topic.partition_indexes) for topic in asked]
    return [
        (topic, [(index, committed.get((topic, index), NO_OFFSET)) for index in indexes]) for topic, indexes in wanted
    ]


def _name_by_id(session: Session, topics: list[Message] | None) -> None:
    """From version 10 on topics come by id alone: gives each its name, "" where no topic has the id."""
    for topic in topics or ():
        found = session.cluster.topic_by_id(topic.topic_id)
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
        parts = [(part, _partition_error(session, topic.name, part, refused)) for part in topic.partitions]
        for part, error in parts:
            if error is Code.NONE:
                _commit(session, request.group_id, (topic.name, part.partition_index), part.committed_offset)
        shown = [
            shape.OffsetCommitResponsePartition(partition_index=part.partition_index, error_code=error)
            for part, error in parts
        ]
        answered.append(shape(name=topic.name, topic_id=_id_of(session, topic.name), partitions=shown))
    return OffsetCommitResponse(version=version, topics=answered)


def _commit_error(session: Session, request: Message) -> Code:
    error = session.group_error(request.group_id)
    known = session.cluster.groups.get(request.group_id)
    if error is Code.NONE and known and known.members:
        return Code.UNKNOWN_MEMBER_ID
    return error


def _partition_error(session: Session, topic: str, part: Message, refused: Code) -> Code:
    if refused is not Code.NONE:
        return refused
    found = session.cluster.log(topic, part.partition_index)
    return Code.NONE if found else Code.UNKNOWN_TOPIC_OR_PARTITION


def _commit(session: Session, group: str, part: TopicPartition, offset: int) -> None:
    session.cluster.groups.setdefault(group, Group(group)).committed[part] = offset


def delete_groups(session: Session, request: Message, version: int) -> Message:
    results = [
        DeleteGroupsResponse.DeletableGroupResult(group_id=name, error_code=_delete(session, name))
        for name in request.groups_names
    ]
    return DeleteGroupsResponse(version=version, results=results)


def _delete(session: Session, name: str) -> Code:
    error = session.group_error(name)
    known = session.cluster.groups.get(name)
    if error is not Code.NONE:
        return error
    if known is None:
        return Code.GROUP_ID_NOT_FOUND
    if known.members:
        return Code.NON_EMPTY_GROUP
    del session.cluster.groups[name]
    return Code.NONE
