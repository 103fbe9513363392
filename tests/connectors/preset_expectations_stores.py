"""What the presets of databases, caches and queues must answer on their recordings: sums and shares, none of it PromQL.

None: this recording has no such series, and the preset says when that is so.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.connectors.preset_recordings import Recorded

Expected = Mapping[str, float | None]


def redis(r: Recorded) -> Expected:
    hits, misses = r.rate("redis_keyspace_hits_total"), r.rate("redis_keyspace_misses_total")
    return {
        "up": 1.0,
        "hit_rate": hits / (hits + misses),
        "memory": r.now("redis_memory_used_bytes"),
        "memory_max": r.now("redis_memory_max_bytes"),
        "ops": r.rate("redis_commands_processed_total"),
        "clients": r.now("redis_connected_clients"),
        "evictions": r.rate("redis_evicted_keys_total"),
        "rejected": r.rate("redis_rejected_connections_total"),
    }


def memcached(r: Recorded) -> Expected:
    gets = r.rate("memcached_commands_total", command="get")
    return {
        "up": 1.0,
        "hit_rate": r.rate("memcached_commands_total", command="get", status="hit") / gets,
        "ops": r.rate("memcached_commands_total"),
        "memory": r.now("memcached_current_bytes"),
        "memory_max": r.now("memcached_limit_bytes"),
        "evictions": r.rate("memcached_items_evicted_total"),
        "connections": r.now("memcached_current_connections"),
        "connections_max": r.now("memcached_max_connections"),
    }


def postgres(r: Recorded) -> Expected:
    in_use, limit = r.now("pg_stat_database_numbackends"), r.now("pg_settings_max_connections")
    return {
        "up": 1.0,
        "connections": in_use,
        "connections_max": limit,
        "connections_ratio": in_use / limit,
        "latency": r.rate("pg_stat_statements_seconds_total") / r.rate("pg_stat_statements_calls_total"),
        "commits": r.rate("pg_stat_database_xact_commit"),
        "longest": max(r.each("pg_stat_activity_max_tx_duration", state="(?!idle$).*")),
        "replica_lag": r.now("pg_replication_lag"),
    }


def pgbouncer(r: Recorded) -> Expected:
    waiting = r.now("pgbouncer_pools_client_waiting_connections")
    return {
        "waiting": waiting,
        "waited": max(r.each("pgbouncer_pools_client_maxwait_seconds")),
        "clients": r.now("pgbouncer_pools_client_active_connections") + waiting,
        "busy": r.now("pgbouncer_pools_server_active_connections"),
        "idle": r.now("pgbouncer_pools_server_idle_connections"),
        "rate": r.rate("pgbouncer_stats_queries_total"),
    }


def mysqld(r: Recorded) -> Expected:
    missed = r.rate("mysql_global_status_innodb_buffer_pool_reads")
    return {
        "up": 1.0,
        "connections": r.now("mysql_global_status_threads_connected"),
        "connections_max": r.now("mysql_global_variables_max_connections"),
        "running": r.now("mysql_global_status_threads_running"),
        "rate": r.rate("mysql_global_status_queries"),
        "slow": r.rate("mysql_global_status_slow_queries"),
        "buffer_hits": 1 - missed / r.rate("mysql_global_status_innodb_buffer_pool_read_requests"),
        "refused": r.rate("mysql_global_status_connection_errors_total", error="max_connections"),
        "replica_lag": None,
    }


def rabbitmq(r: Recorded) -> Expected:
    taken = r.rate("rabbitmq_global_messages_acknowledged_total")
    unasked = r.rate("rabbitmq_global_messages_delivered_(?:get|consume)_auto_ack_total")
    return {
        "lag": r.now("rabbitmq_queue_messages"),
        "unacknowledged": r.now("rabbitmq_queue_messages_unacked"),
        "produced": r.rate("rabbitmq_global_messages_received_total"),
        "consumed": taken + unasked,
        "consumers": r.now("rabbitmq_queue_consumers"),
        "unroutable": r.rate("rabbitmq_global_messages_unroutable_(?:dropped|returned)_total"),
        "connections": r.now("rabbitmq_connections"),
        "memory": r.now("rabbitmq_process_resident_memory_bytes"),
        "memory_max": r.now("rabbitmq_resident_memory_limit_bytes"),
        "alarms": 0.0,
    }


def debezium(r: Recorded) -> Expected:
    def of(attribute: str) -> str:
        return f"debezium_metrics_{attribute}"

    free, room = (
        r.now(of("QueueRemainingCapacity"), context="streaming"),
        r.now(of("QueueTotalCapacity"), context="streaming"),
    )
    return {
        "late": 1.35,
        "up": 1.0,
        "rate": r.rate(of("TotalNumberOfEventsSeen"), context="streaming"),
        "erroneous": r.rate(of("NumberOfErroneousEvents")),
        "queue_ratio": 1 - free / room,
        "quiet": 0.31,
    }


def kafka(r: Recorded) -> Expected:
    committed = {"topic": "orders", "partition": "[01]"}  # the group has no offset in partition 2
    return {
        "lag": r.now("kafka_consumergroup_lag", **committed),
        "members": r.now("kafka_consumergroup_members"),
        "consumed": r.rate("kafka_consumergroup_current_offset"),
        "produced": r.rate("kafka_topic_partition_current_offset", **committed),
    }
