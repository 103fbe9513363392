"""What a user may do, and what an API asks for. A user of whom nothing is said may do everything."""

from __future__ import annotations

from enum import Enum, auto

from kafka.protocol import admin, consumer, producer

ANONYMOUS = "ANONYMOUS"  # who a connection without a password belongs to, in Kafka's own word


class Right(Enum):
    """Coarser than Kafka's operations: each one holds for all topics and groups, ADMIN for the cluster too."""

    DESCRIBE = auto()
    READ = auto()
    WRITE = auto()
    ADMIN = auto()


EVERYTHING = frozenset(Right)
READER = frozenset({Right.DESCRIBE, Right.READ})

_READS = (
    consumer.FetchRequest,
    consumer.OffsetCommitRequest,
    consumer.JoinGroupRequest,
    consumer.SyncGroupRequest,
    consumer.HeartbeatRequest,
    consumer.LeaveGroupRequest,
    producer.TxnOffsetCommitRequest,
)
_WRITES = (
    producer.ProduceRequest,
    producer.InitProducerIdRequest,
    producer.AddPartitionsToTxnRequest,
    producer.AddOffsetsToTxnRequest,
    producer.EndTxnRequest,
)
_ADMINISTERS = (
    admin.CreateTopicsRequest,
    admin.DeleteTopicsRequest,
    admin.CreatePartitionsRequest,
    admin.DeleteRecordsRequest,
    admin.AlterConfigsRequest,
    admin.IncrementalAlterConfigsRequest,
    admin.AlterClientQuotasRequest,
    admin.DeleteGroupsRequest,
    admin.AlterPartitionReassignmentsRequest,
    consumer.OffsetDeleteRequest,
    admin.ElectLeadersRequest,
)
_NEEDS = {
    int(request.API_KEY): right
    for right, requests in ((Right.READ, _READS), (Right.WRITE, _WRITES), (Right.ADMIN, _ADMINISTERS))
    for request in requests
}


def needed(key: int) -> Right:
    """What the API with this key asks for: to describe, unless something more is known."""
    return _NEEDS.get(key, Right.DESCRIBE)
