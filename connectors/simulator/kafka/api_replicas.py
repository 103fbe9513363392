"""Where partitions' replicas are and who leads them: elections, moves, and the leaders' epochs."""

from __future__ import annotations

from kafka.protocol.admin import ElectLeadersResponse, ListPartitionReassignmentsResponse
from kafka.protocol.consumer import OffsetForLeaderEpochResponse

from connectors.simulator.kafka.brokers import NOBODY
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.session import Message, Session

PREFERRED = 0  # kind of election; the other one, unclean, is never needed: nothing is lost here
NOTHING = -1

_Result = ElectLeadersResponse.ReplicaElectionResult
_Epochs = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult


def elect_leaders(session: Session, request: Message, version: int) -> Message:
    """Gives leadership back to the preferred replica; without partitions, to that of every one that lacks it.

    A broker that gets one partition back gets all of its own back with it.
    """
    wished = request.topic_partitions
    if wished is None:
        topics = [(topic.name, list(range(len(topic.logs)))) for topic in session.cluster.topics.values()]
    else:
        topics = [(topic.topic, topic.partitions) for topic in wished]
    kind = request.election_type if version else PREFERRED
    results = [
        (topic, [(index, _election(session, topic, index, kind)) for index in indexes]) for topic, indexes in topics
    ]
    won = {
        session.cluster.brokers.partition(topic, index).replicas[0]
        for topic, outcomes in results
        for index, error in outcomes
        if error is Code.NONE
    }
    for broker in sorted(won):
        session.cluster.brokers.elect(broker)
    return ElectLeadersResponse(
        version=version,
        error_code=Code.NONE,
        replica_election_results=[
            _Result(topic=topic, partition_result=[_outcome(index, error) for index, error in found])
            for topic, outcomes in results
            if (found := [one for one in outcomes if wished is not None or one[1] is not Code.ELECTION_NOT_NEEDED])
        ],
    )


def _outcome(index: int, error: Code) -> Message:
    words = None if error is Code.NONE else error.name.replace("_", " ").lower()
    return _Result.PartitionResult(partition_id=index, error_code=error, error_message=words)


def _election(session: Session, topic: str, index: int, kind: int) -> Code:
    """Why there is none, or NONE."""
    if session.cluster.topics.log(topic, index) is None:
        return Code.UNKNOWN_TOPIC_OR_PARTITION
    at = session.cluster.brokers.partition(topic, index)
    if kind != PREFERRED:
        return Code.ELECTION_NOT_NEEDED if at.leader != NOBODY else Code.ELIGIBLE_LEADERS_NOT_AVAILABLE
    if at.leader == at.replicas[0]:
        return Code.ELECTION_NOT_NEEDED
    if at.replicas[0] not in at.isr or at.leader == NOBODY:
        return Code.PREFERRED_LEADER_NOT_AVAILABLE
    return Code.NONE


def list_partition_reassignments(session: Session, request: Message, version: int) -> Message:
    """None is ever under way."""
    return ListPartitionReassignmentsResponse(version=version, error_code=Code.NONE, error_message=None, topics=[])


def offset_for_leader_epoch(session: Session, request: Message, version: int) -> Message:
    """Where an epoch ended. Nothing is ever cut off here, so a consumer's position always stands."""
    topics = [
        _Epochs(topic=topic.topic, partitions=[_ended(session, topic.topic, part) for part in topic.partitions])
        for topic in request.topics
    ]
    return OffsetForLeaderEpochResponse(version=version, topics=topics)


def _ended(session: Session, topic: str, asked: Message) -> Message:
    log = session.cluster.topics.log(topic, asked.partition)
    epoch = session.cluster.brokers.partition(topic, asked.partition).epoch
    error = session.log_error(topic, asked.partition)
    if error is Code.NONE and asked.current_leader_epoch != NOTHING and asked.current_leader_epoch != epoch:
        older = asked.current_leader_epoch < epoch
        error = Code.FENCED_LEADER_EPOCH if older else Code.UNKNOWN_LEADER_EPOCH
    known = log is not None and error is Code.NONE and asked.leader_epoch <= epoch
    return _Epochs.EpochEndOffset(
        error_code=error,
        partition=asked.partition,
        leader_epoch=asked.leader_epoch if known else NOTHING,
        end_offset=log.end if log is not None and known else NOTHING,
    )
