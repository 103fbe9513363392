"""What is there: brokers, topics, their settings; and new topics."""

from __future__ import annotations

import re
import uuid

from kafka.protocol.admin import CreateTopicsResponse, DescribeClusterResponse
from kafka.protocol.metadata import MetadataResponse

from connectors.simulator.kafka.api_configs import Refused, check
from connectors.simulator.kafka.api_topics import FULL
from connectors.simulator.kafka.brokers import NOBODY
from connectors.simulator.kafka.cluster import Address
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.rights import Kind
from connectors.simulator.kafka.session import Message, Session
from connectors.simulator.kafka.settings import TOPIC_SETTINGS
from connectors.simulator.kafka.topics import Topic

MAX_PARTITIONS = 1000
NO_ID = uuid.UUID(int=0)
_LEGAL_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")

_Topic = MetadataResponse.MetadataResponseTopic


def metadata(session: Session, request: Message, version: int) -> Message:
    asked = bool(request.include_cluster_authorized_operations)
    return MetadataResponse(
        version=version,
        brokers=[
            MetadataResponse.MetadataResponseBroker(node_id=id, host=at.host, port=at.port)
            for id, at in _alive(session)
        ],
        cluster_id=session.cluster.id,
        controller_id=session.cluster.brokers.controller,
        topics=_topics(session, request, version),
        authorized_operations=session.operations(Kind.CLUSTER) if asked else None,
    )


def _alive(session: Session) -> list[tuple[int, Address]]:
    """Where the brokers are that are up: a lost one is told to nobody."""
    lost = session.cluster.brokers.lost
    return [(id, at) for id, at in session.cluster.addresses.items() if id not in lost]


def _topics(session: Session, request: Message, version: int) -> list[Message]:
    every = request.topics is None or (version == 0 and not request.topics)
    if every:
        found = [_described(session, topic) for topic in session.cluster.topics.values()] if session.allowed else []
    else:
        found = [_asked(session, asked) for asked in request.topics]
    if request.include_topic_authorized_operations:
        for topic in found:
            topic.authorized_operations = session.operations(Kind.TOPIC)
    return found


def _asked(session: Session, asked: Message) -> Message:
    if asked.name is None or asked.topic_id not in (None, NO_ID):  # some clients put "" in the name's place
        topic = session.cluster.topics.by_id(asked.topic_id)
        missing = _Topic(error_code=Code.UNKNOWN_TOPIC_ID, name=None, topic_id=asked.topic_id, partitions=[])
    else:
        topic = session.cluster.topics.get(asked.name)
        missing = _Topic(error_code=_missing(session, asked.name), name=asked.name, partitions=[])
    return _described(session, topic) if topic and session.allowed else missing


def _missing(session: Session, name: str) -> Code:
    if not session.allowed:
        return Code.TOPIC_AUTHORIZATION_FAILED
    return Code.UNKNOWN_TOPIC_OR_PARTITION if legal(name) else Code.INVALID_TOPIC_EXCEPTION


def _described(session: Session, topic: Topic) -> Message:
    parts = [_partition(session, topic.name, index) for index in range(len(topic.logs))]
    return _Topic(error_code=Code.NONE, name=topic.name, topic_id=topic.id, is_internal=False, partitions=parts)


def _partition(session: Session, topic: str, index: int) -> Message:
    at = session.cluster.brokers.partition(topic, index)
    lost = session.cluster.brokers.lost
    return _Topic.MetadataResponsePartition(
        error_code=Code.LEADER_NOT_AVAILABLE if at.leader == NOBODY else Code.NONE,
        partition_index=index,
        leader_id=at.leader,
        leader_epoch=at.epoch,
        replica_nodes=list(at.replicas),
        isr_nodes=list(at.isr),
        offline_replicas=[id for id in at.replicas if id in lost],
    )


def describe_cluster(session: Session, request: Message, version: int) -> Message:
    asked = bool(request.include_cluster_authorized_operations)
    return DescribeClusterResponse(
        version=version,
        error_code=Code.NONE,
        error_message=None,
        cluster_id=session.cluster.id,
        controller_id=session.cluster.brokers.controller,
        authorized_operations=session.operations(Kind.CLUSTER) if asked else None,
        brokers=[
            DescribeClusterResponse.DescribeClusterBroker(broker_id=id, host=at.host, port=at.port, is_fenced=False)
            for id, at in _alive(session)
        ],
    )


def create_topics(session: Session, request: Message, version: int) -> Message:
    results = [_create(session, wish, request.validate_only) for wish in request.topics]
    return CreateTopicsResponse(version=version, topics=results)


def _create(session: Session, wish: Message, validate_only: bool) -> Message:
    count = len(wish.assignments) or (1 if wish.num_partitions == -1 else wish.num_partitions)
    copies = len(wish.assignments[0].broker_ids) if wish.assignments else wish.replication_factor
    error, reason = _refusal(session, wish, count, copies)
    result = CreateTopicsResponse.CreatableTopicResult(
        name=wish.name, error_code=error, error_message=reason or None, configs=[]
    )
    if error is Code.NONE:
        copies = len(session.cluster.brokers.alive) if copies == -1 else copies
        result.num_partitions, result.replication_factor = count, copies
        if not validate_only:
            session.cluster.brokers.place(wish.name, copies)
            result.topic_id = session.cluster.topics.create(
                wish.name, count, {c.name: c.value for c in wish.configs}
            ).id
    return result


def _refusal(session: Session, wish: Message, count: int, copies: int) -> tuple[Code, str]:
    alive = len(session.cluster.brokers.alive)
    if not legal(wish.name):
        return Code.INVALID_TOPIC_EXCEPTION, f"Topic name is invalid: {wish.name!r}"
    if wish.name in session.cluster.topics:
        return Code.TOPIC_ALREADY_EXISTS, f"Topic '{wish.name}' already exists."
    if not 0 < count <= MAX_PARTITIONS:
        return Code.INVALID_PARTITIONS, f"Number of partitions must be between 1 and {MAX_PARTITIONS}."
    if copies not in (-1, *range(1, alive + 1)):
        return Code.INVALID_REPLICATION_FACTOR, f"Replication factor must be between 1 and {alive}."
    if not session.cluster.topics.room_for(count):
        return Code.POLICY_VIOLATION, FULL
    try:
        check(TOPIC_SETTINGS, {config.name: config.value or "" for config in wish.configs})
    except Refused as refused:
        return refused.code, str(refused)
    return Code.NONE, ""


def legal(name: str) -> bool:
    """Whether a topic may have this name."""
    return bool(_LEGAL_NAME.fullmatch(name)) and name not in (".", "..")
