"""A primary that is lost: the Sentinel makes another one, clients find it, and the old one comes back as a replica."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel

from connectors.simulator.redis.options import RedisOptions
from tests.connectors.simulator.sim_redis_servers import (
    Servers,
    Simulated,
    client,
    info,
    replicated,
    said,
    simulated,
    until,
)


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Servers]:
    async with replicated(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ours() -> AsyncIterator[Simulated]:
    async with simulated(RedisOptions(replicas=2)) as opened:
        yield opened


async def master_of(servers: Servers) -> int:
    address = await said(servers.sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
    return int(list(address)[1])  # type: ignore[call-overload]


async def test_a_lost_primary_is_replaced_and_clients_find_the_new_one(servers: Servers) -> None:
    lost = servers.ports[0]
    finder = Sentinel([("127.0.0.1", servers.sentinel)], socket_timeout=2)  # type: ignore[no-untyped-call]
    assert await finder.discover_master("mymaster") == ("127.0.0.1", lost)
    async with client(lost) as primary:
        await primary.set("kept", "1")
        assert await primary.wait(2, 2000) == 2
    ids = {port: (await info(port, "server"))["run_id"] for port in servers.ports}
    servers.kill_primary()
    with pytest.raises(redis.ConnectionError):
        await said(lost, "PING")

    async def replaced() -> bool:
        try:
            return bool((await finder.discover_master("mymaster"))[1] != lost)
        except MasterNotFoundError:
            return False

    await until(servers, replaced)
    leader = await master_of(servers)
    async with finder.master_for("mymaster") as master:
        assert await master.get("kept") == b"1"
        assert await master.set("new", "1")
    state = await info(leader, "replication")
    assert state["role"] == "master"
    assert state["second_repl_offset"] > 0  # type: ignore[operator]
    assert len({state["master_replid"], state["master_replid2"], "0" * 40}) == 3
    assert (await info(leader, "server"))["run_id"] == ids[leader] != ids[lost]
    other = next(port for port in servers.ports if port not in (lost, leader))

    async def follows() -> bool:
        state = await info(other, "replication")
        return (state.get("master_port"), state.get("master_link_status")) == (leader, "up")

    await until(servers, follows)
    assert other in [port for _, port in await finder.discover_slaves("mymaster")]


async def test_the_sentinel_tells_who_listens(servers: Servers) -> None:
    lost = servers.ports[0]
    async with client(servers.sentinel) as opened, opened.pubsub() as listener:
        await listener.psubscribe("*")
        await listener.get_message(timeout=5)
        servers.kill_primary()
        heard: dict[str, str] = {}

        async def told() -> bool:
            while (message := await listener.get_message(timeout=0.01)) is not None:
                heard.setdefault(message["channel"], message["data"])
            return "+switch-master" in heard

        await until(servers, told)
    names = list(heard)
    order = [
        "+sdown",
        "+odown",
        "+try-failover",
        "+elected-leader",
        "+selected-slave",
        "+promoted-slave",
        "+switch-master",
    ]
    assert [name for name in names if name in order] == order
    assert heard["+odown"] == f"master mymaster 127.0.0.1 {lost} #quorum 1/1"
    assert heard["+switch-master"] == f"mymaster 127.0.0.1 {lost} 127.0.0.1 {await master_of(servers)}"


async def test_a_forced_failover_needs_nobody_to_die(servers: Servers) -> None:
    first = servers.ports[0]

    async def begun() -> bool:
        return await said(servers.sentinel, "SENTINEL", "FAILOVER", "mymaster") == "OK"

    await until(servers, begun)
    assert "already in progress" in str(await said(servers.sentinel, "SENTINEL", "FAILOVER", "mymaster"))

    async def replaced() -> bool:
        return await master_of(servers) != first

    await until(servers, replaced)


async def test_the_old_one_comes_back_as_a_replica_on_its_port(ours: Simulated) -> None:
    lost = ours.ports[0]
    before = await info(lost, "server")
    ours.wire.losses.lose_primary()
    assert not ours.wire.deeds.up
    ours.run(10)
    assert ours.wire.deeds.up
    ours.wire.losses.restore()

    async def follows() -> bool:
        try:
            state = await info(lost, "replication")
        except redis.ConnectionError:
            return False
        return state["role"] == "slave" and state["master_link_status"] == "up"

    await until(ours, follows)
    after = await info(lost, "server")
    assert after["run_id"] != before["run_id"]
    assert int(str(after["uptime_in_seconds"])) < 60
    assert await said(lost, "EXISTS", "seawall:flags") == 1


async def test_a_primary_that_is_soon_back_is_not_replaced(ours: Simulated) -> None:
    ours.wire.losses.lose_primary()
    ours.run(3)
    ours.wire.losses.restore()
    ours.run(10)
    assert await master_of(ours) == ours.ports[0]
    assert ours.wire.deeds.up


async def test_without_replicas_that_answer_nobody_is_promoted(ours: Simulated) -> None:
    for index in (1, 2):
        ours.wire.losses.lose(index)
    ours.wire.losses.lose_primary()
    ours.run(60)
    assert not ours.wire.deeds.up
    assert await master_of(ours) == ours.ports[0]
    ours.wire.losses.restore()
    ours.run(10)
    assert ours.wire.deeds.up


async def test_flags_outlive_the_primary(ours: Simulated) -> None:
    async with client(ours.ports[0]) as primary:
        await primary.hset("seawall:flags", "flag.search", '{"on": false}')
    assert ours.wire.flags()["flag.search"] == {"on": False}
    ours.wire.losses.lose_primary()
    assert ours.wire.flags()["flag.search"] == {"on": False}  # as last read
    ours.run(10)
    async with client(await master_of(ours)) as leader:
        assert await leader.hget("seawall:flags", "flag.search") == '{"on": false}'
        await leader.hset("seawall:flags", "flag.search", '{"on": true}')
    assert ours.wire.flags()["flag.search"] == {"on": True}
    assert ours.wire.deeds.flushes == 0


async def test_the_new_primarys_counters_begin_at_its_promotion(ours: Simulated) -> None:
    ours.wire.losses.fail_over()
    ours.run(5)
    stats = await info(await master_of(ours), "stats")
    assert stats["keyspace_hits"] == 0
    ours.cache = replace(ours.cache, hits=1000, commands=2100)
    ours.run(1)
    assert (await info(await master_of(ours), "stats"))["keyspace_hits"] == 100


async def test_all_of_it_is_the_same_again_for_the_same_seed() -> None:
    async def story() -> list[object]:
        async with simulated(RedisOptions(replicas=2), seed=5) as servers:
            servers.wire.losses.lose_primary()
            servers.run(8)
            leader = servers.ports.index(await master_of(servers))
            return [leader, (await info(servers.ports[leader], "replication"))["master_replid"]]

    assert await story() == await story()
