"""INFO's counters: the model's traffic (a GET a look-up, a SET a miss) and this server's own commands."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.redis.server import Server
from connectors.simulator.redis.statistics import Calls, microseconds
from connectors.simulator.redis.traffic import SET_BYTES
from connectors.simulator.tick import Cache

Lines = dict[str, object]
COMMAND_BYTES = 48  # of a GET with its key, as RESP
TAIL = {"p50": 1.0, "p99": 2.0, "p99.9": 4.0}  # percentiles as multiples of the usual time


def stats_lines(server: Server, cache: Cache) -> Lines:
    """The section's lines in the real server's order."""
    own = server.statistics
    commands = cache.commands + own.processed
    received = cache.commands * COMMAND_BYTES + cache.misses * SET_BYTES + own.processed * COMMAND_BYTES
    sent = cache.hits * SET_BYTES + (cache.misses + own.processed) * 5
    rate = server.operations
    return {
        "total_connections_received": own.connections + cache.clients,
        "total_commands_processed": commands,
        "instantaneous_ops_per_sec": rate,
        "total_net_input_bytes": received,
        "total_net_output_bytes": sent,
        "total_net_repl_input_bytes": 0,
        "total_net_repl_output_bytes": server.replication.offset * len(server.replication.followers()),
        "instantaneous_input_kbps": _rate(rate, received, commands),
        "instantaneous_output_kbps": _rate(rate, sent, commands),
        "instantaneous_input_repl_kbps": "0.00",
        "instantaneous_output_repl_kbps": "0.00",
        "rejected_connections": cache.rejected,
        "sync_full": len(server.replication.followers()),
        "sync_partial_ok": 0,
        "sync_partial_err": 0,
        "expired_keys": cache.expired,
        "expired_stale_perc": "0.00",
        "expired_time_cap_reached_count": 0,
        "expire_cycle_cpu_milliseconds": cache.expired // 1000,
        "evicted_keys": cache.evicted,
        "evicted_clients": 0,
        "total_eviction_exceeded_time": 0,
        "current_eviction_exceeded_time": 0,
        "keyspace_hits": cache.hits,
        "keyspace_misses": cache.misses,
        **_listeners(server),
        "latest_fork_usec": 0,
        "total_forks": 0,
        "migrate_cached_sockets": 0,
        "slave_expires_tracked_keys": 0,
        **dict.fromkeys(_DEFRAGMENTATION, 0),
        "tracking_total_keys": 0,
        "tracking_total_items": 0,
        "tracking_total_prefixes": 0,
        "unexpected_error_replies": 0,
        "total_error_replies": sum(own.errors.values()),
        "dump_payload_sanitizations": 0,
        "total_reads_processed": commands,
        "total_writes_processed": commands,
        "io_threaded_reads_processed": 0,
        "io_threaded_writes_processed": 0,
        "reply_buffer_shrinks": 0,
        "reply_buffer_expands": 0,
    }


_DEFRAGMENTATION = (
    "active_defrag_hits",
    "active_defrag_misses",
    "active_defrag_key_hits",
    "active_defrag_key_misses",
    "total_active_defrag_time",
    "current_active_defrag_time",
)


def _rate(commands_a_second: int, total: int, commands: int) -> str:
    """Kilobytes a second, at the mean size of a command."""
    return f"{commands_a_second * total / commands / 1024:.2f}" if commands else "0.00"


def _listeners(server: Server) -> Lines:
    clients = server.clients.values()
    return {
        "pubsub_channels": len({channel for client in clients for channel in client.channels}),
        "pubsub_patterns": len({pattern for client in clients for pattern in client.patterns}),
        "pubsubshard_channels": 0,
    }


def command_lines(server: Server, cache: Cache) -> Lines:
    """The section ``commandstats``."""
    return {f"cmdstat_{name}": _calls(name, calls) for name, calls in _all_calls(server, cache)}


def latency_lines(server: Server, cache: Cache) -> Lines:
    """The section ``latencystats``: microseconds."""
    return {
        f"latency_percentiles_usec_{name}": ",".join(
            f"{percentile}={microseconds(name) * factor:.3f}" for percentile, factor in TAIL.items()
        )
        for name, calls in _all_calls(server, cache)
        if calls.done
    }


def error_lines(server: Server) -> Lines:
    """The section ``errorstats``: replies by their first word."""
    return {f"errorstat_{word}": f"count={count}" for word, count in server.statistics.errors.items()}


def _all_calls(server: Server, cache: Cache) -> Iterator[tuple[str, Calls]]:
    theirs = {"get": cache.hits + cache.misses, "set": cache.misses} if cache.commands else {}
    own = server.statistics.calls
    for name in dict.fromkeys((*theirs, *own)):
        calls = own.get(name, Calls())
        yield name, Calls(calls.done + theirs.get(name, 0), calls.rejected, calls.failed)


def _calls(name: str, calls: Calls) -> str:
    each = microseconds(name) if calls.done else 0.0
    return (
        f"calls={calls.done},usec={round(calls.done * each)},usec_per_call={each:.2f},"
        f"rejected_calls={calls.rejected},failed_calls={calls.failed}"
    )
