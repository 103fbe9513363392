"""The sections of a drill-down, against what redis-cli tells of the same server, and what is behind each number."""

from __future__ import annotations

import json

import pytest
import redis.asyncio

from connectors.redis import RedisConnector, open_connector
from connectors.redis.behind import COUNTERS
from connectors.settings.redis import Settings
from connectors.simulator.redis.options import RedisOptions
from console.clock import SystemClock
from console.model.derive import readings_of
from console.model.rates import Tallies
from console.model.snapshot import Detail, Observed, Unreachable
from tests.connectors.faults import closed_port
from tests.connectors.redis_servers import emptied, opening, snapshot
from tests.connectors.simulator.sim_redis_servers import cli, simulated


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1].split("/")[0])


async def rows(connector: RedisConnector, section: str) -> list[tuple[str, ...]]:
    found = await connector.inspect(f"redis/cache/{section}")
    assert isinstance(found, Detail), found
    assert all(len(row) == len(found.columns) for row in found.rows)
    return list(found.rows)


@pytest.mark.real("redis")
async def test_the_slow_log_is_redis_clis(real_redis: str) -> None:
    connector = opening(await emptied(real_redis))
    async with redis.asyncio.Redis.from_url(real_redis) as other:
        await other.config_set("slowlog-log-slower-than", 0)
        before = {each.rate_name: each for each in (await snapshot(connector)).components[0].counters}
        for text in ("slow one", "\x1b[31mslow two\n"):
            await other.echo(text)
        await other.config_set("slowlog-log-slower-than", 1_000_000)
        after = {each.rate_name: each for each in (await snapshot(connector)).components[0].counters}
        newest = json.loads(await cli(port_of(real_redis), "--json", "SLOWLOG", "GET", "1"))[0]
        seen = await rows(connector, "slowlog")
        await other.slowlog_reset()
        emptied_log = {each.rate_name: each for each in (await snapshot(connector)).components[0].counters}
    await connector.close()
    commands = [row[1] for row in seen]
    assert {"ECHO slow one", "ECHO [31mslow two"} <= set(commands)
    assert commands[0].split(" ")[0].upper() == newest[3][0].upper()
    assert seen[0][0] == f"{newest[2] / 1000:.1f} ms"
    assert after["slow"].value == newest[0] + 1 > before["slow"].value
    assert emptied_log["slow"].epoch != after["slow"].epoch  # an emptied log tells no number: no rate is made of it


@pytest.mark.real("redis")
async def test_latency_is_of_the_servers_own_monitor_and_percentiles(real_redis: str) -> None:
    connector = opening(await emptied(real_redis))
    async with redis.asyncio.Redis.from_url(real_redis) as other:
        await other.config_set("latency-monitor-threshold", 1)
        await other.eval("local n = 0 for i = 1, 3000000 do n = n + i end return n", 0)
        seen = await rows(connector, "latency")
        latest = json.loads(await cli(port_of(real_redis), "--json", "LATENCY", "LATEST"))
        await other.config_set("latency-monitor-threshold", 0)
        await other.latency_reset()
    await connector.close()
    events = {row[0].split(",")[0]: row for row in seen if row[0].startswith("event ")}
    assert {f"event {each[0]}" for each in latest} <= set(events)
    assert {f"{each[3]} ms" for each in latest} == {row[3] for row in events.values()}
    assert any(row[0] == "eval" and row[1].endswith(" ms") for row in seen)


async def test_clients_are_grouped_by_their_name(redis_cache: RedisConnector, redis_url: str) -> None:
    async with (
        redis.asyncio.Redis.from_url(redis_url, client_name="shop-api") as one,
        redis.asyncio.Redis.from_url(redis_url, client_name="shop-api") as two,
    ):
        await one.ping()
        await two.ping()
        seen = await rows(redis_cache, "clients")
    groups = {row[0]: row for row in seen}
    assert groups["shop-api"][1:3] == ("127.0.0.1", "2")
    assert "seawall" in groups


async def test_the_keyspace_is_infos(redis_cache: RedisConnector, redis_other: redis.asyncio.Redis) -> None:
    await redis_other.set("ends", 1, ex=1000)
    told = await redis_other.info("keyspace")
    ((_, database, keys, ending, _),) = await rows(redis_cache, "keyspace")
    assert (database, int(keys), int(ending)) == ("db0", told["db0"]["keys"], told["db0"]["expires"])


async def test_replication_shows_who_follows_whom() -> None:
    async with simulated(RedisOptions(replicas=2)) as servers:
        settings = Settings(sentinels=(f"127.0.0.1:{servers.sentinel}",), master="mymaster")
        connector = open_connector("redis", settings, SystemClock())
        seen = await rows(connector, "replication")
        one = await rows(connector, f"127.0.0.1:{servers.ports[1]}/replication")
        await connector.close()
    primary = f"127.0.0.1:{servers.ports[0]}"
    assert {row[1] for row in seen if row[0] == primary} == {"master"}
    assert sum(row[1] == "replica" for row in seen) == 2
    assert [row[2] for row in one] == [f"link up to {primary}"]


async def test_a_drill_down_into_what_is_gone_says_why() -> None:
    connector = opening(f"redis://127.0.0.1:{closed_port()}")
    for section in ("redis/cache", "redis/cache/slowlog", "redis/cache/keys"):
        assert isinstance(await connector.inspect(section), Unreachable)
    await connector.close()


def names(observed: Observed) -> set[str]:
    """Every signal, counter and rate, and what follows from them."""
    told = {signal.name for signal in observed.signals} | {counter.name for counter in observed.counters}
    return told | set(readings_of(observed, Tallies()))


async def test_every_number_has_a_command_behind_it(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.hset("seawall:hits", mapping={"hits:catalog": 1, "misses:catalog": 1})
    (observed,) = (await snapshot(redis_cache)).components
    told = {name: redis_cache.behind("redis/cache", name) for name in names(observed)}
    assert [name for name, command in told.items() if not command.startswith("redis-cli ")] == []
    assert told["hit_rate"].startswith("redis-cli INFO stats: keyspace_hits / (keyspace_hits + keyspace_misses)")
    assert told["hit_rate.catalog"].startswith("redis-cli HMGET seawall:hits hits:catalog misses:catalog")
    assert redis_cache.behind("redis/cache", "nonsense") == ""
    assert redis_cache.behind("redis/other", "memory") == ""
    assert {redis_cache.behind("redis/cache", name) for name in COUNTERS} == {
        redis_cache.behind("redis/cache", rate) for rate in COUNTERS.values()
    }


async def test_a_sum_says_that_it_is_one() -> None:
    async with simulated(RedisOptions(cluster=True)) as servers:
        settings = Settings(nodes=(f"127.0.0.1:{servers.ports[0]}",))
        connector = open_connector("redis", settings, SystemClock())
        whole, part, *_ = (await snapshot(connector)).components
        told = {name: connector.behind(whole.id, name) for name in names(whole)}
        await connector.close()
    assert all(told.values()), told
    assert told["memory"] == "redis-cli INFO memory: used_memory, summed over the primaries"
    assert told["latency"].endswith("of the server where it is worst")
    assert connector.behind(part.id, "memory") == "redis-cli INFO memory: used_memory"


@pytest.mark.real("redis")
async def test_each_field_that_is_named_is_one_that_redis_tells(real_redis: str) -> None:
    """Whoever types what is shown finds the number."""
    connector = opening(await emptied(real_redis))
    (observed,) = (await snapshot(connector)).components
    for name in names(observed):
        words = connector.behind("redis/cache", name).removeprefix("redis-cli ").split(" ")
        if words[0] == "INFO" and "server:" not in words:
            section, field = words[1].rstrip(":"), words[2].rstrip(",")
            told = await cli(port_of(real_redis), "INFO", section)
            assert section == "keyspace" or f"{field}:" in told, (name, section, field)
    await connector.close()
