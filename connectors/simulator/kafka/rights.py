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


class Kind(Enum):
    """What there is to operate on; the value is the operations that the kind has, by the protocol's numbers."""

    TOPIC = (3, 4, 5, 6, 7, 8, 10, 11)
    GROUP = (3, 6, 8)
    CLUSTER = (5, 7, 8, 9, 10, 11, 12)


_OPERATIONS = {  # read 3, write 4, create 5, delete 6, alter 7, describe 8, then those on clusters and settings
    Right.DESCRIBE: frozenset({8, 10}),
    Right.READ: frozenset({3}),
    Right.WRITE: frozenset({4, 12}),
    Right.ADMIN: frozenset({5, 6, 7, 9, 11}),
}


def operations(kind: Kind, rights: frozenset[Right]) -> frozenset[int]:
    """The operations on such a thing that these rights amount to, by the protocol's numbers."""
    return frozenset(number for number in kind.value if any(number in _OPERATIONS[right] for right in rights))


def needed(key: int) -> Right:
    """What the API with this key asks for: to describe, unless something more is known."""
    return _NEEDS.get(key, Right.DESCRIBE)
