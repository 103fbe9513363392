"""A Redis, simulated and real, that holds the same few fields: what the tests of its connector share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio

from connectors.redis import RedisConnector, open_connector
from connectors.settings.redis import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.tick import Cache, Tick
from console.clock import SystemClock
from console.model.change import Change, Fact, RunContext
from console.model.snapshot import Snapshot, Unreachable
from tests.real.redis import start_redis

FLAGS = "seawall:flags"
CACHE = Cache(900, 100, 3, 4, 2000, 5_000_000, 9_000_000, 7, 1, 2, 50_000, 0.9)
READ_ONLY = Change("redis/cache", "flag.read_only", False, True, step="ro", seq=2, reason="spike")
RUN = RunContext("r1", "ann@bastion", "spike", until=None)


async def simulated(password: str | None = None) -> RedisWire:
    wire = RedisWire(SimClock(), seed=1, options=RedisOptions(password=password))
    wire.step(1, Tick(1, CACHE, ()))
    await wire.start()
    return wire


async def emptied(url: str) -> str:
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.flushall()
        await client.hset(FLAGS, mapping={"flag.read_only": '{"on": false}', "ttl.catalog": ' {"value": 60}'})
    return url


def opening(url: str, **settings: object) -> RedisConnector:
    return open_connector("redis", Settings(url=url, **settings), SystemClock())  # type: ignore[arg-type]


async def snapshot(connector: RedisConnector) -> Snapshot:
    seen = await connector.read()
    assert isinstance(seen, Snapshot), seen
    return seen


async def facts(connector: RedisConnector) -> dict[str, Fact]:
    return {fact.name: fact for fact in (await snapshot(connector)).components[0].facts}


async def failure(url: str, **settings: object) -> Unreachable:
    connector = opening(url, **settings)
    try:
        seen = await connector.read()
    finally:
        await connector.close()
    assert isinstance(seen, Unreachable), seen
    return seen


@pytest.fixture(scope="session")
def real_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def redis_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server that holds the same few fields and nothing else."""
    if request.param == "real":
        yield await emptied(request.getfixturevalue("real_redis"))
        return
    wire = await simulated()
    yield await emptied(wire.url)
    await wire.stop()


@pytest.fixture
async def redis_cache(redis_url: str) -> AsyncIterator[RedisConnector]:
    opened = opening(redis_url)
    yield opened
    await opened.close()


@pytest.fixture
async def redis_other(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """Somebody else's client."""
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client
