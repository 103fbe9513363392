"""redis_exporter (https://github.com/oliver006/redis_exporter): what INFO says, under its names."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.exporters.cluster import Cluster
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Cache, Sample, Tick

VERSION = "7.2.4"
MAX_CLIENTS = 10_000
UPTIME = 3 * 86_400  # simulated seconds that the server had been up at second 0, as its INFO says
REQUEST_BYTES, ANSWER_BYTES = 60.0, 900.0  # of a command, on average
COMMAND_SECONDS = 0.000_012


def redis(target: Target, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    up = cluster.redis_up and tick.cache.up
    yield target.gauge("redis_up", up)
    yield target.gauge("redis_exporter_last_scrape_error", not up, err="" if up else "dial redis: connection refused")
    yield target.gauge("redis_exporter_last_scrape_duration_seconds", 0.002)
    if up:
        yield from info(target, tick, cluster)


def info(target: Target, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    cache = tick.cache
    about = {"redis_version": VERSION, "redis_mode": "standalone", "role": "master", "os": "Linux"}
    yield target.gauge("redis_instance_info", 1, **about)
    yield target.gauge("redis_uptime_in_seconds", tick.t + UPTIME)
    yield from counters(target, cache)
    yield from memory(target, cache)
    yield target.gauge("redis_connected_clients", cache.clients)
    yield target.gauge("redis_blocked_clients", cache.blocked)
    yield target.gauge("redis_config_maxclients", MAX_CLIENTS)
    yield target.gauge("redis_connected_slaves", cluster.replicas)
    yield target.gauge("redis_db_keys", cache.keys, db="db0")
    yield target.gauge("redis_db_keys_expiring", cache.keys, db="db0")
    yield target.gauge("redis_db_avg_ttl_seconds", 60, db="db0")
    for name in ("redis_loading_dump_file", "redis_rdb_changes_since_last_save", "redis_aof_enabled"):
        yield target.gauge(name, 0)
    yield target.gauge("redis_slowlog_length", 0)
    yield target.gauge("redis_pubsub_channels", 1)
    yield target.gauge("redis_rdb_last_bgsave_status", 1)


def counters(target: Target, cache: Cache) -> Iterator[Sample]:
    yield target.counter("redis_keyspace_hits_total", cache.hits)
    yield target.counter("redis_keyspace_misses_total", cache.misses)
    yield target.counter("redis_evicted_keys_total", cache.evicted)
    yield target.counter("redis_expired_keys_total", cache.expired)
    yield target.counter("redis_rejected_connections_total", cache.rejected)
    yield target.counter("redis_connections_received_total", cache.clients + cache.rejected)
    yield target.counter("redis_commands_processed_total", cache.commands)
    looked = cache.hits + cache.misses
    for command, count in (("get", looked), ("set", max(cache.commands - looked, 0))):
        yield target.counter("redis_commands_total", count, cmd=command)
        yield target.counter("redis_commands_duration_seconds_total", count * COMMAND_SECONDS, cmd=command)
    yield target.counter("redis_net_input_bytes_total", cache.commands * REQUEST_BYTES)
    yield target.counter("redis_net_output_bytes_total", cache.hits * ANSWER_BYTES)
    yield target.counter("redis_cpu_user_seconds_total", cache.commands * COMMAND_SECONDS)
    yield target.counter("redis_cpu_sys_seconds_total", cache.commands * COMMAND_SECONDS / 2)


def memory(target: Target, cache: Cache) -> Iterator[Sample]:
    yield target.gauge("redis_memory_used_bytes", cache.memory)
    yield target.gauge("redis_memory_max_bytes", cache.memory_max)
    yield target.gauge("redis_memory_used_rss_bytes", round(cache.memory * 1.08))
    yield target.gauge("redis_mem_fragmentation_ratio", 1.08)
