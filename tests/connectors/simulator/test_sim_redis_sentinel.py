"""What a Sentinel answers: the real one's fields in its order, its errors, and the clients that ask it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
import redis
import trustme
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.sentinel import Sentinel

from connectors.simulator.redis.options import RedisOptions
from tests.connectors.simulator.sim_redis_servers import cli, client, replicated, said, sentinel_command, simulated

ASKED = (
    "SENTINEL CKQUORUM mymaster",
    "SENTINEL SENTINELS mymaster",
    "SENTINEL MASTER nobody",
    "SENTINEL REPLICAS nobody",
    "SENTINEL CKQUORUM nobody",
    "SENTINEL FAILOVER nobody",
    "SENTINEL GET-MASTER-ADDR-BY-NAME nobody",
    "SENTINEL NONSENSE",
    "SENTINEL",
    "SENTINEL MASTER",
    "ROLE",
    "PING",
    "SET a 1",
    "GET a",
)


@pytest.mark.real("redis")
async def test_it_answers_as_the_real_one(tmp_path: Path) -> None:
    async with replicated("real", tmp_path) as real, replicated("simulated", tmp_path) as ours:
        for command in ASKED:
            theirs = await said(real.sentinel, *command.split())
            assert (command, await said(ours.sentinel, *command.split())) == (command, theirs)
        for command in ("MASTERS", "REPLICAS mymaster"):
            theirs = await sentinel_command(real.sentinel, *command.split())
            assert _names((await sentinel_command(ours.sentinel, *command.split()))[0]) == _names(theirs[0])
        assert await _info_names(ours.sentinel) == await _info_names(real.sentinel)


def _names(entry: object) -> list[str]:
    return [str(field) for field in list(entry)[::2]]  # type: ignore[call-overload]


async def _info_names(port: int) -> list[str]:
    text = await cli(port, "INFO")
    return [line.split(":")[0] for line in text.splitlines()]


async def test_the_synchronous_client_finds_everybody() -> None:
    async with simulated(RedisOptions(replicas=2)) as servers:

        def ask() -> object:
            finder: Any = Sentinel([("127.0.0.1", servers.sentinel)], socket_timeout=5)  # type: ignore[no-untyped-call]
            flags = [
                found.hget("seawall:flags", "flag.search")
                for found in (finder.master_for("mymaster"), finder.slave_for("mymaster"))
            ]
            return finder.discover_master("mymaster")[1], len(finder.discover_slaves("mymaster")), flags

        assert await asyncio.to_thread(ask) == (servers.ports[0], 2, [b'{"on": true}'] * 2)


async def test_redis_cli_asks_it() -> None:
    async with simulated(RedisOptions(replicas=2)) as servers:
        address = await cli(servers.sentinel, "sentinel", "get-master-addr-by-name", "mymaster")
        assert address.split() == ["127.0.0.1", str(servers.ports[0])]
        assert "num-slaves" in await cli(servers.sentinel, "sentinel", "master", "mymaster")


async def test_a_dead_replica_is_seen() -> None:
    async with simulated(RedisOptions(replicas=2)) as servers:
        servers.wire.losses.lose(2)
        servers.run(10)
        async with client(servers.sentinel) as sentinel:
            replicas = await sentinel.sentinel_slaves("mymaster")
        down = [replica["port"] for replica in replicas if replica["is_sdown"]]
        assert down == [servers.ports[2]]


async def test_one_server_has_no_sentinel() -> None:
    async with simulated(RedisOptions()) as servers:
        assert servers.wire.sentinel is None


async def test_servers_with_a_password_and_tls_replicate_all_the_same() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = authority.cert_pem.bytes().decode()
    async with simulated(RedisOptions(replicas=1, password="sesame", tls=context)) as servers:
        finder: Any = AsyncSentinel(  # type: ignore[no-untyped-call]
            [("127.0.0.1", servers.sentinel)],
            sentinel_kwargs={"ssl": True, "ssl_ca_data": trusted},
            password="sesame",
            ssl=True,
            ssl_ca_data=trusted,
        )
        async with finder.master_for("mymaster") as master, finder.slave_for("mymaster") as replica:
            assert await master.set("k", "1")
            assert await replica.get("k") == b"1"
            with pytest.raises(redis.ReadOnlyError):
                await replica.set("k", "2")
