"""A cluster of three: the same assertions on the simulated one and on one of real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis
from redis.asyncio.cluster import RedisCluster

from connectors.simulator.redis.options import RedisOptions
from tests.connectors.simulator.sim_redis_servers import (
    Real,
    Servers,
    Simulated,
    cli,
    client,
    info,
    said,
    simulated,
    until,
)
from tests.real.redis_sets import RealSet, start_cluster

RANGES = [(0, 5460), (5461, 10922), (10923, 16383)]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with start_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@asynccontextmanager
async def either(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Servers]:
    if kind == "simulated":
        async with simulated(RedisOptions(cluster=True)) as servers:
            yield servers
        return
    started: RealSet = request.getfixturevalue("real")
    cluster = Real(started)

    async def formed() -> bool:
        states = [await cli(port, "cluster", "info") for port in cluster.ports]
        return all("cluster_state:ok" in state for state in states)

    await until(cluster, formed)
    for port in cluster.ports:
        await said(port, "FLUSHALL")
    yield cluster


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def servers(request: pytest.FixtureRequest) -> AsyncIterator[Servers]:
    async with either(request.param, request) as opened:
        yield opened


@pytest.fixture
async def ours() -> AsyncIterator[Simulated]:
    async with simulated(RedisOptions(cluster=True)) as opened:
        yield opened


async def test_the_cluster_client_reads_and_writes_everywhere(servers: Servers) -> None:
    async with RedisCluster(host="127.0.0.1", port=servers.ports[1], decode_responses=True) as cluster:
        for number in range(60):
            assert await cluster.set(f"key:{number}", number)
        assert await cluster.mget_nonatomic("key:1", "key:2", "key:3") == ["1", "2", "3"]
        found = [key async for key in cluster.scan_iter(match="key:*", count=100)]
        assert sorted(found) == sorted(f"key:{number}" for number in range(60))
        pipeline = cluster.pipeline()
        for number in range(60):
            pipeline.get(f"key:{number}")
        assert await pipeline.execute() == [str(number) for number in range(60)]
        await cluster.hset("seawall:flags", "flag.search", '{"on": false}')
        assert await cluster.hget("seawall:flags", "flag.search") == '{"on": false}'
    held = [len(await _keys(port)) for port in servers.ports]
    assert sum(held) == 60
    assert min(held) > 0


async def _keys(port: int) -> list[str]:
    async with client(port) as opened:
        return [str(key) for key in await opened.keys("key:*")]


async def test_the_synchronous_client_does_too(servers: Servers) -> None:
    def use() -> object:
        cluster = redis.RedisCluster(host="127.0.0.1", port=servers.ports[0], decode_responses=True)
        try:
            cluster.mset_nonatomic({f"n:{number}": number for number in range(10)})
            return [cluster.get(f"n:{number}") for number in range(10)]
        finally:
            cluster.close()

    assert await asyncio.to_thread(use) == [str(number) for number in range(10)]


async def test_redis_cli_follows_the_redirections(servers: Servers) -> None:
    port = servers.ports[0]
    assert "MOVED" in await cli(port, "set", "foo", "bar")  # slot 12182
    assert (await cli(port, "-c", "set", "foo", "bar")).strip() == "OK"
    assert (await cli(servers.ports[1], "-c", "get", "foo")).strip() == "bar"
    checked = await cli(port, "--cluster", "check", f"127.0.0.1:{port}")
    assert "[OK] All nodes agree about slots configuration." in checked
    assert "[OK] All 16384 slots covered." in checked
    assert "in 3 masters" in await cli(port, "--cluster", "info", f"127.0.0.1:{port}")


ERRORS = (
    "GET foo",
    "MGET a b",
    "MSET {x}1 1 y 2",
    "EVAL return(1) 2 a b",
    "EVAL return(redis.call('get',KEYS[1])) 1 foo",
    "SELECT 1",
    "REPLICAOF NO ONE",
    "FAILOVER",
    "CLUSTER NONSENSE",
    "CLUSTER KEYSLOT",
    "CLUSTER COUNTKEYSINSLOT 99999",
    "CLUSTER REPLICAS nobody",
    "CLUSTER FAILOVER",
    "WATCH foo",
    "XREAD STREAMS foo 0",
    "MEMORY USAGE foo",
    "OBJECT ENCODING foo",
)


@pytest.mark.real("redis")
async def test_errors_and_redirections_are_the_real_ones(request: pytest.FixtureRequest) -> None:
    async with either("real", request) as real, either("simulated", request) as ours:
        names = [dict(zip(map(str, each.ports), "abc", strict=True)) for each in (real, ours)]
        for command in ERRORS:
            theirs = str(await said(real.ports[0], *command.split()))
            mine = str(await said(ours.ports[0], *command.split()))
            assert (command, _renamed(mine, names[1])) == (command, _renamed(theirs, names[0]))


def _renamed(reply: str, names: dict[str, str]) -> str:
    for port, name in names.items():
        reply = reply.replace(port, name)
    return reply


async def test_each_node_describes_the_same_cluster(servers: Servers) -> None:
    ids = [await said(port, "CLUSTER", "MYID") for port in servers.ports]
    for port in servers.ports:
        slots: Any = await _raw(port, "CLUSTER", "SLOTS")
        described = sorted((first, last, node[1], node[2].decode()) for first, last, node in slots)
        assert described == [
            (*both, *who) for both, who in zip(RANGES, zip(servers.ports, ids, strict=True), strict=True)
        ]
        lines = [line.split() for line in (await cli(port, "cluster", "nodes")).splitlines() if line]
        assert sorted((line[0], line[8]) for line in lines) == sorted(
            (identity, f"{first}-{last}") for identity, (first, last) in zip(ids, RANGES, strict=True)
        )
        assert [line[0] for line in lines if "myself" in line[2]] == [ids[servers.ports.index(port)]]
        shards: Any = await _raw(port, "CLUSTER", "SHARDS")
        assert sorted(shard[1][0] for shard in shards) == [first for first, _ in RANGES]
        assert list(shards[0][3][0][::2]) == SHARD_FIELDS
        links: Any = await _raw(port, "CLUSTER", "LINKS")
        assert {link[3].decode() for link in links} == set(ids) - {ids[servers.ports.index(port)]}
        assert links[0][::2] == LINK_FIELDS


SHARD_FIELDS = [b"id", b"port", b"ip", b"endpoint", b"role", b"replication-offset", b"health"]
LINK_FIELDS = [b"direction", b"node", b"create-time", b"events", b"send-buffer-allocated", b"send-buffer-used"]


async def _raw(port: int, *words: str) -> object:
    """The reply as it is on the wire of RESP2."""
    connection: Any = redis.asyncio.Connection(port=port, protocol=2)
    await connection.send_command(*words)
    try:
        return await connection.read_response()
    finally:
        await connection.disconnect()


@pytest.mark.parametrize(
    ("key", "slot"),
    [("foo", 12182), ("{a}b", 15495), ("a", 15495), ("{}a", None), ("x{y}{z}", None), ("", 0), ("é", None)],
)
async def test_slots_are_the_real_ones(servers: Servers, key: str, slot: int | None) -> None:
    said_slot = await said(servers.ports[0], "CLUSTER", "KEYSLOT", key)
    assert slot in (None, said_slot)
    assert said_slot == redis.crc.key_slot(key.encode())


async def test_a_node_knows_its_keys_by_slot(servers: Servers) -> None:
    holder = servers.ports[2]
    async with client(holder) as opened:
        await opened.mset({"{foo}1": 1, "{foo}2": 2})
        assert await opened.execute_command("CLUSTER", "COUNTKEYSINSLOT", 12182) == 2  # type: ignore[no-untyped-call]
        found: Any = await said(holder, "CLUSTER", "GETKEYSINSLOT", "12182", "10")
        assert sorted(found) == ["{foo}1", "{foo}2"]


async def test_every_node_hears_what_is_published(servers: Servers) -> None:
    async with client(servers.ports[2]) as opened, opened.pubsub() as listener:
        await listener.subscribe("seawall:flags")
        await listener.get_message(timeout=5)
        await said(servers.ports[0], "PUBLISH", "seawall:flags", "changed")
        heard = await listener.get_message(timeout=5)
        assert heard is not None
        assert heard["data"] == "changed"


async def test_a_node_says_that_it_is_one(servers: Servers) -> None:
    assert (await info(servers.ports[0], "cluster"))["cluster_enabled"] == 1
    assert (await info(servers.ports[0], "server"))["redis_mode"] == "cluster"


async def test_the_document_is_the_wires(ours: Simulated) -> None:
    assert ours.wire.flags()["flag.search"] == {"on": True}
    async with RedisCluster(host="127.0.0.1", port=ours.ports[0]) as cluster:
        await cluster.hset("seawall:flags", "flag.search", '{"on": false}')
    assert ours.wire.flags()["flag.search"] == {"on": False}


async def test_the_nodes_share_the_models_cache(ours: Simulated) -> None:
    keys = [int(str(await said(port, "DBSIZE"))) for port in ours.ports]
    assert ours.cache.keys - 3 <= sum(keys) <= ours.cache.keys
    hits = [int(str((await info(port, "stats"))["keyspace_hits"])) for port in ours.ports]
    assert hits == [299, 300, 299]
    await said(ours.ports[0], "CONFIG", "SET", "maxmemory", "1000000")
    others = [int(str((await info(port, "memory"))["maxmemory"])) for port in ours.ports[1:]]
    assert ours.wire.deeds.memory_max == 1_000_000 + sum(others)


async def test_a_lost_node_takes_the_cluster_down_and_back(ours: Simulated) -> None:
    ours.wire.losses.lose(0)
    assert not ours.wire.deeds.up
    other = ours.ports[1]
    assert await said(other, "GET", "b") == f"3300 127.0.0.1:{ours.ports[0]}"  # moved, before anybody knows
    ours.run(7)
    assert await said(other, "GET", "c") == "The cluster is down"
    state = await cli(other, "cluster", "info")
    assert "cluster_state:fail" in state
    assert "cluster_slots_fail:5461" in state
    assert "master,fail" in await cli(other, "cluster", "nodes")
    ours.wire.losses.restore()
    ours.run(8)
    assert ours.wire.deeds.up
    assert "cluster_state:ok" in await cli(other, "cluster", "info")
    assert ours.wire.deeds.flushes == 1


async def test_ids_come_from_the_seed() -> None:
    async def ids(seed: int) -> list[object]:
        async with simulated(RedisOptions(cluster=True), seed) as servers:
            return [await said(port, "CLUSTER", "MYID") for port in servers.ports]

    first = await ids(1)
    assert first == await ids(1)
    assert len({*first, *await ids(2)}) == 6
