"""Joining a consumer group as a client does it: JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

The group's state machine answers when it likes to; a ``Later`` carries its answer to the connection that waits.
"""

from __future__ import annotations

from kafka.protocol.consumer import HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, SyncGroupResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.later import Later
from connectors.simulator.kafka.membership import Membership
from connectors.simulator.kafka.roster import Joined, Synced, Wish
from connectors.simulator.kafka.session import Message, Session

NAMED_SINCE = 4  # version of JoinGroup from which on a newcomer is sent away with an id first
STRICT_SINCE = 5  # version of SyncGroup that says which protocol it speaks of


def join_group(session: Session, request: Message, version: int) -> Later:
    later = Later()

    def answer(joined: Joined) -> None:
        later.give(_joined(joined, version))

    code = _error(session, request.group_id)
    if code is Code.NONE and session.cluster.groups.full(request.group_id):
        code = Code.COORDINATOR_NOT_AVAILABLE
    door = session.cluster.groups.door(request.group_id) if code is Code.NONE else None
    if door:
        door.join(_wish(request, version), answer)
        session.cluster.groups.tidy(session.cluster.groups.named(request.group_id))
    else:
        answer(Joined(Code.INCONSISTENT_GROUP_PROTOCOL if code is Code.NONE else code, request.member_id))
    return later


def _wish(request: Message, version: int) -> Wish:
    session = request.session_timeout_ms / 1000
    rebalance = request.rebalance_timeout_ms / 1000 if version >= 1 else session
    return Wish(
        id=request.member_id,
        client=request.header.client_id or "",
        kind=request.protocol_type,
        protocols=tuple((one.name, bytes(one.metadata)) for one in request.protocols),
        instance=request.group_instance_id,
        session=session,
        rebalance=max(0.0, rebalance),
        named=version >= NAMED_SINCE,
    )


def _joined(joined: Joined, version: int) -> Message:
    return JoinGroupResponse(
        version=version,
        error_code=joined.code,
        generation_id=joined.generation,
        protocol_type=joined.kind or None,
        protocol_name=joined.protocol if joined.protocol or version < 7 else None,
        leader=joined.leader,
        member_id=joined.member,
        members=[
            JoinGroupResponse.JoinGroupResponseMember(member_id=id, group_instance_id=instance, metadata=said)
            for id, instance, said in joined.members
        ],
    )


def sync_group(session: Session, request: Message, version: int) -> Later:
    later = Later()

    def answer(synced: Synced) -> None:
        later.give(
            SyncGroupResponse(
                version=version,
                error_code=synced.code,
                protocol_type=synced.kind or None,
                protocol_name=synced.protocol or None,
                assignment=synced.assignment,
            )
        )

    code, door = _door(session, request.group_id)
    if door and version >= STRICT_SINCE and not _same_protocol(door, request):
        code, door = Code.INCONSISTENT_GROUP_PROTOCOL, None
    if door:
        dealt = {one.member_id: bytes(one.assignment) for one in request.assignments}
        door.sync(request.member_id, request.group_instance_id, request.generation_id, dealt, answer)
    else:
        answer(Synced(code))
    return later


def _same_protocol(door: Membership, request: Message) -> bool:
    """A client may leave out what it speaks of; what it says has to be true."""
    return request.protocol_type in (None, door.rounds.kind) and request.protocol_name in (None, door.rounds.protocol)


def heartbeat(session: Session, request: Message, version: int) -> Message:
    code, door = _door(session, request.group_id)
    if door:
        code = door.heartbeat(request.member_id, request.group_instance_id, request.generation_id)
    return HeartbeatResponse(version=version, error_code=code)


def leave_group(session: Session, request: Message, version: int) -> Message:
    """Until version 2 one member leaves, whose error is the answer's; then several, each with its own."""
    code, door = _door(session, request.group_id)
    if version < 3:
        code = door.leave(request.member_id, None) if door else code
        return LeaveGroupResponse(version=version, error_code=code)
    results = [
        LeaveGroupResponse.MemberResponse(
            member_id=one.member_id,
            group_instance_id=one.group_instance_id,
            error_code=door.leave(one.member_id, one.group_instance_id) if door else code,
        )
        for one in request.members
    ]
    top = Code.NONE if code is Code.UNKNOWN_MEMBER_ID else code
    return LeaveGroupResponse(version=version, error_code=top, members=results)


def _error(session: Session, group: str) -> Code:
    return session.group_error(group) if group else Code.INVALID_GROUP_ID


def _door(session: Session, group: str) -> tuple[Code, Membership | None]:
    """Where members of this group are known, or why there is nobody to ask."""
    code = _error(session, group)
    known = session.cluster.groups.get(group) if code is Code.NONE else None
    if known and known.membership:
        return Code.NONE, known.membership
    return (Code.UNKNOWN_MEMBER_ID if code is Code.NONE else code), None
