"""Users of the simulated Redis: what they may do, what they are refused in the real server's words, and the log."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
import trustme

from connectors.simulator.redis.acl import Acl
from connectors.simulator.redis.acl_rules import RuleError
from connectors.simulator.redis.options import RedisOptions
from tests.connectors.simulator.sim_redis import lines, simulated
from tests.real.redis import start_redis

RULES = {
    "bob": "on >sesame ~shop:* &shop:* +@read +publish -keys +config|get",
    "watcher": "on nopass -@all +info +ping",
    "gone": "off >sesame +@all ~*",
    "split": "on nopass %R~in:* %W~out:* +@all -@admin",
}


@pytest.fixture(scope="module")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        with redis.Redis.from_url(url) as client:
            for name, rules in RULES.items():
                client.execute_command("ACL", "SETUSER", name, *rules.split())
        yield url


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "real":
        yield request.getfixturevalue("real_url")
        return
    async with simulated(RedisOptions(users=RULES)) as wire:
        yield wire.url


REFUSED = (
    ("bob sesame", "SET shop:1 x", b"-NOPERM this user has no permissions to run the 'set' command\r\n"),
    (
        "bob sesame",
        "GET other",
        b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n",
    ),
    ("bob sesame", "MGET shop:1 other", b"-NOPERM this user has no permissions to access one of the keys"),
    ("bob sesame", "GET shop:none", b"$-1\r\n"),
    ("bob sesame", "KEYS *", b"-NOPERM this user has no permissions to run the 'keys' command\r\n"),
    (
        "bob sesame",
        "CONFIG SET maxmemory 1",
        b"-NOPERM this user has no permissions to run the 'config|set' command\r\n",
    ),
    ("bob sesame", "CONFIG GET appendonly", b"*2\r\n"),
    ("bob sesame", "PUBLISH shop:a x", b":0\r\n"),
    ("bob sesame", "PUBLISH other x", b"-NOPERM this user has no permissions to access one of the channels used as"),
    ("bob sesame", "SUBSCRIBE shop:a", b"-NOPERM this user has no permissions to run the 'subscribe' command\r\n"),
    ("watcher x", "PING", b"+PONG\r\n"),
    ("watcher x", "INFO server", b"$"),
    ("watcher x", "GET a", b"-NOPERM this user has no permissions to run the 'get' command\r\n"),
    ("watcher x", "CLIENT ID", b"-NOPERM this user has no permissions to run the 'client|id' command\r\n"),
    ("watcher x", "ACL WHOAMI", b"-NOPERM this user has no permissions to run the 'acl|whoami' command\r\n"),
    ("split x", "GET in:1", b"$-1\r\n"),
    ("split x", "GET out:1", b"-NOPERM this user has no permissions to access one of the keys"),
    ("split x", "SET in:1 x", b"-NOPERM this user has no permissions to access one of the keys"),
    ("split x", "SET out:1 x", b"+OK\r\n"),
    ("split x", "EVAL 'return 1' 1 in:1", b"-NOPERM this user has no permissions to access one of the keys"),
    ("split x", "ACL LIST", b"-NOPERM this user has no permissions to run the 'acl|list' command\r\n"),
)


@pytest.mark.parametrize(("who", "command", "reply"), REFUSED)
async def test_each_user_gets_what_the_rules_say(url: str, who: str, command: str, reply: bytes) -> None:
    async with lines(url, 1) as (line,):
        assert await line.ask(f"AUTH {who}") == b"+OK\r\n"
        assert (await line.ask(command))[: len(reply)] == reply


@pytest.mark.parametrize("who", ["bob wrong", "nobody x", "gone sesame"])
async def test_a_wrong_password_or_user_is_told_nothing_more(url: str, who: str) -> None:
    async with lines(url, 1) as (line,):
        refusal = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
        assert await line.ask(f"AUTH {who}") == refusal
        assert await line.ask(f"HELLO 3 AUTH {who}") == refusal
        assert await line.ask("PING") == b"+PONG\r\n"  # still the default user


async def test_a_transaction_with_a_refused_command_is_discarded(url: str) -> None:
    async with lines(url, 1) as (line,):
        await line.ask("AUTH split x")
        for command, start in (("MULTI", b"+OK"), ("SET in:1 x", b"-NOPERM"), ("EXEC", b"-EXECABORT")):
            assert (await line.ask(command)).startswith(start)


async def test_a_script_does_what_its_caller_may(url: str) -> None:
    async with lines(url, 1) as (line,):
        await line.ask("AUTH split x")
        assert await line.ask("EVAL \"return redis.call('SET', 'out:2', 'x')\" 0") == b"+OK\r\n"
        refused = await line.ask("EVAL \"return redis.call('GET', 'out:2')\" 0")
        assert refused.startswith(b"-ERR The user executing the script can't access at least one of the keys mentioned")


async def test_the_log_counts_refusals(url: str) -> None:
    async with lines(url, 2) as (line, admin):
        await admin.ask("ACL LOG RESET")
        await line.ask("AUTH bob sesame")
        for command in ("SET shop:1 x", "SET shop:1 x", "GET other", "PUBLISH other x", "AUTH bob wrong"):
            await line.ask(command)
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        found = [
            (entry["reason"], entry["object"], entry["username"], entry["context"], entry["count"])
            for entry in await client.acl_log()
        ]
    assert found == [
        ("auth", "AUTH", "bob", "toplevel", 1),
        ("channel", "other", "bob", "toplevel", 1),
        ("key", "other", "bob", "toplevel", 1),
        ("command", "set", "bob", "toplevel", 2),
    ]


async def test_a_removed_user_is_cut_off(url: str) -> None:
    async with lines(url, 2) as (line, admin):
        await admin.ask("ACL SETUSER temp on nopass +@all ~*")
        await line.ask("AUTH temp x")
        assert await admin.ask("ACL DELUSER temp none") == b":1\r\n"
        assert await line.ended()


async def test_the_client_library_manages_users(url: str) -> None:
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        await client.acl_setuser("ann", enabled=True, passwords=["+p"], commands=["+get"], keys=["a*"], channels=["b*"])
        told: Any = await client.acl_getuser("ann")
        assert (told["commands"], told["keys"], told["channels"]) == (["+get"], ["~a*"], ["&b*"])
        assert "on" in told["flags"]
        assert "ann" in await client.acl_users()
        assert len(await client.acl_genpass(128)) == 32
        assert {"get", "hgetall", "zrange"} <= set(await client.acl_cat("read"))
        assert await client.acl_deluser("ann") == 1


def test_rules_that_are_none_are_refused_at_once() -> None:
    for rules in ("on +nosuch", "on foo", "on (+get", "on #12"):
        with pytest.raises(RuleError):
            Acl({"bob": rules})


async def test_a_sealed_line(tmp_path: Path) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with simulated(RedisOptions(tls=server, password="sesame")) as wire:
        assert wire.url.startswith("rediss://")
        trusted = str(tmp_path / "ca.pem")
        async with redis.asyncio.Redis.from_url(wire.url, password="sesame", ssl_ca_certs=trusted) as client:
            assert await client.ping()
        async with redis.asyncio.Redis.from_url(wire.url, password="sesame") as stranger:
            with pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.ping()
        port = wire.url.rsplit(":", 1)[1].split("/")[0]
        words = ["--tls", "--cacert", str(tmp_path / "ca.pem"), "-p", port, "-a", "sesame", "--no-auth-warning", "ping"]
        process = await asyncio.create_subprocess_exec("redis-cli", *words, stdout=asyncio.subprocess.PIPE)
        assert (await asyncio.wait_for(process.communicate(), 10))[0] == b"PONG\n"
        async with lines(wire.url, 1) as (plain,):  # a client that does not seal its line
            plain.say("PING")
            assert await plain.ended()
