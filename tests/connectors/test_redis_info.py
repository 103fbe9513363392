"""INFO as signals: what is not said is unknown, and the identity outlives a failover."""

from __future__ import annotations

import pytest

from connectors.redis.info import (
    counters_of,
    identity_of,
    is_primary,
    notes_of,
    parse,
    signals_of,
    slow_counter,
    state_of,
    version_of,
)
from connectors.redis.reply import Slow, slow_log
from console.model.signal import Signal

NONE = "0" * 40
WALL = 1_700_000_000.0


def signals(info: dict[str, str]) -> dict[str, Signal]:
    return {signal.name: signal for signal in signals_of(info, 5, "redis", WALL)}


def test_what_info_does_not_say_is_unknown() -> None:
    assert {name: signal.value for name, signal in signals({}).items()} == {
        "memory": None,
        "memory_max": None,
        "clients": None,
        "blocked": None,
        "ops": None,
        "keys": None,
        "unsaved": None,
        "replicas": None,
    }
    assert counters_of({}, 5, "redis") == ()


def test_an_empty_server_has_no_keys() -> None:
    found = signals({"run_id": "x", "maxmemory": "0"})
    assert found["keys"].value == 0
    assert (found["memory_max"].value, found["memory_max"].note) == (None, "maxmemory is not set")


def test_keys_of_all_databases_are_counted_and_their_ttl_is_weighted() -> None:
    found = signals({"run_id": "x", "db0": "keys=3,expires=1,avg_ttl=1000", "db7": "keys=4,expires=3,avg_ttl=5000"})
    assert found["keys"].value == 7
    assert found["average_ttl"].value == 4.0
    assert signals({"run_id": "x", "db0": "keys=3,expires=0,avg_ttl=0", "dbx": "keys=9"})["keys"].value == 3


def test_a_number_that_is_none_is_unknown() -> None:
    for said in ("nan", "inf", "1e999", "", "many", "9" * 70):
        assert signals({"used_memory": said})["memory"].value is None


def test_connections_are_a_share_of_their_limit() -> None:
    found = signals({"connected_clients": "30", "maxclients": "40"})
    assert (found["clients_max"].value, found["connections_ratio"].value) == (40, 0.75)
    assert "connections_ratio" not in signals({"connected_clients": "30"})  # before 6.2


def test_the_last_save_has_an_age_by_the_servers_own_clock() -> None:
    assert signals({"rdb_last_save_time": "1699999990"})["save_age"].value == 10
    told = {"rdb_last_save_time": "1699999990", "server_time_usec": "1700000030000000"}
    assert signals(told)["save_age"].value == 40


def test_fragmentation_of_a_nearly_empty_server_says_nothing() -> None:
    assert "fragmentation" not in signals({"mem_fragmentation_ratio": "17.2", "used_memory": "900000"})
    assert signals({"mem_fragmentation_ratio": "1.6", "used_memory": "900000000"})["fragmentation"].value == 1.6


def test_the_furthest_replica_is_shown_in_bytes_and_seconds() -> None:
    info = {
        "role": "master",
        "master_repl_offset": "1000",
        "slave0": "ip=10.0.0.2,port=6379,state=online,offset=990,lag=1",
        "slave1": "ip=10.0.0.3,port=6379,state=online,offset=400,lag=7",
        "slave2": "ip=10.0.0.4,port=6379,state=online,offset=1004,lag=0",  # read a moment later
    }
    found = signals(info)
    assert (found["replica_lag"].value, found["replica_delay"].value) == (600, 7)
    assert "replica_lag" not in signals({**info, "role": "slave"})


def test_counters_belong_to_one_life_of_the_server() -> None:
    (hits,) = counters_of({"run_id": "abc", "keyspace_hits": "12"}, 5, "redis")
    assert (hits.name, hits.rate_name, hits.value, hits.epoch, hits.at) == ("hits", "hits", 12, "abc", 5)


def test_cpu_is_of_the_thread_that_runs_commands_where_it_is_told() -> None:
    old = {"used_cpu_sys": "1.5", "used_cpu_user": "2.5"}
    assert [counter.value for counter in counters_of(old, 5, "redis")] == [4.0]
    new = {**old, "used_cpu_sys_main_thread": "1.0", "used_cpu_user_main_thread": "1.0"}
    assert [(counter.rate_name, counter.value) for counter in counters_of(new, 5, "redis")] == [("cpu", 2.0)]


def test_slow_commands_are_counted_by_their_numbers_and_an_empty_log_is_no_leap() -> None:
    info = {"run_id": "abc"}
    empty, first = slow_counter((), info, 5, "redis"), slow_counter((Slow(7, 1.0, 0.1, "KEYS *"),), info, 6, "redis")
    assert (empty.value, first.value) == (0, 8)
    assert empty.epoch != first.epoch  # so no rate is made of the two


@pytest.mark.parametrize(
    ("info", "identity"),
    [
        ({}, ""),
        ({"master_replid": "a" * 40, "master_replid2": NONE}, "a" * 40),
        ({"master_replid": "a" * 40, "master_replid2": "0"}, "a" * 40),
        ({"master_replid": "b" * 40, "master_replid2": "a" * 40}, "a" * 40),
    ],
)
def test_identity(info: dict[str, str], identity: str) -> None:
    assert identity_of(info) == identity


def test_state_and_notes() -> None:
    assert (state_of({"role": "master"}), state_of({"role": "master", "loading": "1"}), state_of({})) == (
        "master",
        "loading",
        "",
    )
    assert notes_of({"role": "slave", "maxmemory_policy": "noeviction", "maxmemory": "1"}) == (
        "replica: read-only",
        "noeviction: writes fail when memory is full",
    )
    assert notes_of({"role": "slave", "slave_read_only": "0", "master_link_status": "down"}) == (
        "replica that takes writes",
        "replica: no link to its primary for ? s",
    )
    assert notes_of({"rdb_last_bgsave_status": "err", "aof_enabled": "1", "aof_last_write_status": "err"}) == (
        "the last save failed",
        "the append-only file cannot be written",
    )


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ({"redis_version": "5.0.14"}, "Redis 5.0.14"),
        ({"redis_version": "7.2.4", "valkey_version": "8.0.1"}, "Valkey 8.0.1"),
        ({"redis_version": "6.3.4", "mvcc_depth": "0"}, "KeyDB 6.3.4"),
        ({}, ""),
    ],
)
def test_each_kind_of_server_says_its_version(info: dict[str, str], version: str) -> None:
    assert version_of(info) == version


def test_keydbs_active_replica_takes_writes() -> None:
    assert is_primary({"role": "active-replica"})
    assert notes_of({"role": "active-replica"}) == ("active replica: takes writes beside others",)


def test_info_is_lines_and_nonsense_is_nothing() -> None:
    assert parse(b"# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1: x\r\n\r\nnonsense\r\n") == {
        "redis_version": "7.0.15",
        "os": "Linux 6.1: x",
    }
    assert (parse(None), parse([b"a"]), parse(b"\xff:\xff")) == ({}, {}, {"�": "�"})


def test_slow_log_text_is_one_printable_line() -> None:
    hostile = [3, 5, 1500, [b"SET", b"a", b"\x1b[31m\n\xff" * 9000], b"addr", b"name"]
    (slow,) = slow_log([hostile, {b"nonsense": 1}, 7, [1, 2], [b"x", b"y", b"z", []]])
    assert (slow.id, slow.began, slow.took) == (3, 5.0, 0.0015)
    assert slow.command.isprintable()
    assert len(slow.command) <= 200
    assert slow_log(None) == ()
