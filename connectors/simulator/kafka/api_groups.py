"""Consumer groups: who coordinates them, who is in them, and their end.

A group is listed by its coordinator alone, as the real one does it.
"""

from __future__ import annotations

from kafka.protocol.admin import DeleteGroupsResponse, DescribeGroupsResponse, ListGroupsResponse
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment, ConsumerProtocolSubscription
from kafka.protocol.metadata import FindCoordinatorResponse

from connectors.simulator.kafka.brokers import NOBODY
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.groups import Group, Member, by_topic
from connectors.simulator.kafka.rights import Kind
from connectors.simulator.kafka.roster import Participant
from connectors.simulator.kafka.rounds import STABLE
from connectors.simulator.kafka.session import Message, Session

GROUP_COORDINATOR, TRANSACTION_COORDINATOR = 0, 1  # kinds of key
CONSUMER = "consumer"  # the protocol type of ordinary clients

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
    if kind not in (GROUP_COORDINATOR, TRANSACTION_COORDINATOR):
        error = Code.INVALID_REQUEST
    elif kind == GROUP_COORDINATOR and (key in cluster.denied_groups or not session.allowed):
        error = Code.GROUP_AUTHORIZATION_FAILED
    elif cluster.coordinator(key) == NOBODY:
        error = Code.COORDINATOR_NOT_AVAILABLE
    node = cluster.coordinator(key) if error is Code.NONE else NOBODY
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
            group_id=group.name, protocol_type=_kind(group), group_state=group.state, group_type="classic"
        )
        for group in session.cluster.groups.values()
        if session.coordinates(group.name)
        and (not states or group.state.lower() in states)
        and (not types or "classic" in types)
    ]
    return ListGroupsResponse(version=version, error_code=Code.NONE, groups=listed)


def describe_groups(session: Session, request: Message, version: int) -> Message:
    found = [_described(session, name, version) for name in request.groups]
    if request.include_authorized_operations:
        for group in found:
            group.authorized_operations = None if group.error_code else session.operations(Kind.GROUP)
    return DescribeGroupsResponse(version=version, groups=found)


def _described(session: Session, name: str, version: int) -> Message:
    error = session.group_error(name)
    group = session.cluster.groups.get(name) if error is Code.NONE else None
    if error is Code.NONE and group is None and version >= 6:
        error = Code.GROUP_ID_NOT_FOUND
    if group is None:
        dead = error in (Code.NONE, Code.GROUP_ID_NOT_FOUND)
        reason = f"Group {name} not found." if error is Code.GROUP_ID_NOT_FOUND else None
        return _Described(
            error_code=error, error_message=reason, group_id=name, group_state="Dead" if dead else "", members=[]
        )
    return _Described(
        error_code=error,
        error_message=None,
        group_id=name,
        group_state=group.state,
        protocol_type=_kind(group),
        protocol_data=_protocol(group),
        members=_members(group),
    )


def _kind(group: Group) -> str:
    return (group.membership.rounds.kind if group.membership else "") or CONSUMER


def _protocol(group: Group) -> str:
    if group.membership and group.membership.members:
        return group.membership.rounds.protocol if group.state == STABLE else ""
    return "range" if group.state == STABLE else ""


def _members(group: Group) -> list[Message]:
    if group.membership and group.membership.members:
        protocol = group.membership.rounds.protocol
        return [_participant(member, protocol, group.state) for member in group.membership.members.values()]
    topics = sorted(group.topics)
    return [_member(member, topics) for member in group.workers]


def _participant(member: Participant, protocol: str, state: str) -> Message:
    """What it says and holds is shown of a stable group alone, as by a real broker."""
    stable = state == STABLE
    return _Described.DescribedGroupMember(
        member_id=member.id,
        group_instance_id=member.wish.instance,
        client_id=member.wish.client,
        client_host=member.wish.host,
        member_metadata=member.said(protocol) if stable else b"",
        member_assignment=member.assignment if stable else b"",
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
    if known.live:
        return Code.NON_EMPTY_GROUP
    del session.cluster.groups[name]
    return Code.NONE
