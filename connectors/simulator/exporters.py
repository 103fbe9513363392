"""The estate under the names of the well-known exporters, so that ordinary dashboards and presets read it.

Pods come and go faster than series of theirs would be worth: containers are exported as one series a deployment,
its ``pod`` label ``<deployment>-all``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from connectors.simulator import api, observed
from connectors.simulator.tick import Group, Pods, Sample, Tick

NAMESPACE = "shop"
Labels = tuple[tuple[str, str], ...]

DATABASE = {"datname": "shop", "instance": "postgres:9187"}
CACHE = {"instance": "redis:6379"}
NODE = {"instance": "postgres:9100"}
NODE_CORES = 4
NODE_MEMORY = 16 * 2**30  # bytes
NODE_DISK = 200 * 2**30
CONNECTION_MEMORY = 10 * 2**20
REQUESTS, LIMITS = "requests", "limits"
_BACKEND = {
    (REQUESTS, "cpu"): api.CPU_REQUEST,
    (REQUESTS, "memory"): 256 * 2**20,
    (LIMITS, "cpu"): api.CPU_LIMIT,
    (LIMITS, "memory"): api.MEMORY_LIMIT,
}
RESOURCES: Mapping[str, Mapping[tuple[str, str], float]] = {  # a pod's, as the deployments in the cluster have them
    "gateway": {
        (REQUESTS, "cpu"): observed.GATEWAY_CPU_REQUEST,
        (REQUESTS, "memory"): 128 * 2**20,
        (LIMITS, "cpu"): 1.0,
        (LIMITS, "memory"): 256 * 2**20,
    },
    "api": _BACKEND,
    "workers": _BACKEND,
}
TARGETS = (  # (job, instance) of every exporter that is scraped
    ("blackbox-dns", "shop.example"),
    ("cadvisor", "kubelet:10250"),
    ("ingress-nginx", "ingress:10254"),
    ("kafka-exporter", "kafka:9308"),
    ("kube-state-metrics", "kube-state-metrics:8080"),
    ("node-exporter", "postgres:9100"),
    ("postgres-exporter", "postgres:9187"),
    ("redis-exporter", "redis:6379"),
    ("shop", "shop:8000"),
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What kube-state-metrics knows: pods by deployment; (min, max, current, desired) by autoscaler."""

    deployments: Mapping[str, Pods] = field(default_factory=dict)
    hpas: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)


def samples(tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    """Every exported series at one second."""
    for job, instance in TARGETS:
        yield _gauge("up", 1, job=job, instance=instance)
    yield from _users(tick)
    yield from _gateway(tick)
    yield from _payments(tick)
    yield from _containers(tick, cluster)
    yield from _cluster(cluster)
    yield from _redis(tick)
    for group in tick.groups:
        yield from _group(group)
    yield from _dead_letters(tick)
    yield from _postgres(tick)
    yield from _node(tick)


def _gauge(name: str, value: float, **labels: str) -> Sample:
    return Sample(name, _labels(**labels), float(value))


def _counter(name: str, value: float, **labels: str) -> Sample:
    return Sample(name, _labels(**labels), float(value), "counter")


@cache
def _labels(**labels: str) -> Labels:
    return tuple(sorted(labels.items()))


def _users(tick: Tick) -> Iterator[Sample]:
    yield _counter("users_requests_total", tick.counters["users"])
    for result in ("hit", "miss"):
        yield _counter("cdn_requests_total", tick.counters[f"cdn.{result}"], result=result)
    yield _gauge("synthetic_success_ratio", tick.success, scope="all")
    yield _gauge("synthetic_success_ratio", tick.success_origin, scope="origin")
    seconds = tick.gauges["dns.lookup"]
    probe = {"instance": "shop.example", "job": "blackbox-dns"}
    yield _gauge("probe_success", tick.gauges["dns.ok"], **probe)
    yield _gauge("probe_dns_lookup_time_seconds", seconds, **probe)
    yield _gauge("probe_duration_seconds", seconds * 1.1, **probe)


def _gateway(tick: Tick) -> Iterator[Sample]:
    where = {"ingress": NAMESPACE, "namespace": NAMESPACE}
    for status in ("200", "429", "500", "503", "504"):
        count = tick.counters[f"gateway.{status}"]
        yield _counter("nginx_ingress_controller_requests", count, status=status, **where)
    yield from _histogram("nginx_ingress_controller_request_duration_seconds", "gateway", tick.counters, **where)


def _payments(tick: Tick) -> Iterator[Sample]:
    for code in ("200", "429", "500"):
        yield _counter("payments_requests_total", tick.counters[f"payments.{code}"], code=code)
    yield from _histogram("payments_request_duration_seconds", "payments", tick.counters)
    yield _gauge("payments_breaker_open", tick.gauges["payments.open"])
    yield _gauge("payments_queued", tick.gauges["payments.queued"])


def _histogram(name: str, own: str, counters: Mapping[str, float], **labels: str) -> Iterator[Sample]:
    for bound in (*observed.BUCKETS, "+Inf"):
        value = counters[f"{own}.le.{bound}"]
        le = f"{bound:g}" if isinstance(bound, float) else bound
        yield Sample(f"{name}_bucket", _labels(le=le, **labels), value, "histogram")
    yield Sample(f"{name}_sum", _labels(**labels), counters[f"{own}.seconds"], "histogram")
    yield Sample(f"{name}_count", _labels(**labels), counters[f"{own}.le.+Inf"], "histogram")


def _containers(tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    for name in RESOURCES:
        ready = cluster.deployments.get(name, Pods(0)).ready
        where = {"container": name, "namespace": NAMESPACE, "pod": f"{name}-all"}
        yield _counter("container_cpu_usage_seconds_total", tick.counters[f"{name}.cpu"], **where)
        yield _gauge("container_memory_working_set_bytes", tick.usage_of(name).memory * ready, **where)
        for (kind, resource), amount in RESOURCES[name].items():
            yield _gauge(f"kube_pod_container_resource_{kind}", amount * ready, resource=resource, **where)


def _cluster(cluster: Cluster) -> Iterator[Sample]:
    for name, pods in cluster.deployments.items():
        where = {"deployment": name, "namespace": NAMESPACE}
        yield _gauge("kube_deployment_spec_replicas", pods.desired, **where)
        yield _gauge("kube_deployment_status_replicas_ready", pods.ready, **where)
        missing = max(pods.desired - pods.ready, 0)
        yield _gauge("kube_deployment_status_replicas_unavailable", missing, **where)
    for name, (low, high, current, desired) in cluster.hpas.items():
        where = {"horizontalpodautoscaler": name, "namespace": NAMESPACE}
        yield _gauge("kube_horizontalpodautoscaler_spec_min_replicas", low, **where)
        yield _gauge("kube_horizontalpodautoscaler_spec_max_replicas", high, **where)
        yield _gauge("kube_horizontalpodautoscaler_status_current_replicas", current, **where)
        yield _gauge("kube_horizontalpodautoscaler_status_desired_replicas", desired, **where)


def _redis(tick: Tick) -> Iterator[Sample]:
    cache = tick.cache
    yield _gauge("redis_up", 1, **CACHE)
    yield _counter("redis_keyspace_hits_total", cache.hits, **CACHE)
    yield _counter("redis_keyspace_misses_total", cache.misses, **CACHE)
    yield _counter("redis_evicted_keys_total", cache.evicted, **CACHE)
    yield _counter("redis_expired_keys_total", cache.expired, **CACHE)
    yield _counter("redis_rejected_connections_total", cache.rejected, **CACHE)
    yield _counter("redis_commands_processed_total", cache.commands, **CACHE)
    yield _gauge("redis_memory_used_bytes", cache.memory, **CACHE)
    yield _gauge("redis_memory_max_bytes", cache.memory_max, **CACHE)
    yield _gauge("redis_connected_clients", cache.clients, **CACHE)
    yield _gauge("redis_blocked_clients", cache.blocked, **CACHE)
    yield _gauge("redis_db_keys", cache.keys, db="db0", **CACHE)


def _group(group: Group) -> Iterator[Sample]:
    yield _gauge("kafka_consumergroup_members", group.members, consumergroup=group.name)
    for partition in group.partitions:
        at = {"topic": partition.topic, "partition": str(partition.index)}
        yield _gauge("kafka_topic_partition_current_offset", partition.end, **at)
        yield _gauge("kafka_topic_partition_oldest_offset", partition.low, **at)
        if partition.committed is None:
            continue
        lag = partition.end - max(partition.committed, partition.low)
        yield _gauge("kafka_consumergroup_current_offset", partition.committed, consumergroup=group.name, **at)
        yield _gauge("kafka_consumergroup_lag", lag, consumergroup=group.name, **at)


def _dead_letters(tick: Tick) -> Iterator[Sample]:
    """Nobody consumes this topic: it has offsets and no group."""
    at = {"topic": "orders.dlq", "partition": "0"}
    yield _gauge("kafka_topic_partition_current_offset", int(tick.counters["dead_letters"]), **at)
    yield _gauge("kafka_topic_partition_oldest_offset", 0, **at)


def _postgres(tick: Tick) -> Iterator[Sample]:
    connections, busy = tick.gauges["database.connections"], tick.gauges["database.busy"]
    idle = max(round(connections) - round(busy), 0)
    yield _gauge("pg_up", 1, instance=DATABASE["instance"])
    yield _gauge("pg_stat_database_numbackends", round(connections), **DATABASE)
    yield _gauge("pg_stat_activity_count", round(busy), state="active", **DATABASE)
    yield _gauge("pg_stat_activity_count", idle, state="idle", **DATABASE)
    yield _gauge("pg_settings_max_connections", tick.gauges["database.max"], instance=DATABASE["instance"])
    yield _counter("pg_stat_statements_calls_total", tick.counters["database.queries"], **DATABASE)
    yield _counter("pg_stat_statements_seconds_total", tick.counters["database.seconds"], **DATABASE)
    yield _counter("pg_stat_database_xact_commit", tick.counters["database.queries"], **DATABASE)


def _node(tick: Tick) -> Iterator[Sample]:
    """The database's machine: the one whose load tells something that no other series does."""
    for core in range(NODE_CORES):
        for mode in ("idle", "user"):
            seconds = tick.counters[f"database.{mode}"]
            yield _counter("node_cpu_seconds_total", seconds, cpu=str(core), mode=mode, **NODE)
    connections = tick.gauges["database.connections"]
    yield _gauge("node_load1", tick.gauges["database.busy"] / 10, **NODE)
    yield _gauge("node_memory_MemTotal_bytes", NODE_MEMORY, **NODE)
    yield _gauge("node_memory_MemAvailable_bytes", NODE_MEMORY * 0.6 - connections * CONNECTION_MEMORY, **NODE)
    disk = {"device": "/dev/sda1", "fstype": "ext4", "mountpoint": "/", **NODE}
    yield _gauge("node_filesystem_size_bytes", NODE_DISK, **disk)
    yield _gauge("node_filesystem_avail_bytes", NODE_DISK * 0.55, **disk)
