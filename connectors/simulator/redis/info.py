"""INFO as the real server lays it out, section by section and line by line, its numbers from the traffic model.

Before the model has spoken the counters are 0. What only this process can know (connections, its own commands) is
added. The sections about counters, memory and replication have modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.simulator.redis.info_counts import command_lines, error_lines, latency_lines, stats_lines
from connectors.simulator.redis.info_memory import memory_lines
from connectors.simulator.redis.info_replication import replication_lines
from connectors.simulator.redis.server import VERSION, Server
from connectors.simulator.redis.traffic import NOTHING
from connectors.simulator.tick import Cache

Lines = dict[str, object]
ON_REQUEST = frozenset({"commandstats", "latencystats"})  # not among the sections that INFO alone shows
OF_SENTINEL = frozenset({"server", "clients", "stats", "cpu", "sentinel"})


def info_text(server: Server, wanted: list[str]) -> str:
    """The sections asked for (none or ``default``: nearly all; ``all``, ``everything``), with CRLF as on the wire."""
    asked = frozenset(wanted or ["default"])
    everything = bool(asked & {"all", "everything"})
    sections = _sections(server)
    chosen = [
        name for name in sections if everything or name in asked or ("default" in asked and name not in ON_REQUEST)
    ]
    cache = server.cache or NOTHING
    return "\r\n".join(_section(name, sections[name](server, cache)) for name in chosen)


def _sections(server: Server) -> Mapping[str, Callable[[Server, Cache], Lines]]:
    if server.mode != "sentinel":
        return _SECTIONS
    known = {name: lines for name, lines in _SECTIONS.items() if name in OF_SENTINEL}
    return {**known, "sentinel": lambda server, cache: dict(server.watching())}


def _section(name: str, lines: Lines) -> str:
    title = name.upper() if name == "cpu" else name.capitalize()
    return f"# {title}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in lines.items())


def _server(server: Server, cache: Cache) -> Lines:
    uptime = int(server.clock.now() - server.started)
    return {
        "redis_version": VERSION,
        "redis_git_sha1": "00000000",
        "redis_git_dirty": 0,
        "redis_build_id": "ae4d7c971a948f0",
        "redis_mode": server.mode,
        "os": "Linux 6.1.0 x86_64",
        "arch_bits": 64,
        "monotonic_clock": "POSIX clock_gettime",
        "multiplexing_api": "epoll",
        "atomicvar_api": "c11-builtin",
        "gcc_version": "12.2.0",
        "process_id": 1,
        "process_supervised": "no",
        "run_id": server.run_id,
        "tcp_port": server.port,
        "server_time_usec": int(server.wall() * 1_000_000),
        "uptime_in_seconds": uptime,
        "uptime_in_days": uptime // 86400,
        "hz": 10,
        "configured_hz": 10,
        "lru_clock": int(server.wall()) & 0xFFFFFF,
        "executable": "/usr/local/bin/redis-server",
        "config_file": "",
        "io_threads_active": 0,
    }


def _clients(server: Server, cache: Cache) -> Lines:
    return {
        "connected_clients": cache.clients + len(server.clients),
        "cluster_connections": 0,
        "maxclients": server.settings.get("maxclients", "10000"),
        "client_recent_max_input_buffer": 20480,
        "client_recent_max_output_buffer": 0,
        "blocked_clients": cache.blocked + len(server.waiting),
        "tracking_clients": 0,
        "clients_in_timeout_table": 0,
    }


def _persistence(server: Server, cache: Cache) -> Lines:
    return {
        "loading": int(server.loading),
        "async_loading": 0,
        "current_cow_peak": 0,
        "current_cow_size": 0,
        "current_cow_size_age": 0,
        "current_fork_perc": "0.00",
        "current_save_keys_processed": 0,
        "current_save_keys_total": 0,
        "rdb_changes_since_last_save": cache.misses,
        "rdb_bgsave_in_progress": 0,
        "rdb_last_save_time": int(server.clock.wall(server.started)),
        "rdb_last_bgsave_status": "ok",
        "rdb_last_bgsave_time_sec": -1,
        "rdb_current_bgsave_time_sec": -1,
        "rdb_saves": 0,
        "rdb_last_cow_size": 0,
        "rdb_last_load_keys_expired": 0,
        "rdb_last_load_keys_loaded": 0,
        "aof_enabled": 0,
        "aof_rewrite_in_progress": 0,
        "aof_rewrite_scheduled": 0,
        "aof_last_rewrite_time_sec": -1,
        "aof_current_rewrite_time_sec": -1,
        "aof_last_bgrewrite_status": "ok",
        "aof_rewrites": 0,
        "aof_rewrites_consecutive_failures": 0,
        "aof_last_write_status": "ok",
        "aof_last_cow_size": 0,
        "module_fork_in_progress": 0,
        "module_fork_last_cow_size": 0,
    }


def _cpu(server: Server, cache: Cache) -> Lines:
    spent = (cache.commands + server.statistics.processed) * 10e-6  # ten microseconds a command, socket included
    system, user = f"{spent * 0.4:.6f}", f"{spent * 0.6:.6f}"
    return {
        "used_cpu_sys": system,
        "used_cpu_user": user,
        "used_cpu_sys_children": "0.000000",
        "used_cpu_user_children": "0.000000",
        "used_cpu_sys_main_thread": system,
        "used_cpu_user_main_thread": user,
    }


def _keyspace(server: Server, cache: Cache) -> Lines:
    lines: Lines = {}
    for index, keys in server.databases():
        unseen = server.size(index) - len(keys)  # the model's keys expire, all of them
        average = int(server.wall_seconds(keys.mean_time_left()) * 1000)
        lines[f"db{index}"] = f"keys={server.size(index)},expires={keys.expiring + unseen},avg_ttl={average}"
    return lines


_SECTIONS: Mapping[str, Callable[[Server, Cache], Lines]] = {
    "server": _server,
    "clients": _clients,
    "memory": memory_lines,
    "persistence": _persistence,
    "stats": stats_lines,
    "replication": lambda server, cache: replication_lines(server),
    "cpu": _cpu,
    "modules": lambda server, cache: {},
    "commandstats": command_lines,
    "errorstats": lambda server, cache: error_lines(server),
    "latencystats": latency_lines,
    "cluster": lambda server, cache: {"cluster_enabled": int(server.mode == "cluster")},
    "keyspace": _keyspace,
}
