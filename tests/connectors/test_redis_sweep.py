"""The sweep raises TTLs, only raises them, at its pace, and stops when it is told."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio

from connectors.redis import open_connector
from connectors.redis.address import parse
from connectors.redis.sweep import Sweep, Swept
from connectors.settings.redis import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.redis.options import RedisOptions
from console.clock import SystemClock
from tests.connectors.faults import closed_port
from tests.connectors.simulator.sim_redis_servers import simulated
from tests.real.redis import start_redis

KEYS = 700


@pytest.fixture(scope="module")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "real":
        yield await filled(request.getfixturevalue("real_url"))
        return
    wire = RedisWire(SimClock(), seed=1)
    await wire.start()
    yield await filled(wire.url)
    await wire.stop()


async def filled(url: str) -> str:
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.flushall()
        pipeline = client.pipeline(transaction=False)
        for number in range(KEYS):
            pipeline.set(f"catalog:{number}", 1, ex=60)
        pipeline.set("catalog:long", 1, ex=5000)
        pipeline.set("catalog:forever", 1)
        pipeline.set("other", 1, ex=60)
        await pipeline.execute()
    return url


async def sweep(url: str, pattern: str = "catalog:*", **arguments: float | threading.Event) -> list[Swept]:
    connector = open_connector("redis", Settings(url=url), SystemClock())
    try:
        return [swept async for swept in connector.sweep(pattern, 600, **arguments)]  # type: ignore[arg-type]
    finally:
        await connector.close()


async def test_raises_only_and_leaves_the_others_alone(url: str) -> None:
    reports = await sweep(url, rate=1_000_000)
    assert (reports[-1].done, reports[-1].reason) == (True, "")
    assert (reports[-1].matched, reports[-1].raised) == (KEYS + 2, KEYS)
    async with redis.asyncio.Redis.from_url(url) as client:
        ttls = [await client.ttl(f"catalog:{number}") for number in range(0, KEYS, 50)]
        assert all(598 <= ttl <= 660 for ttl in ttls)
        assert len(set(ttls)) > 5  # spread, so that they do not expire together
        assert 4900 < await client.ttl("catalog:long") <= 5000
        assert await client.ttl("catalog:forever") == -1
        assert await client.ttl("other") <= 60


async def test_the_limit_ends_it(url: str) -> None:
    last = (await sweep(url, rate=1_000_000, limit=250))[-1]
    assert (last.done, last.raised, last.reason) == (True, 250, "the limit of 250 keys was reached")


async def test_the_stop_flag_ends_it(url: str) -> None:
    stop = threading.Event()
    stop.set()
    assert [(swept.done, swept.raised, swept.reason) for swept in await sweep(url, stop=stop)] == [(True, 0, "stopped")]


async def test_every_primary_of_a_cluster_is_swept() -> None:
    async with simulated(RedisOptions(cluster=True)) as servers:
        clients = [redis.asyncio.Redis(port=port) for port in servers.ports]
        for client, key in zip(clients, ("catalog:{c}", "catalog:{a}", "catalog:{b}"), strict=True):
            await _set_somewhere(clients, key)
            await client.ping()
        settings = Settings(nodes=(f"127.0.0.1:{servers.ports[0]}",))
        connector = open_connector("redis", settings, SystemClock())
        reports = [swept async for swept in connector.sweep("catalog:{*}", 600, rate=1_000_000)]
        await connector.close()
        for client in clients:
            await client.aclose()
    assert [swept.done for swept in reports].count(True) == 1
    assert (reports[-1].matched, reports[-1].raised, reports[-1].reason) == (3, 3, "")


async def _set_somewhere(clients: list[redis.asyncio.Redis], key: str) -> None:
    for client in clients:
        try:
            await client.set(key, 1, ex=60)
        except redis.ResponseError:
            continue
        return


async def test_a_closed_port_ends_it_with_the_reason() -> None:
    last = (await sweep(f"redis://127.0.0.1:{closed_port()}"))[-1]
    assert (last.done, last.raised) == (True, 0)
    assert "refused" in last.reason.lower()


@pytest.mark.real("redis")
async def test_keeps_its_pace(real_url: str) -> None:
    """On a clock of its own: each step of 200 keys waits until 1,000 keys a second allow the next."""
    url, now, waits = await filled(real_url), [0.0], list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    paced = Sweep(
        Settings(url=url), parse(url[8:-2]), "catalog:*", 600, 1000, 10_000, threading.Event(), lambda: now[0], wait
    )
    reports = [paced.work()]
    while not reports[-1].done:
        reports.append(paced.work())
    paced.end()
    assert reports[-1].raised == KEYS
    assert waits == pytest.approx([waits[0]] * len(waits), abs=0.02)
    assert waits[0] == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("ttl", "rate", "limit"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_nonsense_is_refused(ttl: float, rate: float, limit: int) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Sweep(Settings(url="redis://x"), parse("x"), "*", ttl, rate, limit, threading.Event())
