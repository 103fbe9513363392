"""Who waits for a key or for a pause to end: the same on the simulated Redis and on the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.connectors.simulator.sim_redis import lines, simulated, told
from tests.real.redis import start_redis


@pytest.fixture(scope="module")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "real":
        address: str = request.getfixturevalue("real_url")
        async with lines(address, 1) as (line,):
            await line.ask("CLIENT UNPAUSE")
            await line.ask("FLUSHALL")
        yield address
        return
    async with simulated() as wire, lines(wire.url, 1) as (line,):
        await line.ask("FLUSHALL")
        yield wire.url


WOKEN = (
    ("BLPOP a k 0", "RPUSH k v w", b"*2\r\n$1\r\nk\r\n$1\r\nv\r\n"),
    ("BRPOP k 0", "RPUSH k v w", b"*2\r\n$1\r\nk\r\n$1\r\nw\r\n"),
    ("BLMPOP 0 2 a k LEFT COUNT 9", "RPUSH k v", b"*2\r\n$1\r\nk\r\n*1\r\n$1\r\nv\r\n"),
    ("BLMOVE k other LEFT RIGHT 0", "LPUSH k v", b"$1\r\nv\r\n"),
    ("BRPOPLPUSH k other 0", "LPUSH k v", b"$1\r\nv\r\n"),
    ("BZPOPMIN k 0", "ZADD k 2 b 1 a", b"*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n"),
    ("BZPOPMAX k 0", "ZADD k 2 b 1 a", b"*3\r\n$1\r\nk\r\n$1\r\nb\r\n$1\r\n2\r\n"),
    ("BZMPOP 0 1 k MIN", "ZADD k 1 a", b"*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
    (
        "XREAD BLOCK 0 STREAMS k $",
        "XADD k 1-1 f v",
        b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
    ),
    ("BLPOP k 0", "RENAME source k", b"*2\r\n$1\r\nk\r\n$1\r\ns\r\n"),
    ("BLPOP k 0", "EVAL \"return redis.call('RPUSH', 'k', 'v')\" 0", b"*2\r\n$1\r\nk\r\n$1\r\nv\r\n"),
)


@pytest.mark.parametrize(("waits", "fills", "reply"), WOKEN, ids=lambda value: str(value)[:12])
async def test_who_waits_is_served_when_the_key_is_filled(url: str, waits: str, fills: str, reply: bytes) -> None:
    async with lines(url, 2) as (one, other):
        await other.ask("RPUSH source s")
        one.say(waits)
        await told(other, "CLIENT LIST", b"flags=b")
        assert (await other.ask(fills))[:1] in b":$+"
        assert await one.hear() == reply
        assert await one.ask("PING") == b"+PONG\r\n"


async def test_the_longest_waiting_is_first(url: str) -> None:
    async with lines(url, 3) as (first, second, other):
        for line, count in ((first, b"blocked_clients:1"), (second, b"blocked_clients:2")):
            line.say("BLPOP k 0")
            await told(other, "INFO clients", count)
        await other.ask("RPUSH k a")
        assert b"$1\r\na\r\n" in await first.hear()
        await other.ask("RPUSH k b")
        assert b"$1\r\nb\r\n" in await second.hear()


async def test_a_transaction_is_over_before_who_waits_sees_it(url: str) -> None:
    async with lines(url, 2) as (one, other):
        one.say("BLPOP k 0")
        await told(other, "CLIENT LIST", b"flags=b")
        for command in ("MULTI", "RPUSH k a", "DEL k", "RPUSH k b"):
            await other.ask(command)
        assert await other.ask("EXEC") == b"*3\r\n:1\r\n:1\r\n:1\r\n"
        assert await one.hear() == b"*2\r\n$1\r\nk\r\n$1\r\nb\r\n"


async def test_one_move_feeds_the_next(url: str) -> None:
    async with lines(url, 3) as (one, two, other):
        one.say("BLMOVE a b LEFT RIGHT 0")
        await told(other, "INFO clients", b"blocked_clients:1")
        two.say("BLPOP b 0")
        await told(other, "INFO clients", b"blocked_clients:2")
        await other.ask("RPUSH a v")
        assert await two.hear() == b"*2\r\n$1\r\nb\r\n$1\r\nv\r\n"
        assert await one.hear() == b"$1\r\nv\r\n"


async def test_a_key_of_another_type_wakes_nobody(url: str) -> None:
    async with lines(url, 2) as (one, other):
        one.say("BLPOP k 0")
        await told(other, "CLIENT LIST", b"flags=b")
        await other.ask("SET k string")
        await other.ask("DEL k")
        await other.ask("RPUSH k v")
        assert await one.hear() == b"*2\r\n$1\r\nk\r\n$1\r\nv\r\n"


async def test_what_was_sent_while_waiting_is_answered_after_it(url: str) -> None:
    async with lines(url, 2) as (one, other):
        one.send(b"BLPOP k 0\r\nPING\r\nECHO a\r\n")
        await told(other, "CLIENT LIST", b"flags=b")
        one.say("ECHO b")
        await other.ask("RPUSH k v")
        assert [(await one.hear())[:4] for _ in range(4)] == [b"*2\r\n", b"+PON", b"$1\r\n", b"$1\r\n"]


async def test_who_hangs_up_waits_no_more(url: str) -> None:
    async with lines(url, 2) as (one, other):
        one.say("BLPOP k 0")
        await told(other, "INFO clients", b"blocked_clients:1")
        one.hang_up()
        await told(other, "INFO clients", b"blocked_clients:0")
        await other.ask("RPUSH k v")
        assert await other.ask("LLEN k") == b":1\r\n"


@pytest.mark.parametrize(("how", "reply"), [("TIMEOUT", b"*-1\r\n"), ("ERROR", b"-UNBLOCKED client unblocked via")])
async def test_a_wait_is_ended_from_outside(url: str, how: str, reply: bytes) -> None:
    async with lines(url, 2) as (one, other):
        number = (await one.ask("CLIENT ID"))[1:-2].decode()
        assert await other.ask(f"CLIENT UNBLOCK {number}") == b":0\r\n"
        one.say("BLPOP k 0")
        await told(other, "CLIENT LIST", b"flags=b")
        assert await other.ask(f"CLIENT UNBLOCK {number} {how}") == b":1\r\n"
        assert (await one.hear())[: len(reply)] == reply


async def test_a_pause_holds_writes_and_lets_reads_go_on(url: str) -> None:
    async with lines(url, 2) as (one, other):
        await other.ask("SET k before")
        assert await other.ask("CLIENT PAUSE 60000 WRITE") == b"+OK\r\n"
        one.say("SET k after")
        for _ in range(20):
            assert await other.ask("GET k") == b"$6\r\nbefore\r\n"
        assert await other.ask("CLIENT UNPAUSE") == b"+OK\r\n"
        assert await one.hear() == b"+OK\r\n"
        assert await other.ask("GET k") == b"$5\r\nafter\r\n"


@pytest.mark.parametrize("mode", ["WRITE", "ALL", ""])
async def test_a_pause_ends_by_itself(url: str, mode: str) -> None:
    async with lines(url, 1) as (line,):
        loop = asyncio.get_running_loop()
        assert await line.ask(f"CLIENT PAUSE 100 {mode}") == b"+OK\r\n"
        begun = loop.time()
        assert await line.ask("SET k 1") == b"+OK\r\n"
        assert 0.05 < loop.time() - begun < 3


async def test_a_pause_holds_a_transaction_and_a_script(url: str) -> None:
    async with lines(url, 3) as (one, two, other):
        await one.ask("MULTI")
        await one.ask("SET k 1")
        await other.ask("CLIENT PAUSE 60000 WRITE")
        one.say("EXEC")
        two.say("EVAL 'return 1' 0")
        for _ in range(20):
            assert await other.ask("EXISTS k") == b":0\r\n"
        await other.ask("CLIENT UNPAUSE")
        assert (await one.hear(), await two.hear()) == (b"*1\r\n+OK\r\n", b":1\r\n")


async def test_a_client_is_ended_by_another(url: str) -> None:
    async with lines(url, 3) as (one, two, other):
        number = (await one.ask("CLIENT ID"))[1:-2].decode()
        await two.ask("SUBSCRIBE a")
        assert await other.ask(f"CLIENT KILL ID {number}") == b":1\r\n"
        assert await one.ended()
        assert await other.ask("CLIENT KILL TYPE pubsub") == b":1\r\n"
        assert await two.ended()
        own = (await other.ask("CLIENT ID"))[1:-2].decode()
        assert await other.ask(f"CLIENT KILL ID {own} SKIPME no") == b":1\r\n"
        assert await other.ended()


async def test_replies_are_kept_back_on_demand(url: str) -> None:
    async with lines(url, 1) as (line,):
        line.say("CLIENT REPLY OFF")
        line.say("SET k 1")
        assert await line.ask("CLIENT REPLY ON") == b"+OK\r\n"
        line.say("CLIENT REPLY SKIP")
        line.say("ECHO skipped")
        assert await line.ask("GET k") == b"$1\r\n1\r\n"
