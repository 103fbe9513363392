"""From the wires to what exporters and the model are told of them: what neither could know by itself."""

from __future__ import annotations

from math import inf

from connectors.simulator.architecture import Architecture
from connectors.simulator.clock import SimClock
from connectors.simulator.exporters import Cluster
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.redis import RedisWire
from connectors.simulator.tick import Reported


def cluster_of(
    architecture: Architecture, kubernetes: KubernetesWire, kafka: KafkaWire, redis: RedisWire, clock: SimClock, t: int
) -> Cluster:
    """What is exported at simulated second ``t`` beside the model's own numbers."""
    shown, workloads = kubernetes.shown(), kubernetes.workloads()
    shards = tuple(shard.name for shard in architecture.database.shards)
    return Cluster(
        deployments={name: pods for name, pods in workloads.items() if name not in shown.stateful},
        stateful={name: pods for name, pods in workloads.items() if name in shown.stateful},
        hpas=kubernetes.hpas(),
        namespace=architecture.namespace,
        resources=shown.resources,
        pods=shown.pods,
        nodes=shown.nodes,
        targets_cpu=shown.targets_cpu,
        budgets=shown.budgets,
        quotas=shown.quotas,
        lost=kafka.lost,
        graves=tuple(topic.name for topic in architecture.topics if topic.source == "dead letters"),
        placed=kafka.placements(),
        offsets=kafka.offsets(),
        gateway=architecture.gateway.workload,
        fronts={front.workload: front.share for front in architecture.fronts},
        shards=shards if len(shards) > 1 else (),
        redis_up=redis.reachable,
        replicas=redis.followers,
        opened=clock.wall(0),
        now=clock.wall(t),
    )


def reported_by(kafka: KafkaWire, redis: RedisWire) -> Reported:
    """What operators did to the servers themselves."""
    cache = redis.deeds
    return Reported(
        quotas=kafka.quotas(),
        retention=kafka.retention(),
        deleted=kafka.deleted(),
        seeks=kafka.seeks(),
        brokers_lost=len(kafka.lost),
        cache_up=cache.up,
        cache_memory_max=inf if cache.memory_max == 0 else cache.memory_max,
        cache_evicts=cache.evicts,
        cache_flushes=cache.flushes,
    )
