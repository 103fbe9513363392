"""A Redis that goes and comes back: as the model says, as an operator says, and what of it reaches the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from connectors.simulator.redis.memory import OUT_OF_MEMORY
from connectors.simulator.redis.node import LOADING, SUPERVISED
from connectors.simulator.redis.options import RedisOptions
from tests.connectors.simulator.sim_redis_servers import CACHE, Simulated, cli, client, info, said, simulated, until
from tests.real.redis import start_redis

DOWN = replace(CACHE, up=False)


@pytest.fixture
async def ours() -> AsyncIterator[Simulated]:
    async with simulated(RedisOptions()) as opened:
        yield opened


async def reachable(ours: Simulated) -> None:
    """Waits, without letting time pass, until the port listens again."""
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", ours.ports[0])
        except ConnectionError:
            await asyncio.sleep(0.005)
            continue
        writer.close()
        return
    raise AssertionError("the port never came back")


async def test_it_is_down_while_the_model_says_so(ours: Simulated) -> None:
    port = ours.ports[0]
    before = await info(port, "server")
    async with client(port) as opened:
        await opened.hset("seawall:flags", "flag.search", '{"on": false}')
        await opened.set("lost", 1)
        ours.cache = DOWN
        ours.run(1)
        with pytest.raises(redis.ConnectionError):
            await opened.ping()
    with pytest.raises(redis.ConnectionError):
        await said(port, "PING")
    assert ours.wire.deeds.up  # the model knows it already
    assert ours.wire.flags()["flag.search"] == {"on": True}  # as last read, before the change
    ours.cache = CACHE
    ours.run(1)
    await reachable(ours)
    with pytest.raises(redis.BusyLoadingError):
        await said(port, "GET", "lost")
    assert (await info(port, "persistence"))["loading"] == 1
    ours.run(LOADING)
    assert await said(port, "EXISTS", "lost") == 0
    assert await said(port, "HGET", "seawall:flags", "flag.search") == '{"on": false}'
    after = await info(port, "server")
    assert after["run_id"] != before["run_id"]
    assert int(str(after["uptime_in_seconds"])) <= LOADING + 1


async def test_its_counters_and_settings_begin_again(ours: Simulated) -> None:
    async with client(ours.ports[0]) as opened:
        await opened.config_set("maxmemory", "100mb")
        await opened.config_set("maxmemory-policy", "noeviction")
    assert (ours.wire.deeds.memory_max, ours.wire.deeds.evicts) == (100 * 2**20, False)
    ours.cache = DOWN
    ours.run(2)
    ours.cache = replace(CACHE, hits=CACHE.hits + 5, commands=CACHE.commands + 5)
    ours.run(1 + LOADING)
    await reachable(ours)
    stats = await info(ours.ports[0], "stats")
    assert (stats["keyspace_hits"], stats["keyspace_misses"]) == (5, 0)
    assert (ours.wire.deeds.memory_max, ours.wire.deeds.evicts) == (None, True)


async def test_a_port_that_opens_during_an_outage_refuses() -> None:
    servers = Simulated(RedisOptions())
    servers.cache = DOWN
    servers.run(3)
    await servers.start()
    try:
        with pytest.raises(redis.ConnectionError):
            await said(servers.ports[0], "PING")
        servers.cache = CACHE
        servers.run(2 + LOADING)
        await reachable(servers)
        assert await said(servers.ports[0], "EXISTS", "seawall:flags") == 1
    finally:
        await servers.wire.stop()


@pytest.mark.parametrize("turns", range(5))
async def test_it_may_come_and_go(ours: Simulated, turns: int) -> None:
    """However far the loop came between two changes."""
    for _ in range(10):
        ours.cache = CACHE
        ours.run(2)
        for _ in range(turns):
            await asyncio.sleep(0)
        ours.cache = DOWN
        ours.run(1)
    with pytest.raises(redis.ConnectionError):
        await said(ours.ports[0], "PING")
    ours.cache = CACHE
    ours.run(2 + LOADING)
    await reachable(ours)
    assert await said(ours.ports[0], "PING") == "OK"
    assert len((await info(ours.ports[0], "replication"))["master_replid"]) == 40  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["NOSAVE", "SAVE"])
async def test_shutdown_is_undone_by_whoever_supervises_it(ours: Simulated, how: str) -> None:
    await said(ours.ports[0], "SET", "k", "1")
    await cli(ours.ports[0], "shutdown", how)
    assert not ours.wire.deeds.up
    with pytest.raises(redis.ConnectionError):
        await said(ours.ports[0], "PING")
    ours.run(SUPERVISED + LOADING + 1)
    await reachable(ours)
    assert ours.wire.deeds.up
    assert await said(ours.ports[0], "EXISTS", "k") == int(how == "SAVE")
    assert ours.wire.deeds.flushes == int(how == "NOSAVE")


@pytest.mark.parametrize("kind", ["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def test_shutdown_says_nothing_and_ends_the_line(kind: str, ours: Simulated, tmp_path: Path) -> None:
    async def last_word(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"SHUTDOWN NOSAVE\r\n")
        try:
            return await asyncio.wait_for(reader.read(), 5)
        except ConnectionError:
            return b""
        finally:
            writer.close()

    if kind == "simulated":
        assert await last_word(ours.ports[0]) == b""
        return
    with start_redis(tmp_path) as url:
        assert await last_word(int(url.rsplit(":", 1)[1].split("/")[0])) == b""


async def test_what_the_model_only_repeats_keeps_nobody_down(ours: Simulated) -> None:
    """The wire reports that it is down, the model says so too, and it comes back all the same."""
    ours.wire.losses.lose_primary()
    for _ in range(4):
        ours.cache = replace(CACHE, up=ours.wire.deeds.up)
        ours.run(1)
    ours.wire.losses.restore()
    for _ in range(LOADING + 3):
        ours.cache = replace(CACHE, up=ours.wire.deeds.up)
        ours.run(1)
    await reachable(ours)
    assert ours.wire.deeds.up
    assert await said(ours.ports[0], "PING") == "OK"


async def test_a_pause_of_everybody_is_an_outage_and_one_of_writers_none(ours: Simulated) -> None:
    await said(ours.ports[0], "CLIENT", "PAUSE", "60000", "WRITE")
    assert ours.wire.deeds.up
    await said(ours.ports[0], "CLIENT", "PAUSE", "60000", "ALL")
    assert not ours.wire.deeds.up


async def test_a_held_write_dies_with_its_server(ours: Simulated) -> None:
    port = ours.ports[0]
    await said(port, "CLIENT", "PAUSE", "60000", "WRITE")
    async with client(port) as opened:
        held = asyncio.ensure_future(opened.set("held", 1))

        async def waits() -> bool:
            return (await info(port, "clients"))["connected_clients"] >= CACHE.clients + 2  # type: ignore[operator]

        await until(ours, waits)
        ours.wire.losses.lose_primary()
        with pytest.raises(redis.ConnectionError):
            await held
    ours.wire.losses.restore()
    ours.run(2 + LOADING)
    await reachable(ours)
    assert await said(port, "EXISTS", "held") == 0


async def test_flushes_are_counted(ours: Simulated) -> None:
    port = ours.ports[0]
    assert ours.wire.deeds.flushes == 0
    await said(port, "FLUSHALL")
    await said(port, "FLUSHDB", "ASYNC")
    await said(port, "FLUSHDB", "NONSENSE")
    await cli(port, "-n", "1", "flushdb")
    assert ours.wire.deeds.flushes == 2


async def test_no_limit_is_told_apart_from_no_change(ours: Simulated) -> None:
    assert ours.wire.deeds.memory_max is None
    await said(ours.ports[0], "CONFIG", "SET", "maxmemory", "0")
    assert ours.wire.deeds.memory_max == 0


async def test_writes_are_refused_while_the_model_uses_more_than_is_allowed(ours: Simulated) -> None:
    port = ours.ports[0]
    await said(port, "CONFIG", "SET", "maxmemory", str(CACHE.memory - 1), "maxmemory-policy", "noeviction")
    assert await said(port, "HSET", "seawall:flags", "flag.search", "{}") == OUT_OF_MEMORY.removeprefix("OOM ")
    assert await said(port, "HDEL", "seawall:flags", "flag.search") == 1
    ours.cache = replace(CACHE, memory=CACHE.memory - 1)
    ours.run(1)
    assert await said(port, "HSET", "seawall:flags", "flag.search", "{}") == 1


async def test_replicas_go_down_with_the_models_redis() -> None:
    async with simulated(RedisOptions(replicas=2)) as servers:
        servers.cache = DOWN
        servers.run(30)
        for port in servers.ports:
            with pytest.raises(redis.ConnectionError):
                await said(port, "PING")
        servers.cache = CACHE

        async def linked() -> bool:
            try:
                state = await info(servers.ports[1], "replication")
            except redis.ConnectionError:
                return False
            return (state["role"], state["master_link_status"]) == ("slave", "up")

        await until(servers, linked)
        assert (await info(servers.ports[0], "replication"))["connected_slaves"] == 2
