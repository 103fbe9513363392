"""kafka_exporter (https://github.com/danielqsj/kafka_exporter): brokers, topics and groups."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.exporters.cluster import Cluster
from connectors.simulator.exporters.target import Target
from connectors.simulator.kafka.brokers import Placement
from connectors.simulator.tick import Group, Sample, Tick


def kafka(target: Target, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    alive = [broker for broker in cluster.brokers if broker not in cluster.lost]
    yield target.gauge("kafka_brokers", len(alive))
    for broker in alive:
        yield target.gauge("kafka_broker_info", 1, id=str(broker), address=f"kafka-{broker}:9092")
    offsets = {(p.topic, p.index): (p.low, p.end) for group in tick.groups for p in group.partitions}
    offsets |= {(topic, 0): (0, int(tick.counters["dead_letters"])) for topic in cluster.graves}
    offsets |= cluster.offsets  # topics that the model knows nothing of too
    counts: dict[str, int] = {}
    for (topic, index), (low, end) in offsets.items():
        counts[topic] = counts.get(topic, 0) + 1
        yield from partition(target, cluster, topic, index, low, end)
    for topic, count in counts.items():
        yield target.gauge("kafka_topic_partitions", count, topic=topic)
    for group in tick.groups:
        yield from consumers(target, group)


def partition(target: Target, cluster: Cluster, topic: str, index: int, low: int, end: int) -> Iterator[Sample]:
    where = {"partition": str(index), "topic": topic}
    at = cluster.placed.get((topic, index)) or _in_turn(cluster, index)
    yield target.gauge("kafka_topic_partition_current_offset", end, **where)
    yield target.gauge("kafka_topic_partition_oldest_offset", low, **where)
    yield target.gauge("kafka_topic_partition_leader", at.leader, **where)
    yield target.gauge("kafka_topic_partition_leader_is_preferred", at.leader == at.replicas[0], **where)
    yield target.gauge("kafka_topic_partition_replicas", len(at.replicas), **where)
    yield target.gauge("kafka_topic_partition_in_sync_replica", len(at.isr), **where)
    behind = len(at.isr) < len(at.replicas)
    yield target.gauge("kafka_topic_partition_under_replicated_partition", behind, **where)


def _in_turn(cluster: Cluster, index: int) -> Placement:
    """Where no wire says who leads: every broker has a copy, and they lead in turn."""
    first = index % len(cluster.brokers)
    replicas = cluster.brokers[first:] + cluster.brokers[:first]
    return Placement(replicas, tuple(broker for broker in replicas if broker not in cluster.lost), replicas[0])


def consumers(target: Target, group: Group) -> Iterator[Sample]:
    """A partition to which the group never committed has no lag."""
    yield target.gauge("kafka_consumergroup_members", group.members, consumergroup=group.name)
    lags: dict[str, int] = {}
    for partition in group.partitions:
        if partition.committed is None:
            continue
        lag = partition.end - max(partition.committed, partition.low)
        lags[partition.topic] = lags.get(partition.topic, 0) + lag
        where = {"consumergroup": group.name, "partition": str(partition.index), "topic": partition.topic}
        yield target.gauge("kafka_consumergroup_current_offset", partition.committed, **where)
        yield target.gauge("kafka_consumergroup_lag", lag, **where)
    for topic, total in lags.items():
        yield target.gauge("kafka_consumergroup_lag_sum", total, consumergroup=group.name, topic=topic)
