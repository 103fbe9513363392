"""INFO as signals: what is not said is unknown, and the identity outlives a failover."""

from __future__ import annotations

import pytest

from connectors.redis.info import counters_of, identity_of, notes_of, signals_of, slow_of, state_of

NONE = "0" * 40


def test_what_info_does_not_say_is_unknown() -> None:
    assert {signal.name: signal.value for signal in signals_of({}, 5, "redis")} == {
        "memory": None,
        "memory_max": None,
        "clients": None,
        "blocked": None,
        "ops": None,
        "keys": None,
    }
    assert counters_of({}, 5, "redis") == ()


def test_an_empty_server_has_no_keys() -> None:
    signals = {signal.name: signal for signal in signals_of({"run_id": "x", "maxmemory": 0}, 5, "redis")}
    assert signals["keys"].value == 0
    assert signals["memory_max"].value is None


def test_keys_of_all_databases_are_counted() -> None:
    info = {"run_id": "x", "db0": {"keys": 3}, "db7": {"keys": 4}, "dbx": {"keys": 9}}
    assert {signal.name: signal.value for signal in signals_of(info, 5, "redis")}["keys"] == 7


def test_counters_belong_to_one_life_of_the_server() -> None:
    (hits,) = counters_of({"run_id": "abc", "keyspace_hits": 12}, 5, "redis")
    assert (hits.name, hits.rate_name, hits.value, hits.epoch, hits.at) == ("hits", "hits", 12, "abc", 5)


@pytest.mark.parametrize(
    ("info", "identity"),
    [
        ({}, ""),
        ({"master_replid": "a" * 40, "master_replid2": NONE}, "a" * 40),
        ({"master_replid": "a" * 40, "master_replid2": 0}, "a" * 40),  # redis-py reads forty zeros as a number
        ({"master_replid": "b" * 40, "master_replid2": "a" * 40}, "a" * 40),
    ],
)
def test_identity(info: dict[str, object], identity: str) -> None:
    assert identity_of(info) == identity


def test_state_and_notes() -> None:
    assert (state_of({"role": "master"}), state_of({"role": "master", "loading": 1}), state_of({})) == (
        "master",
        "loading",
        "",
    )
    assert notes_of({"role": "slave", "maxmemory_policy": "noeviction", "maxmemory": 1}) == (
        "replica: read-only",
        "noeviction: writes fail when memory is full",
    )


def test_slow_log_text_is_one_printable_line() -> None:
    entries = [{"start_time": 5, "duration": 1500, "command": b"SET a \x1b[31m\n\xff"}, {"nonsense": 1}, 7]
    (slow,) = slow_of(entries)
    assert (slow.began, slow.took) == (5.0, 0.0015)
    assert slow.command.isprintable()
    assert slow_of(None) == ()
