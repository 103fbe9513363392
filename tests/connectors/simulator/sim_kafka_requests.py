"""One ordinary request of each API about groups, transactions, settings and quotas, for tests of every version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kafka.protocol import consumer

GROUP = "readers"


def join(member: str = "", group: str = GROUP, session: float = 10.0) -> Any:
    protocol = consumer.JoinGroupRequest.JoinGroupRequestProtocol
    return consumer.JoinGroupRequest(
        group_id=group,
        session_timeout_ms=int(session * 1000),
        rebalance_timeout_ms=30_000,
        member_id=member,
        group_instance_id=None,
        protocol_type="consumer",
        protocols=[protocol(name="range", metadata=b"any topic")],
        reason=None,
    )


def sync(member: str = "nobody", generation: int = 1, dealt: Mapping[str, bytes] | None = None) -> Any:
    shape = consumer.SyncGroupRequest.SyncGroupRequestAssignment
    return consumer.SyncGroupRequest(
        group_id=GROUP,
        generation_id=generation,
        member_id=member,
        group_instance_id=None,
        protocol_type="consumer",
        protocol_name="range",
        assignments=[shape(member_id=id, assignment=held) for id, held in (dealt or {}).items()],
    )


def heartbeat(member: str = "nobody", generation: int = 1) -> Any:
    return consumer.HeartbeatRequest(group_id=GROUP, generation_id=generation, member_id=member, group_instance_id=None)


def leave(member: str = "nobody") -> Any:
    one = consumer.LeaveGroupRequest.MemberIdentity(member_id=member, group_instance_id=None, reason="done")
    return consumer.LeaveGroupRequest(group_id=GROUP, member_id=member, members=[one])


def offset_delete(group: str = GROUP, topic: str = "orders") -> Any:
    shape = consumer.OffsetDeleteRequest.OffsetDeleteRequestTopic
    part = shape.OffsetDeleteRequestPartition(partition_index=0)
    return consumer.OffsetDeleteRequest(group_id=group, topics=[shape(name=topic, partitions=[part])])


REQUESTS: Mapping[Any, Callable[[], Any]] = {
    consumer.JoinGroupRequest: join,
    consumer.SyncGroupRequest: sync,
    consumer.HeartbeatRequest: heartbeat,
    consumer.LeaveGroupRequest: leave,
    consumer.OffsetDeleteRequest: offset_delete,
}
