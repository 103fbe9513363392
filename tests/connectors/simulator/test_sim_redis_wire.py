"""The simulated Redis as ordinary clients see it: redis-py in both protocols, redis-cli, and hand-typed bytes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import redis
import redis.asyncio

from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.tick import Cache, Tick
from tests.real.redis import absent

CACHE = Cache(900, 100, 3, 4, 2000, 5_000_000, 9_000_000, 7, 1, 2, 50_000, 0.9)


class Hand:
    """Wall time by hand."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


def tick(t: int, cache: Cache = CACHE) -> Tick:
    return Tick(t, cache, ())


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def clock(hand: Hand) -> SimClock:
    return SimClock(speed=20, wall=hand)


@pytest.fixture
async def wire(clock: SimClock) -> AsyncIterator[RedisWire]:
    started = RedisWire(clock, seed=7)
    await started.start()
    yield started
    await started.stop()


@pytest.fixture(params=[2, 3])
async def client(wire: RedisWire, request: pytest.FixtureRequest) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(wire.url, protocol=request.param) as opened:
        yield opened


async def test_info_tells_the_models_numbers(wire: RedisWire, client: redis.asyncio.Redis) -> None:
    wire.step(1, tick(1))
    wire.step(2, tick(2, replace(CACHE, commands=2700)))
    info = await client.info()
    wanted = {
        "keyspace_hits": 900,
        "keyspace_misses": 100,
        "evicted_keys": 3,
        "expired_keys": 4,
        "rejected_connections": 2,
        "used_memory": 5_000_000,
        "maxmemory": 9_000_000,
        "connected_clients": 8,
        "blocked_clients": 1,
        "instantaneous_ops_per_sec": 700,
        "role": "master",
    }
    assert {name: info[name] for name in wanted} == wanted
    assert info["db0"]["keys"] == 50_000
    assert set(await client.info("replication")) >= {"role", "master_replid"}
    assert "run_id" not in await client.info("memory")


async def test_ids_come_from_the_seed() -> None:
    async def run_id(seed: int) -> str:
        wire = RedisWire(SimClock(), seed)
        await wire.start()
        async with redis.asyncio.Redis.from_url(wire.url) as client:
            found = str((await client.info("server"))["run_id"])
        await wire.stop()
        return found

    assert await run_id(1) == await run_id(1) != await run_id(2)


async def test_time_to_live_runs_on_the_simulated_clock(hand: Hand, client: redis.asyncio.Redis) -> None:
    await client.set("k", 1, ex=60)
    assert await client.ttl("k") == 60  # what a client counts is wall time
    hand.time += 59
    assert await client.pttl("k") == 1000
    hand.time += 1
    assert await client.exists("k") == 0


async def test_a_paused_estate_expires_nothing(hand: Hand, clock: SimClock, client: redis.asyncio.Redis) -> None:
    clock.speed = 0
    await client.set("k", 1, ex=60)
    hand.time += 3600
    assert await client.ttl("k") == 60


async def test_flags_over_the_wire_are_the_levers(wire: RedisWire, client: redis.asyncio.Redis) -> None:
    assert wire.flags()["flag.read_only"] == {"on": False}
    await client.hset("seawall:flags", "flag.read_only", '{"on": true}')
    assert wire.flags()["flag.read_only"] == {"on": True}
    assert await client.hget("seawall:flags", "flag.wishlist") == b'{"on": false}'


@pytest.mark.parametrize("value", ["1" + "0" * 400, "Infinity", "NaN", "true", '"60"', "-1", "[]"])
async def test_a_ttl_that_is_none_is_not_obeyed_and_ends_nothing(
    wire: RedisWire, hand: Hand, client: redis.asyncio.Redis, value: str
) -> None:
    await client.hset("seawall:flags", "ttl.catalog", f'{{"value": {value}}}')
    hand.time += 10  # 200 simulated seconds: every catalog key has expired
    for t in range(10):
        wire.step(t, tick(t))
    assert 50 < await client.ttl("catalog:1") * 20 < 70


async def test_scan_sees_the_shops_keys_and_they_have_ttls(client: redis.asyncio.Redis) -> None:
    found = [key async for key in client.scan_iter(match="catalog:*", count=500)]
    assert len(found) == len(set(found)) > 1400
    ttls = [await client.pttl(key) for key in found[:50]]
    assert all(0 < ttl <= 3150 for ttl in ttls)  # a minute of the shop's, at twenty times its speed


async def test_watch_sees_another_clients_write(wire: RedisWire, client: redis.asyncio.Redis) -> None:
    async with redis.asyncio.Redis.from_url(wire.url) as other, client.pipeline() as pipeline:
        await pipeline.watch("k")
        await other.set("k", 1)
        pipeline.multi()  # type: ignore[no-untyped-call]
        pipeline.set("k", 2)
        with pytest.raises(redis.WatchError):
            await pipeline.execute()
    assert await client.get("k") == b"1"


async def test_watch_sees_an_expiry(hand: Hand, client: redis.asyncio.Redis) -> None:
    await client.set("k", 1, ex=10)
    async with client.pipeline() as pipeline:
        await pipeline.watch("k")
        hand.time += 11
        pipeline.multi()  # type: ignore[no-untyped-call]
        pipeline.ping()
        with pytest.raises(redis.WatchError):
            await pipeline.execute()


async def test_messages_reach_who_listens(client: redis.asyncio.Redis) -> None:
    async with client.pubsub() as listener:
        await listener.subscribe("a")
        await listener.psubscribe("b*")
        for _ in range(2):
            assert await listener.get_message(timeout=5)
        assert await client.publish("a", "one") == 1
        assert await client.publish("bb", "two") == 1
        assert await client.publish("c", "three") == 0
        heard = [await listener.get_message(timeout=5) for _ in range(2)]
        assert [message and message["data"] for message in heard] == [b"one", b"two"]


async def test_scripts_are_bounded_and_closed(client: redis.asyncio.Redis) -> None:
    for body, problem in (
        ("while true do end", "runs too long"),
        ("return os.execute('true')", "nonexistent global variable 'os'"),
        ("return redis.call.__class__", "attempt to index"),
        ("return python", "nonexistent global variable 'python'"),
        ("string = 1", "readonly table"),
    ):
        with pytest.raises(redis.ResponseError, match=problem):
            await client.eval(body, 0)
    assert await client.ping()


async def test_registered_scripts_and_locks_of_the_client_library_work(client: redis.asyncio.Redis) -> None:
    script = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert await script(keys=["n"], args=[5]) == 5
    async with client.lock("lock", timeout=10):
        assert await client.exists("lock") == 1
    assert await client.exists("lock") == 0


async def test_a_password_is_asked_for(wire: RedisWire) -> None:
    wire.require_password("sesame")
    async with redis.asyncio.Redis.from_url(wire.url) as stranger:
        with pytest.raises(redis.AuthenticationError):
            await stranger.ping()
    for protocol in (2, 3):
        async with redis.asyncio.Redis.from_url(wire.url, password="sesame", protocol=protocol) as friend:
            assert await friend.ping()


async def test_the_synchronous_client_works(wire: RedisWire) -> None:
    def ask(protocol: int) -> object:
        with redis.Redis.from_url(wire.url, protocol=protocol, decode_responses=True) as client:
            client.sadd("s", "a", "b")
            return client.smembers("s"), client.hgetall("seawall:flags")["ttl.session"], client.client_list()[0]["name"]

    for protocol in (2, 3):
        assert await asyncio.to_thread(ask, protocol) == ({"a", "b"}, '{"value": 1800}', "")


async def test_redis_cli_works(wire: RedisWire) -> None:
    if shutil.which("redis-cli") is None:
        absent("redis-cli is not installed")
    port = wire.url.rsplit(":", 1)[1].split("/")[0]

    async def cli(*words: str) -> str:
        process = await asyncio.create_subprocess_exec("redis-cli", "-p", port, *words, stdout=asyncio.subprocess.PIPE)
        output, _ = await asyncio.wait_for(process.communicate(), 10)
        return output.decode()

    assert "redis_version:" in await cli("info")
    assert '{"on": false}' in await cli("hgetall", "seawall:flags")
    assert len((await cli("--scan", "--pattern", "price:*")).split()) == 400
    assert "1) " not in await cli("-3", "ping")
    assert "WRONGTYPE" in await cli("get", "seawall:flags")
    assert "unknown command" in await cli("nonsense")


async def test_a_sudden_end_of_a_client_hurts_nobody(wire: RedisWire, client: redis.asyncio.Redis) -> None:
    port = int(wire.url.rsplit(":", 1)[1].split("/")[0])
    for rest in (b"", b"*3\r\n$3\r\nSET\r\n$1\r\n", b"SUBSCRIBE a\r\n"):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(rest)
        await writer.drain()
        writer.transport.abort()
    await client.publish("a", "x")
    assert await client.ping()


async def test_stop_closes_every_connection(wire: RedisWire) -> None:
    port = int(wire.url.rsplit(":", 1)[1].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PING\r\n")
    assert await reader.readline() == b"+PONG\r\n"
    await wire.stop()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
