"""Where each number comes from, as one would ask for it with redis-cli. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.redis.components import SUMMED, WORST
from connectors.settings.redis import Settings
from console.model.rates import WINDOW

GROWN = f"as growth over {WINDOW:g} s"
OVER = f"growth over {WINDOW:g} s, a second"
RATES: Mapping[str, str] = {  # name of a rate → INFO's section and field
    "hits": "stats: keyspace_hits",
    "misses": "stats: keyspace_misses",
    "evictions": "stats: evicted_keys",
    "expirations": "stats: expired_keys",
    "rejections": "stats: rejected_connections",
    "commands": "stats: total_commands_processed",
    "cpu": "cpu: used_cpu_sys_main_thread + used_cpu_user_main_thread",
}
GAUGES: Mapping[str, str] = {
    "memory": "memory: used_memory",
    "memory_max": "memory: maxmemory",
    "memory_ratio": "memory: used_memory / maxmemory",
    "clients": "clients: connected_clients",
    "clients_max": "clients: maxclients",
    "connections_ratio": "clients: connected_clients / maxclients",
    "blocked": "clients: blocked_clients",
    "ops": "stats: instantaneous_ops_per_sec",
    "fragmentation": "memory: mem_fragmentation_ratio",
    "unsaved": "persistence: rdb_changes_since_last_save",
    "save_age": "server: server_time_usec less persistence: rdb_last_save_time",
    "replicas": "replication: connected_slaves",
    "replica_lag": "replication: master_repl_offset less the offset of the furthest slaveN",
    "replica_delay": "replication: lag of the slaveN that was not heard for longest",
    "keys": "keyspace: keys of every dbN",
    "average_ttl": "keyspace: avg_ttl of every dbN, by its expires",
}
COUNTERS: Mapping[str, str] = {
    "evicted": "evictions",
    "expired": "expirations",
    "rejected": "rejections",
    "cpu_seconds": "cpu",
    "slow_logged": "slow",
}
OTHERS: Mapping[str, str] = {
    "hit_rate": f"redis-cli INFO stats: keyspace_hits / (keyspace_hits + keyspace_misses), both {GROWN}",
    "slow": f"redis-cli SLOWLOG GET 1: number of the newest entry, {OVER}",
    "latency": "redis-cli TIME: wall seconds until its answer, measured here",
    "servers": "redis-cli INFO: how many of the servers answered",
    "writable_primaries": "redis-cli INFO replication: servers with role:master (in a cluster: and cluster_state:ok)",
}


def behind(signal: str, settings: Settings, whole: bool) -> str:
    """The command and field of a signal, a counter or a rate; "" for a name that is none. ``whole``: of all servers."""
    signal = COUNTERS.get(signal, signal)
    kind, _, prefix = signal.partition(".")
    if prefix:
        return _published(kind, prefix, settings)
    several = bool(whole and (settings.sentinels or settings.nodes or settings.cluster))
    return _of(signal) + (_over_servers(signal) if several and _of(signal) else "")


def _of(signal: str) -> str:
    if signal in RATES:
        return f"redis-cli INFO {RATES[signal]}, {OVER}"
    if signal in GAUGES:
        return f"redis-cli INFO {GAUGES[signal]}"
    return OTHERS.get(signal, "")


def _over_servers(signal: str) -> str:
    if signal in SUMMED:
        return ", summed over the primaries"
    if signal in ("hits", "misses", "hit_rate", "rejections"):
        return ", summed over all servers"
    if signal in WORST or signal in ("cpu", "memory_ratio"):
        return ", of the server where it is worst"
    return ", summed over the primaries" if signal in RATES or signal == "slow" else ""


def _published(kind: str, prefix: str, settings: Settings) -> str:
    key = settings.hits_key
    if kind == "hit_rate":
        return f"redis-cli HMGET {key} hits:{prefix} misses:{prefix}: hits / (hits + misses), both {GROWN}"
    return f"redis-cli HGET {key} {kind}:{prefix}, {OVER}" if kind in ("hits", "misses") else ""
