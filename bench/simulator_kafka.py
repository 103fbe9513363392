"""The simulated Kafka at size: the lag of 200 groups of 50 partitions each, against encoding the same answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from kafka.protocol import consumer

from bench.result import Result
from connectors.simulator.kafka.apis import APIS, answer
from connectors.simulator.kafka.brokers import BROKERS
from connectors.simulator.kafka.cluster import Address, Cluster
from connectors.simulator.kafka.session import Session
from connectors.simulator.tick import Cache, Group, Partition, Tick

GROUPS, PARTITIONS = 200, 50
ROUNDS = 15
OFFSET_FETCH, LIST_OFFSETS = 8, 7  # versions; the first one is the oldest that asks for many groups at once
CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0)


def run() -> Iterator[Result]:
    cluster = _cluster()
    sessions = {broker: Session(broker, cluster, lambda: 0.0) for broker in BROKERS}
    asked = [(broker, frame) for broker in BROKERS for frame in _lag_of_all(cluster, broker)]
    replies = [_decoded(answer(sessions[broker], frame).frame, frame) for broker, frame in asked]

    def poll() -> None:
        for broker, frame in asked:
            answer(sessions[broker], frame)

    encode = _cheapest(lambda: [_encoded(reply) for reply in replies])
    taken = _cheapest(poll)
    beside = f"encoding them {encode * 1e3:.1f} ms"
    yield Result("simulated Kafka: lag of 200 x 50, of encoding", taken / encode, "x", 2.0, beside)
    tick = _tick(1)
    second = _cheapest(lambda: cluster.show(tick, 1.0))
    yield Result("simulated Kafka: one second of 200 x 50", second * 1e3, "ms", 50.0)


def _cheapest(function: Callable[[], object]) -> float:
    """Seconds of the processor that one call takes: the least of several, for others are at work beside it."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return min(taken)


def _cluster() -> Cluster:
    made = Cluster(7)
    made.addresses = {broker: Address("127.0.0.1", 9090 + broker) for broker in BROKERS}
    made.show(_tick(0), 0.0)
    return made


def _tick(t: int) -> Tick:
    groups = tuple(
        Group(f"group-{g}", "Stable", 4, tuple(_partition(g, index, t) for index in range(PARTITIONS)))
        for g in range(GROUPS)
    )
    return Tick(t, CACHE, groups)


def _partition(group: int, index: int, t: int) -> Partition:
    end = 1_000_000 + group * 1000 + index * 10 + t * 5
    return Partition(f"topic-{group}", index, 0, end, end - 100)


def _lag_of_all(cluster: Cluster, broker: int) -> Iterator[bytes]:
    shape = consumer.OffsetFetchRequest.OffsetFetchRequestGroup
    mine = [shape(group_id=name, topics=None) for name in cluster.groups if cluster.coordinator(name) == broker]
    yield _frame(consumer.OffsetFetchRequest(groups=mine, require_stable=False), OFFSET_FETCH)
    topic = consumer.ListOffsetsRequest.ListOffsetsTopic
    topics = []
    for name in cluster.topics:
        led = [index for index in range(len(cluster.topics[name].logs)) if cluster.leader(name, index) == broker]
        parts = [topic.ListOffsetsPartition(partition_index=i, timestamp=-1, current_leader_epoch=-1) for i in led]
        topics.append(topic(name=name, partitions=parts))
    yield _frame(consumer.ListOffsetsRequest(replica_id=-1, isolation_level=0, topics=topics), LIST_OFFSETS)


def _frame(request: Any, version: int) -> bytes:
    request.API_VERSION = version
    request.with_header(correlation_id=1, client_id="bench")
    return bytes(request.encode(header=True))


def _decoded(reply: bytes, request: bytes) -> Any:
    key, version = int.from_bytes(request[:2], "big"), int.from_bytes(request[2:4], "big")
    return APIS[key].response.decode(reply, version=version, header=True, framed=True)


def _encoded(reply: Any) -> bytes:
    reply.with_header(correlation_id=1)
    return bytes(reply.encode(framed=True, header=True))
