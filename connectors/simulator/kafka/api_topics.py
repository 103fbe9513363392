"""More partitions for a topic, a topic's end, and what a broker's disk holds."""

from __future__ import annotations

from kafka.protocol.admin import CreatePartitionsResponse, DeleteTopicsResponse, DescribeLogDirsResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.groups import TopicPartition
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.session import Message, Session
from connectors.simulator.kafka.topics import Topic

MOST_PARTITIONS = 1000  # of a topic
LOG_DIR = "/var/lib/kafka/data"
DISK = 100 << 30  # bytes
RECORD = 100  # bytes that a record of the model's topics counts for
FULL = "the simulated estate holds no more partitions"
_MISSING = "This server does not host this topic-partition."
_DICTATED = "the simulated estate needs this topic"


def create_partitions(session: Session, request: Message, version: int) -> Message:
    shape = CreatePartitionsResponse.CreatePartitionsTopicResult
    results = []
    for wish in request.topics:
        topic = session.cluster.topics.get(wish.name)
        code, reason = _too_few_or_many(topic, wish)
        if topic and code is Code.NONE and not session.cluster.topics.room_for(wish.count - len(topic.logs)):
            code, reason = Code.POLICY_VIOLATION, FULL
        if topic and code is Code.NONE and not request.validate_only:
            topic.logs.extend(Log() for _ in range(wish.count - len(topic.logs)))
        results.append(shape(name=wish.name, error_code=code, error_message=reason or None))
    return CreatePartitionsResponse(version=version, results=results)


def _too_few_or_many(topic: Topic | None, wish: Message) -> tuple[Code, str]:
    if topic is None:
        return Code.UNKNOWN_TOPIC_OR_PARTITION, _MISSING
    now = len(topic.logs)
    if wish.count < now:
        return (
            Code.INVALID_PARTITIONS,
            f"The topic {wish.name} currently has {now} partition(s); {wish.count} would not be an increase.",
        )
    if wish.count == now:
        return Code.INVALID_PARTITIONS, f"Topic already has {now} partition(s)."
    if wish.count > MOST_PARTITIONS:
        return Code.INVALID_PARTITIONS, f"Number of partitions must be between 1 and {MOST_PARTITIONS}."
    if wish.assignments is not None and len(wish.assignments) != wish.count - now:
        return Code.INVALID_REPLICA_ASSIGNMENT, "Each new partition needs an assignment."
    return Code.NONE, ""


def delete_topics(session: Session, request: Message, version: int) -> Message:
    """By name, from version 6 on by id too."""
    asked = request.topics if version >= 6 else None
    responses = (
        [_deleted(session, one.name, session.cluster.topics.by_id(one.topic_id), one.topic_id) for one in asked]
        if asked is not None
        else [_deleted(session, name, None, None) for name in request.topic_names]
    )
    return DeleteTopicsResponse(version=version, responses=responses)


def _deleted(session: Session, name: str | None, by_id: Topic | None, id: object) -> Message:
    topic = session.cluster.topics.get(name) if name is not None else by_id
    code, reason = Code.NONE, None
    if topic is None:
        code = Code.UNKNOWN_TOPIC_ID if name is None else Code.UNKNOWN_TOPIC_OR_PARTITION
        reason = _MISSING
    elif any(log.dictated for log in topic.logs):
        code, reason = Code.POLICY_VIOLATION, _DICTATED
    else:
        session.cluster.remove(topic)
    answer = DeleteTopicsResponse.DeletableTopicResult(
        name=topic.name if topic else name, error_code=code, error_message=reason
    )
    if topic or id is not None:
        answer.topic_id = topic.id if topic else id
    return answer


def describe_log_dirs(session: Session, request: Message, version: int) -> Message:
    """The replicas that this broker holds. All of them have what their leader has."""
    asked = None
    if request.topics is not None:
        asked = {(topic.topic, index) for topic in request.topics for index in topic.partitions}
    shape = DescribeLogDirsResponse.DescribeLogDirsResult
    topics = [
        shape.DescribeLogDirsTopic(
            name=topic.name,
            partitions=[
                shape.DescribeLogDirsTopic.DescribeLogDirsPartition(
                    partition_index=index, partition_size=_size(log), offset_lag=0, is_future_key=False
                )
                for index, log in enumerate(topic.logs)
                if _held(session, (topic.name, index), asked)
            ],
        )
        for topic in session.cluster.topics.values()
    ]
    held = [topic for topic in topics if topic.partitions]
    used = sum(part.partition_size for topic in held for part in topic.partitions)
    found = shape(
        error_code=Code.NONE, log_dir=LOG_DIR, topics=held, total_bytes=DISK, usable_bytes=max(0, DISK - used)
    )
    return DescribeLogDirsResponse(version=version, error_code=Code.NONE, results=[found])


def _held(session: Session, part: TopicPartition, asked: set[TopicPartition] | None) -> bool:
    return (asked is None or part in asked) and session.broker in session.cluster.brokers.partition(*part).replicas


def _size(log: Log) -> int:
    return (log.end - log.low) * RECORD if log.dictated else log.size
