"""What is said of Redis in a crisis is true: each rule a test, from INFO's text to the reading on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.redis.address import Address
from connectors.redis.components import counted, of_node, problems, whole
from connectors.redis.fleet import Survey
from connectors.redis.info import Info
from connectors.redis.layout import Layout as Servers
from connectors.redis.layout import Shard
from connectors.redis.node import Node
from connectors.redis.sums import Ledger
from console.model.component import Health
from console.model.layout import Layout, Placement
from console.model.observe import empty, observe
from console.model.snapshot import Observed, Snapshot
from console.model.topology import Topology

LAYOUT = Layout((Placement("cache", "cache", "redis/cache"),))
HERE, THERE = Address("10.0.0.1"), Address("10.0.0.2")
USUAL = {"run_id": "one", "role": "master", "used_memory": "50", "maxmemory": "100", "keyspace_hits": "0"}


def info(**more: object) -> Info:
    return {**USUAL, "keyspace_misses": "0", **{name: str(value) for name, value in more.items()}}


def seen(told: Info, at: float) -> Observed:
    return of_node("redis/cache", Node(HERE, at, told, latency=0.001, slow=()), "redis", 0.0)


def shown(*told: Info, seconds: float = 5.0) -> Topology:
    topology = empty(LAYOUT)
    for index, each in enumerate(told):
        at = index * seconds
        topology = observe(topology, Snapshot("redis", at, 0.001, (seen(each, at),)))
    return topology


def value(topology: Topology, name: str) -> float | None:
    reading = topology.reading(f"cache.{name}")
    assert reading is not None, name
    return reading.value


def note(topology: Topology, name: str) -> str:
    reading = topology.reading(f"cache.{name}")
    assert reading is not None, name
    return reading.note


def test_the_hit_rate_is_of_the_interval_and_never_since_the_start() -> None:
    well = {"keyspace_hits": 1_000_000, "keyspace_misses": 1000}
    topology = shown(info(**well), info(keyspace_hits=1_000_060, keyspace_misses=1040))
    assert value(topology, "hit_rate") == pytest.approx(0.6)


def test_without_traffic_there_is_no_hit_rate() -> None:
    topology = shown(info(keyspace_hits=1000), info(keyspace_hits=1000))
    assert (value(topology, "hit_rate"), note(topology, "hit_rate")) == (None, "no traffic")


def test_a_first_reading_has_no_hit_rate() -> None:
    assert value(shown(info(keyspace_hits=1000)), "hit_rate") is None


def test_memory_is_shown_against_its_limit_with_the_time_to_full() -> None:
    topology = shown(*(info(used_memory=50 + step, maxmemory=100) for step in range(10)))
    assert value(topology, "memory_ratio") == pytest.approx(0.59)
    (full,) = (each for each in topology.forecasts if each.what == "full")
    assert full.seconds == pytest.approx(41 * 5, rel=0.01)


def test_no_limit_is_no_share_and_no_time_to_full() -> None:
    topology = shown(*(info(used_memory=50 + step, maxmemory=0) for step in range(10)))
    assert value(topology, "memory_ratio") is None
    assert topology.forecasts == ()


@pytest.mark.parametrize(
    ("field", "rate"),
    [
        ("evicted_keys", "evictions"),
        ("expired_keys", "expirations"),
        ("rejected_connections", "rejections"),
        ("total_commands_processed", "commands"),
    ],
)
def test_what_is_counted_is_shown_a_second(field: str, rate: str) -> None:
    topology = shown(info(**{field: 1000}), info(**{field: 1050}))
    assert value(topology, rate) == 10.0


@pytest.mark.parametrize(
    ("field", "name"),
    [("blocked_clients", "blocked"), ("instantaneous_ops_per_sec", "ops"), ("connected_clients", "clients")],
)
def test_what_is_now_is_shown_as_it_is(field: str, name: str) -> None:
    assert value(shown(info(**{field: 7})), name) == 7.0


def test_rejected_connections_are_critical_at_once() -> None:
    topology = shown(info(rejected_connections=0), info(rejected_connections=3))
    assert topology.components[0].health is Health.CRIT


def test_a_full_thread_is_a_warning_before_it_is_critical() -> None:
    spent = (info(used_cpu_sys_main_thread=0, used_cpu_user_main_thread=5 * 0.8 * step) for step in range(20))
    topology = shown(*spent)
    assert value(topology, "cpu") == pytest.approx(0.8)
    assert topology.components[0].health is Health.WARN


def test_a_restart_starts_every_rate_over_and_none_is_negative() -> None:
    before, after = info(keyspace_hits=5000, evicted_keys=9), info(run_id="two", keyspace_hits=9000, evicted_keys=100)
    topology = shown(before, after)
    assert (value(topology, "hits"), value(topology, "evictions")) == (None, None)


def test_the_replicas_lag_and_the_last_save_are_shown() -> None:
    told = info(
        master_repl_offset=900,
        slave0="ip=10.0.0.2,port=6379,state=online,offset=400,lag=3",
        connected_slaves=1,
        rdb_last_save_time=1_699_999_000,
        server_time_usec=1_700_000_000_000_000,
        rdb_changes_since_last_save=12,
    )
    topology = shown(told)
    assert [value(topology, name) for name in ("replica_lag", "replica_delay", "replicas")] == [500, 3, 1]
    assert [value(topology, name) for name in ("save_age", "unsaved")] == [1000, 12]


def test_unknown_is_never_zero() -> None:
    topology = shown({"run_id": "one"})
    for name in ("memory", "memory_max", "clients", "blocked", "ops", "replicas", "unsaved"):
        assert value(topology, name) is None, name


def together(ledger: Ledger, nodes: Sequence[Node], at: float) -> tuple[Ledger, Observed]:
    """Two shards as one, and the ledger once they were counted."""
    shards = (Shard(HERE, (), ((0, 8191),)), Shard(THERE, (), ((8192, 16383),)))
    survey = Survey(Servers(shards), tuple(replace(node, at=at) for node in nodes))
    assert problems(survey) == ()
    servers = {node.address: of_node("", node, "redis", 0.0) for node in survey.nodes}
    ledger = ledger.after(counted(survey, servers))
    return ledger, whole("redis/cache", survey, servers, ledger.counters(at), (), "redis")


def test_the_worst_is_shown_of_what_does_not_add_up_and_named() -> None:
    nodes = (
        Node(HERE, 0.0, info(used_memory=20, connected_clients=9, maxclients=10), latency=0.001),
        Node(THERE, 0.0, info(used_memory=90, connected_clients=1, maxclients=10), latency=0.2),
    )
    _, seen_whole = together(Ledger(), nodes, 0.0)
    told = {signal.name: (signal.value, signal.note) for signal in seen_whole.signals}
    assert told["memory"] == (110, "")
    assert told["memory_max"] == (200, "")
    assert told["memory_ratio"] == (0.9, f"at {THERE}")
    assert told["connections_ratio"] == (0.9, f"at {HERE}")
    assert told["latency"] == (0.2, f"at {THERE}")


def test_one_primary_without_a_limit_leaves_the_sum_of_limits_unknown() -> None:
    _, seen_whole = together(Ledger(), (Node(HERE, 0.0, info()), Node(THERE, 0.0, info(maxmemory=0))), 0.0)
    told = {signal.name: signal.value for signal in seen_whole.signals}
    assert (told["memory_max"], told["memory"]) == (None, 100)


lives = st.lists(
    st.tuples(st.sampled_from(("runs", "away", "restarts")), st.integers(0, 500), st.integers(0, 500)),
    min_size=2,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(lives, lives)
def test_the_hit_rate_of_many_servers_is_always_a_share(
    one: list[tuple[str, int, int]], two: list[tuple[str, int, int]]
) -> None:
    topology, ledger = empty(LAYOUT), Ledger()
    counts = {HERE: [0, 0, 0], THERE: [0, 0, 0]}
    for at, events in enumerate(zip(one, two, strict=False)):
        nodes = [_lived(address, event, counts[address]) for address, event in zip(counts, events, strict=True)]
        present = [node for node in nodes if node is not None]
        ledger, observed = together(ledger, present, at * 5.0)
        topology = observe(topology, Snapshot("redis", at * 5.0, 0.001, (observed,)))
        rate = topology.reading("cache.hit_rate")
        assert rate is None or rate.value is None or 0 <= rate.value <= 1
        for name in ("hits", "misses"):
            each = topology.reading(f"cache.{name}")
            assert each is None or each.value is None or 0 <= each.value <= 2 * 500 / 5


def _lived(address: Address, event: tuple[str, int, int], counts: list[int]) -> Node | None:
    """One server's next reading; ``counts``: its lives, hits and misses so far."""
    what, hits, misses = event
    if what == "restarts":
        counts[:] = [counts[0] + 1, 0, 0]
    counts[1] += hits
    counts[2] += misses
    told = info(run_id=f"{address}/{counts[0]}", keyspace_hits=counts[1], keyspace_misses=counts[2])
    return None if what == "away" else Node(address, 0.0, told)
