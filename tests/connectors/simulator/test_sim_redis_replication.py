"""A primary and its replicas: the same assertions on the simulated ones and on real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from connectors.simulator.redis.options import RedisOptions
from tests.connectors.simulator.sim_redis_servers import Servers, client, info, replicated, said, simulated, until

READ_ONLY = "You can't write against a read only replica."


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Servers]:
    async with replicated(request.param, tmp_path) as opened:
        yield opened


async def test_each_says_whom_it_follows_and_who_follows_it(servers: Servers) -> None:
    primary, first, second = servers.ports
    of_primary = await info(primary, "replication")
    assert (of_primary["role"], of_primary["connected_slaves"]) == ("master", 2)
    assert {of_primary[name]["port"] for name in ("slave0", "slave1")} == {first, second}  # type: ignore[index]
    assert of_primary["slave0"]["state"] == "online"  # type: ignore[index]
    of_replica = await info(first, "replication")
    wanted = {
        "role": "slave",
        "master_host": "127.0.0.1",
        "master_port": primary,
        "master_link_status": "up",
        "slave_read_only": 1,
        "connected_slaves": 0,
        "master_replid": of_primary["master_replid"],
    }
    assert {name: of_replica[name] for name in wanted} == wanted
    assert (await said(primary, "ROLE"))[0] == "master"  # type: ignore[index]
    assert (await said(first, "ROLE"))[:4] == ["slave", "127.0.0.1", primary, "connected"]  # type: ignore[index]


async def test_what_is_written_is_counted_and_read_at_the_replicas(servers: Servers) -> None:
    primary, first, _ = servers.ports
    before = await info(primary, "replication")
    async with client(primary) as writer, client(first) as reader:
        await writer.set("seen", "x" * 1000)
        await writer.hset("seawall:flags", "flag.search", "off")
        assert await writer.wait(2, 1000) == 2
        assert await reader.get("seen") == "x" * 1000
        assert await reader.hget("seawall:flags", "flag.search") == "off"
    after = await info(primary, "replication")
    assert int(str(after["master_repl_offset"])) - int(str(before["master_repl_offset"])) > 1000

    async def caught_up() -> bool:
        now = await info(first, "replication")
        return int(str(now["slave_repl_offset"])) >= int(str(after["master_repl_offset"]))

    await until(servers, caught_up)


async def test_a_replica_refuses_to_write(servers: Servers) -> None:
    async with client(servers.ports[1]) as replica:
        for words in ("SET a 1", "DEL a", "EXPIRE a 1", "FLUSHALL", "HSET seawall:flags f 1"):
            with pytest.raises(redis.ReadOnlyError, match=READ_ONLY):
                await replica.execute_command(*words.split())  # type: ignore[no-untyped-call]


async def test_a_script_at_a_replica_may_read_and_not_write(servers: Servers) -> None:
    assert await said(servers.ports[1], "EVAL", "return redis.call('exists', 'a')", "0") == 0
    refused = await said(servers.ports[1], "EVAL", "return redis.call('set', 'a', '1')", "0")
    assert READ_ONLY in str(refused)


async def test_a_transaction_at_a_replica_is_discarded(servers: Servers) -> None:
    async with client(servers.ports[1]) as replica, replica.pipeline() as pipeline:
        pipeline.set("a", 1)
        with pytest.raises(redis.RedisError, match="read only replica"):
            await pipeline.execute()


async def test_a_replica_that_follows_nobody_writes_alone(servers: Servers) -> None:
    primary, first, second = servers.ports
    async with client(primary) as writer:
        await writer.set("shared", "1")
        assert await writer.wait(2, 1000) == 2
    before = await info(first, "replication")
    assert await said(first, "REPLICAOF", "NO", "ONE") == "OK"
    assert await said(first, "SET", "own", "1") == "OK"
    assert (await said(primary, "EXISTS", "own"), await said(first, "GET", "shared")) == (0, "1")
    after = await info(first, "replication")
    assert after["role"] == "master"
    assert after["master_replid2"] == before["master_replid"] != after["master_replid"]
    assert after["second_repl_offset"] > 0  # type: ignore[operator]
    assert await said(second, "REPLICAOF", "127.0.0.1", str(first)) == "OK"

    async def reads_the_others() -> bool:
        return await said(second, "EXISTS", "own") == 1

    await until(servers, reads_the_others)


async def test_failover_changes_the_roles(servers: Servers) -> None:
    primary, _, second = servers.ports
    await said(primary, "SET", "kept", "1")
    assert await said(primary, "FAILOVER", "TO", "127.0.0.1", str(second)) == "OK"

    async def changed() -> bool:
        roles = [(await info(port, "replication"))["role"] for port in (primary, second)]
        return roles == ["slave", "master"] and (await info(primary, "replication"))["master_link_status"] == "up"

    await until(servers, changed)
    assert await said(second, "GET", "kept") == "1"
    assert await said(second, "SET", "new", "1") == "OK"


ERRORS = (
    (0, "FAILOVER TO 1.1.1.1 1"),
    (0, "FAILOVER ABORT"),
    (0, "FAILOVER FORCE"),
    (0, "FAILOVER TIMEOUT 0"),
    (0, "FAILOVER NONSENSE"),
    (1, "FAILOVER"),
    (0, "WAIT x 0"),
    (0, "WAIT 1 -1"),
    (1, "WAIT 1 1"),
    (0, "REPLICAOF NO ONE x"),
    (0, "REPLICAOF a b"),
    (0, "REPLICAOF 127.0.0.1 99999"),
    (0, "SHUTDOWN NONSENSE"),
    (0, "SHUTDOWN ABORT"),
    (0, "SHUTDOWN SAVE NOSAVE"),
    (0, "CLUSTER INFO"),
    (0, "READONLY"),
    (0, "ASKING"),
)


@pytest.mark.real("redis")
async def test_errors_are_the_real_ones(tmp_path: Path) -> None:
    async with replicated("real", tmp_path) as real, replicated("simulated", tmp_path) as ours:
        for index, command in ERRORS:
            theirs = await said(real.ports[index], *command.split())
            assert (command, await said(ours.ports[index], *command.split())) == (command, theirs)


@pytest.mark.real("redis")
async def test_info_has_the_real_lines(tmp_path: Path) -> None:
    async with replicated("real", tmp_path) as real, replicated("simulated", tmp_path) as ours:
        for index in (0, 1):
            theirs = await info(real.ports[index], "replication")
            assert list(await info(ours.ports[index], "replication")) == list(theirs)


async def test_too_few_replicas_are_waited_for_in_vain() -> None:
    async with simulated(RedisOptions(replicas=2)) as servers, client(servers.ports[0]) as primary:
        assert await primary.wait(3, 50) == 2


async def test_a_replica_may_be_told_to_take_writes(servers: Servers) -> None:
    primary, first, _ = servers.ports
    async with client(first) as replica:
        assert (await replica.config_get("replicaof"))["replicaof"] == f"127.0.0.1 {primary}"
        await replica.config_set("replica-read-only", "no")
        assert await replica.set("own", "1")
        assert (await replica.info("replication"))["slave_read_only"] == 0


async def test_a_message_reaches_who_listens_at_a_replica() -> None:
    async with (
        simulated(RedisOptions(replicas=2)) as servers,
        client(servers.ports[0]) as primary,
        client(servers.ports[1]) as replica,
        replica.pubsub() as listener,
    ):
        await listener.subscribe("seawall:flags")
        await listener.get_message(timeout=5)
        assert await primary.publish("seawall:flags", "changed") == 0  # who listens here
        heard = await listener.get_message(timeout=5)
        assert heard is not None
        assert heard["data"] == "changed"


async def test_a_replica_shows_what_it_is_sent_and_the_primary_the_estates_traffic() -> None:
    async with simulated(RedisOptions(replicas=2)) as servers:
        assert (await info(servers.ports[0], "stats"))["keyspace_hits"] == servers.cache.hits
        assert (await info(servers.ports[1], "stats"))["keyspace_hits"] == 0
        assert (await info(servers.ports[1], "memory"))["used_memory"] == servers.cache.memory


async def test_each_server_has_ids_of_its_own_that_the_seed_makes() -> None:
    async def ids(seed: int) -> list[object]:
        async with simulated(RedisOptions(replicas=2), seed) as servers:
            return [(await info(port, "server"))["run_id"] for port in servers.ports]

    first = await ids(1)
    assert first == await ids(1)
    assert len(set(first + await ids(2))) == 6
