"""What was seen of a cluster, as plain values: they know no client, so that all judgement of them stays free of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

TopicPartition = tuple[str, int]

NOBODY = -1  # leads a partition that has no leader


@dataclass(frozen=True, slots=True)
class PartitionView:
    """``replicas`` are the brokers that are to have it, ``isr`` those in sync with the leader, ``offline`` those lost.

    ``epoch`` counts its leaders; None: the broker is too old to tell. ``offline`` is empty on such a broker, too.
    """

    leader: int
    replicas: tuple[int, ...] = ()
    isr: tuple[int, ...] = ()
    offline: tuple[int, ...] = ()
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class TopicView:
    """``id`` is another for a topic that was deleted and made anew; "": the broker is too old to tell (before 2.8)."""

    partitions: Mapping[int, PartitionView]
    id: str = ""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """What is set on a topic, or its broker's default. None: not told. A limit of -1 is none: kept for ever."""

    retention_ms: int | None = None
    retention_bytes: int | None = None  # of each partition
    cleanup: frozenset[str] = frozenset()  # "delete", "compact" or both; empty: not told
    min_isr: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterView:
    """``brokers`` are those that are up. ``controller`` None: there is none, or it is not told (see ``Quorum``)."""

    id: str
    brokers: tuple[int, ...]
    leaders: Mapping[str, Mapping[int, int]]  # topic → partition → broker; NOBODY: no leader
    topics: Mapping[str, TopicView] = field(default_factory=dict)
    controller: int | None = None
    addresses: Mapping[int, str] = field(default_factory=dict)  # broker → the host:port that it advertises
    racks: Mapping[int, str] = field(default_factory=dict)  # of the brokers that have one

    def partitions(self) -> Iterator[tuple[TopicPartition, PartitionView]]:
        for name, topic in self.topics.items():
            for index, part in topic.partitions.items():
                yield (name, index), part


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group as its coordinator tells it. ``held`` None: who holds what is not known.

    ``workers`` names who holds a partition; ``members`` None: not told.
    """

    name: str
    state: str
    members: int | None = None
    held: frozenset[TopicPartition] | None = None
    committed: Mapping[TopicPartition, int] = field(default_factory=dict)
    workers: Mapping[TopicPartition, str] = field(default_factory=dict)
    refusal: str = ""  # why it could not be read
    coordinator: int | None = None  # the broker that told it
    new: bool = False  # of the new rebalance protocol (KIP-848)


@dataclass(frozen=True, slots=True)
class Quorum:
    """The controllers of a cluster without ZooKeeper. ``behind``: voter → records of the log it has not fetched yet."""

    leader: int | None
    voters: tuple[int, ...]
    behind: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a broker is: ``release`` of Apache Kafka whose APIs are most like its own; ``kraft``: without ZooKeeper.

    Where it is ``kraft`` the cluster's own word for its controller is any broker that passes requests on; ``quorum``
    has the real one, None where we may not know.
    """

    release: tuple[int, ...]
    kraft: bool
    quorum: Quorum | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """``entity``: user, client-id or ip → name; None: the default for all that have no quota of their own.

    ``limits`` in the broker's words and units: bytes a second, percent of a request thread, changes a second.
    """

    entity: Mapping[str, str | None]
    limits: Mapping[str, float]
