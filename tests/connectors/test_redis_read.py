"""A reading of one Redis, simulated and real: signals, counters, facts, and what cannot be read."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
import redis.asyncio

from connectors.redis import RedisConnector, open_connector
from connectors.settings.redis import Settings
from console.clock import SystemClock
from console.model.change import Outcome
from console.model.snapshot import Detail, FailureKind, Unreachable
from tests.connectors.faults import serving
from tests.connectors.redis_servers import (
    FLAGS,
    READ_ONLY,
    RUN,
    emptied,
    facts,
    opening,
    simulated,
    snapshot,
)
from tests.connectors.simulator.sim_redis_servers import cli


async def test_reads_signals_counters_and_facts(redis_cache: RedisConnector) -> None:
    seen = await snapshot(redis_cache)
    observed = seen.components[0]
    assert (observed.id, observed.state, seen.problems) == ("redis/cache", "master", ())
    signals = {signal.name: signal.value for signal in observed.signals}
    usual = {"memory", "memory_max", "clients", "blocked", "ops", "keys", "unsaved", "replicas", "latency"}
    assert usual | {"clients_max", "connections_ratio", "save_age"} <= set(signals)
    assert signals["memory"]
    counters = {counter.name: counter for counter in observed.counters}
    assert {"hits", "misses", "evicted", "expired", "rejected", "commands", "cpu_seconds"} <= set(counters)
    assert len(counters["hits"].epoch) == 40
    assert {fact.name: fact.value for fact in observed.facts} == {
        "flag.read_only": False,
        "rate.user": None,
        "ttl.catalog": 60,
    }


async def test_a_number_is_of_when_the_server_said_it_not_of_when_the_way_there_was_begun() -> None:
    clock, told = SystemClock(), b"run_id:x\r\nrole:master\r\nused_memory:5\r\nkeyspace_hits:1\r\n"
    said = []

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(65536):
            for word in asked.split(b"*")[1:]:
                said.append(clock.now())
                writer.write(b"$%d\r\n%b\r\n" % (len(told), told) if b"INFO" in word else b"*0\r\n")
            await writer.drain()

    async with serving(late) as address:
        connector = open_connector("redis", Settings(url=address.replace("http", "redis")), clock)
        first = await snapshot(connector)
        detail = await connector.inspect("redis/cache/keyspace")
        await connector.close()
    observed = first.components[0]
    numbers = [each.at for each in observed.signals] + [each.at for each in observed.counters]
    assert said[2] <= min(numbers) <= first.at < said[-1]
    assert isinstance(detail, Detail)
    assert said[-1] <= detail.at


async def test_identity_is_the_data_set_and_stays(redis_cache: RedisConnector) -> None:
    first, second = await snapshot(redis_cache), await snapshot(redis_cache)
    assert len(first.identity) == 40
    assert first.identity == second.identity


async def test_shows_the_models_numbers() -> None:
    wire = await simulated()
    connector = opening(wire.url)
    observed = (await snapshot(connector)).components[0]
    values = {signal.name: signal.value for signal in observed.signals}
    assert (values["memory"], values["memory_max"], values["keys"]) == (5e6, 9e6, 50_000)
    counters = {counter.rate_name: counter.value for counter in observed.counters}
    own = 2  # commands of this reading: CLIENT SETNAME and TIME
    assert counters.pop("cpu") == pytest.approx(0.02, abs=0.001)
    assert counters == {
        "hits": 900,
        "misses": 100,
        "evictions": 3,
        "expirations": 4,
        "rejections": 2,
        "commands": 2000 + own,
        "slow": 0,
    }
    await connector.close()
    await wire.stop()


async def test_no_maxmemory_is_unknown_not_zero(redis_cache: RedisConnector, redis_other: redis.asyncio.Redis) -> None:
    await redis_other.config_set("maxmemory", 0)
    signals = {signal.name: signal for signal in (await snapshot(redis_cache)).components[0].signals}
    assert (signals["memory_max"].value, signals["memory_max"].note) == (None, "maxmemory is not set")


async def test_unreadable_fields_are_problems_and_the_rest_is_read(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.hset(
        FLAGS, mapping={"flag.a": "true", "ttl.b": '{"value": "9"}', "mark:ttl.catalog": "{", "x": "y"}
    )
    seen = await snapshot(redis_cache)
    assert {fact.name for fact in seen.components[0].facts} == {"flag.read_only", "rate.user"}
    assert [problem.split(":")[0] for problem in seen.problems] == ["flag.a", "ttl.b", "ttl.catalog"]


async def test_a_document_past_its_end_counts_as_its_else(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.hset(FLAGS, "flag.read_only", json.dumps({"on": True, "until": time.time() - 1, "else": False}))
    await redis_other.hset(FLAGS, "ttl.catalog", json.dumps({"value": 600, "until": time.time() + 60, "else": 60}))
    await redis_other.hset(FLAGS, "rate.user", json.dumps({"value": 100, "until": 1}))
    assert {name: fact.value for name, fact in (await facts(redis_cache)).items()} == {
        "flag.read_only": False,
        "rate.user": None,
        "ttl.catalog": 600,
    }


async def test_a_flags_key_of_another_type_is_a_problem(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.delete(FLAGS)
    await redis_other.set(FLAGS, "text")
    seen = await snapshot(redis_cache)
    assert seen.components[0].facts == ()
    assert [problem[:6] for problem in seen.problems] == ["flags:"]
    refused = await redis_cache.apply(READ_ONLY, RUN)
    assert refused.outcome is Outcome.REJECTED


async def test_inspect_shows_the_biggest_fields_first(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    detail = await redis_cache.inspect("redis/cache")
    assert isinstance(detail, Detail)
    leading = {
        into.removeprefix("redis/cache/"): row for into, row in zip(detail.into, detail.rows, strict=True) if into
    }
    assert list(leading) == ["slowlog", "latency", "clients", "replication", "keyspace", "ttl", "keys"]
    assert [row[:2] for row, into in zip(detail.rows, detail.into, strict=True) if not into][-2:] == [
        ("ttl.catalog", "14 B"),
        ("flag.read_only", "13 B"),
    ]
    unknown = await redis_cache.inspect("redis/redis_other")
    assert isinstance(unknown, Unreachable)
    assert unknown.kind is FailureKind.NOT_FOUND


@pytest.mark.real("redis")
async def test_inspect_shows_the_slow_log(real_redis: str) -> None:
    async with redis.asyncio.Redis.from_url(await emptied(real_redis)) as other:
        await other.config_set("slowlog-log-slower-than", 0)
        await other.echo("slow one")
        await other.config_set("slowlog-log-slower-than", 10000)
    connector = opening(real_redis)
    detail = await connector.inspect("redis/cache")
    await connector.close()
    assert isinstance(detail, Detail)
    assert any(row[0] == "slow command" and row[2] == "ECHO slow one" for row in detail.rows)


TOLD = {  # our name → INFO's, of what stands still between two looks
    "memory_max": "maxmemory",
    "clients_max": "maxclients",
    "blocked": "blocked_clients",
    "unsaved": "rdb_changes_since_last_save",
    "replicas": "connected_slaves",
    "evicted": "evicted_keys",
    "expired": "expired_keys",
    "rejected": "rejected_connections",
    "hits": "keyspace_hits",
    "misses": "keyspace_misses",
}


async def test_the_values_are_those_of_redis_cli(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis, redis_url: str
) -> None:
    await redis_other.config_set("maxmemory", 100_000_000)
    for number in range(30):
        await redis_other.set(f"key:{number}", "x", px=1 if number < 5 else None)
        await redis_other.get(f"key:{number + 10}")
    await snapshot(redis_cache)
    port = int(redis_url.rsplit(":", 1)[1].split("/")[0])
    before = _fields(await cli(port, "INFO"))
    observed = (await snapshot(redis_cache)).components[0]
    after = _fields(await cli(port, "INFO"))
    values: dict[str, float | None] = {signal.name: signal.value for signal in observed.signals}
    values |= {counter.name: counter.value for counter in observed.counters}
    for name, field in TOLD.items():
        assert int(before[field]) <= (values[name] or 0) <= int(after[field]), name
    assert values["memory"] == pytest.approx(int(after["used_memory"]), rel=0.1)
    assert values["save_age"] == pytest.approx(time.time() - int(after["rdb_last_save_time"]), abs=5)
    keys = int(after["db0"].split(",")[0].removeprefix("keys="))
    assert values["keys"] == pytest.approx(keys, abs=5)  # some expire in between
    await redis_other.config_set("maxmemory", 0)


def _fields(told: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
