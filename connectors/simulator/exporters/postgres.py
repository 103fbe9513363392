"""postgres_exporter (https://github.com/prometheus-community/postgres_exporter) beside each server of the database."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.exporters.cluster import Cluster
from connectors.simulator.exporters.database import Server
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample, Tick

VERSION = "15.6"
RESERVED = 3  # superuser_reserved_connections
SHARED_BUFFERS = 4 * 2**30  # bytes
ROWS, WRITTEN = 12.0, 0.3  # rows read and written a query
BLOCKS = 20.0  # read a query, nearly all of them from shared buffers
HIT = 0.995
LONG = 600.0  # seconds that a query has run which holds its connection for good


def postgres(target: Target, server: Server, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    up = not tick.gauges.get(f"{server.own}.down", 0.0)
    yield target.gauge("pg_up", up)
    yield target.gauge("pg_exporter_last_scrape_error", not up)
    if not up:
        return
    name = cluster.namespace
    yield target.gauge("pg_static", 1, short_version=VERSION, version=f"PostgreSQL {VERSION} on x86_64-pc-linux-gnu")
    yield target.gauge("pg_postmaster_start_time_seconds", cluster.opened - 3 * 86_400)
    yield from activity(target, server, tick, name)
    yield from database(target, server, tick, name)
    yield from statements(target, server, tick, name)
    yield from settings(target, server, tick)
    yield target.gauge("pg_replication_is_replica", 0)
    yield target.gauge("pg_replication_lag_seconds", 0)
    for number in range(round(tick.gauges.get("database.replicas", 0.0))):
        where = {"application_name": f"replica-{number}", "state": "streaming"}
        yield target.gauge("pg_stat_replication_pg_wal_lsn_diff", 0, **where)
    for mode in ("accesssharelock", "rowexclusivelock", "exclusivelock"):
        held = round(tick.gauges[f"{server.own}.busy"]) if mode != "exclusivelock" else 0
        yield target.gauge("pg_locks_count", held, datname=name, mode=mode)


def activity(target: Target, server: Server, tick: Tick, name: str) -> Iterator[Sample]:
    connections, busy = round(tick.gauges[f"{server.own}.connections"]), round(tick.gauges[f"{server.own}.busy"])
    latency, stuck = tick.gauges[f"{server.own}.latency"], tick.gauges[f"{server.own}.long"]
    states = {"active": busy, "idle": max(connections - busy, 0), "idle in transaction": 0}
    for state, count in states.items():
        yield target.gauge("pg_stat_activity_count", count, datname=name, state=state)
        longest = (LONG if stuck else latency * 3) if state == "active" and busy else 0.0
        yield target.gauge("pg_stat_activity_max_tx_duration", longest, datname=name, state=state)
    yield target.gauge("pg_long_running_transactions", round(stuck))


def database(target: Target, server: Server, tick: Tick, name: str) -> Iterator[Sample]:
    where = {"datid": "16384", "datname": name}
    queries, gave_up = tick.counters[f"{server.own}.queries"], tick.counters[f"{server.own}.gave_up"]
    yield target.gauge("pg_stat_database_numbackends", round(tick.gauges[f"{server.own}.connections"]), **where)
    counters = {
        "xact_commit": queries,
        "xact_rollback": gave_up,
        "blks_hit": queries * BLOCKS * HIT,
        "blks_read": queries * BLOCKS * (1 - HIT),
        "tup_returned": queries * ROWS * 4,
        "tup_fetched": queries * ROWS,
        "tup_inserted": queries * WRITTEN / 2,
        "tup_updated": queries * WRITTEN / 2,
        "tup_deleted": 0.0,
        "conflicts": 0.0,
        "temp_bytes": 0.0,
        "deadlocks": 0.0,
    }
    for what, value in counters.items():
        yield target.counter(f"pg_stat_database_{what}", value, **where)
    yield target.gauge("pg_database_size_bytes", 48 * 2**30 + queries * WRITTEN * 200, datname=name)


def statements(target: Target, server: Server, tick: Tick, name: str) -> Iterator[Sample]:
    where = {"datname": name, "queryid": "4701873461", "user": name}
    yield target.counter("pg_stat_statements_calls_total", tick.counters[f"{server.own}.queries"], **where)
    yield target.counter("pg_stat_statements_seconds_total", tick.counters[f"{server.own}.seconds"], **where)
    yield target.counter("pg_stat_statements_rows_total", tick.counters[f"{server.own}.queries"] * ROWS, **where)


def settings(target: Target, server: Server, tick: Tick) -> Iterator[Sample]:
    yield target.gauge("pg_settings_max_connections", tick.gauges[f"{server.own}.max"])
    yield target.gauge("pg_settings_superuser_reserved_connections", RESERVED)
    yield target.gauge("pg_settings_shared_buffers_bytes", SHARED_BUFFERS)
    yield target.gauge("pg_settings_work_mem_bytes", 16 * 2**20)
    yield target.gauge("pg_settings_statement_timeout_seconds", 0)
