"""INFO as the real server lays it out, its numbers from the traffic model.

Before the model has spoken the counters are 0. What only this process can know (connections, its own commands) is
added.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.redis.info_replication import replication_lines
from connectors.simulator.redis.server import VERSION, Server
from connectors.simulator.tick import Cache

NOTHING = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
Lines = dict[str, object]


def info_text(server: Server, wanted: list[str]) -> str:
    """The sections asked for (none, ``default``, ``all``, ``everything``: each one), with CRLF as on the wire."""
    every = not wanted or bool({"default", "all", "everything"}.intersection(wanted))
    chosen = [name for name in _SECTIONS if every or name in wanted]
    return "\r\n".join(_section(name, _SECTIONS[name](server, server.cache or NOTHING)) for name in chosen)


def _section(name: str, lines: Lines) -> str:
    title = name.upper() if name == "cpu" else name.capitalize()
    return f"# {title}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in lines.items())


def _server(server: Server, cache: Cache) -> Lines:
    uptime = int(server.clock.now() - server.started)
    return {
        "redis_version": VERSION,
        "redis_git_sha1": "00000000",
        "redis_mode": "standalone",
        "os": "simulated",
        "arch_bits": 64,
        "process_id": 1,
        "run_id": server.run_id,
        "tcp_port": server.port,
        "server_time_usec": int(server.wall() * 1_000_000),
        "uptime_in_seconds": uptime,
        "uptime_in_days": uptime // 86400,
        "hz": 10,
        "configured_hz": 10,
    }


def _clients(server: Server, cache: Cache) -> Lines:
    return {
        "connected_clients": cache.clients + len(server.clients),
        "cluster_connections": 0,
        "maxclients": server.settings.get("maxclients", "10000"),
        "blocked_clients": cache.blocked,
        "tracking_clients": 0,
        "clients_in_timeout_table": 0,
    }


def _memory(server: Server, cache: Cache) -> Lines:
    limit = int(server.settings.get("maxmemory", cache.memory_max))
    return {
        "used_memory": cache.memory,
        "used_memory_human": _human(cache.memory),
        "used_memory_rss": int(cache.memory * 1.1),
        "used_memory_peak": cache.memory,
        "used_memory_peak_human": _human(cache.memory),
        "maxmemory": limit,
        "maxmemory_human": _human(limit),
        "maxmemory_policy": server.settings.get("maxmemory-policy", "allkeys-lru"),
        "mem_fragmentation_ratio": "1.10",
        "mem_allocator": "simulated",
    }


def _human(size: int) -> str:
    """As the real server shortens it: one of B, K, M, G with two decimals."""
    amount, unit = float(size), "B"
    for unit in "BKMG":
        if amount < 1024 or unit == "G":
            break
        amount /= 1024
    return f"{size}B" if unit == "B" else f"{amount:.2f}{unit}"


def _persistence(server: Server, cache: Cache) -> Lines:
    return {
        "loading": 0,
        "async_loading": 0,
        "rdb_changes_since_last_save": 0,
        "rdb_bgsave_in_progress": 0,
        "rdb_last_save_time": int(server.clock.wall(server.started)),
        "rdb_last_bgsave_status": "ok",
        "aof_enabled": 0,
        "aof_last_write_status": "ok",
    }


def _stats(server: Server, cache: Cache) -> Lines:
    return {
        "total_connections_received": server.statistics.connections,
        "total_commands_processed": cache.commands + server.statistics.processed,
        "instantaneous_ops_per_sec": server.operations,
        "rejected_connections": cache.rejected,
        "expired_keys": cache.expired,
        "evicted_keys": cache.evicted,
        "keyspace_hits": cache.hits,
        "keyspace_misses": cache.misses,
        "pubsub_channels": len({channel for client in server.clients.values() for channel in client.channels}),
        "pubsub_patterns": len({pattern for client in server.clients.values() for pattern in client.patterns}),
        "latest_fork_usec": 0,
    }


def _cpu(server: Server, cache: Cache) -> Lines:
    spent = cache.commands * 10e-6  # ten microseconds a command
    return {"used_cpu_sys": f"{spent * 0.4:.6f}", "used_cpu_user": f"{spent * 0.6:.6f}"}


def _keyspace(server: Server, cache: Cache) -> Lines:
    return {
        f"db{index}": f"keys={server.size(index)},expires={keys.expiring + server.size(index) - len(keys)},avg_ttl=0"
        for index, keys in server.databases()
    }


_SECTIONS: dict[str, Callable[[Server, Cache], Lines]] = {
    "server": _server,
    "clients": _clients,
    "memory": _memory,
    "persistence": _persistence,
    "stats": _stats,
    "replication": lambda server, cache: replication_lines(server),
    "cpu": _cpu,
    "modules": lambda server, cache: {},
    "errorstats": lambda server, cache: {},
    "cluster": lambda server, cache: {"cluster_enabled": 0},
    "keyspace": _keyspace,
}
