"""A session lives through what servers do to us: credentials that end and are renewed, storms that come and go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis.asyncio

from connectors.simulator.kafka.options import KafkaOptions
from console.clock import SystemClock
from console.config import load
from console.model.snapshot import FailureKind, Snapshot
from console.model.topology import Source
from console.session import Session
from tests.connectors.faults import serving
from tests.connectors.prometheus_like import Asked, Reply, like, number, refused
from tests.connectors.simulator.sim_kafka import estate
from tests.connectors.small_cluster import kubeconfig
from tests.connectors.watched_cluster import WatchedCluster
from tests.real.redis import start_redis

FIRST, SECOND = "first-canary", "second-canary"
INTERVAL = 0.2  # wall seconds
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server that lets in whoever knows the first secret, until ``rotate``: then only the second one."""

    table: str  # of the config, with the secret in the file TOKEN
    rotate: Callable[[], Awaitable[None]]


@asynccontextmanager
async def guarded_prometheus(folder: Path) -> AsyncIterator[Guarded]:
    taken = [FIRST]

    def respond(asked: Asked) -> Reply:
        return number(asked) if f"Bearer {taken[-1]}\r\n" in asked.head else refused(401, "who are you?")

    async def rotate() -> None:
        taken.append(SECOND)

    async with like(respond) as (url, _):
        yield Guarded(f'prometheus]\nurl = "{url}"\ntoken = "file:{folder}/token"', rotate)


@asynccontextmanager
async def guarded_kubernetes(folder: Path) -> AsyncIterator[Guarded]:
    cluster = WatchedCluster(token=FIRST)

    async def rotate() -> None:
        cluster.token = SECOND
        await cluster.drop()

    async with serving(cluster) as url:
        path = kubeconfig(folder, url, {"tokenFile": "token"})
        yield Guarded(f'kubernetes]\nkubeconfig = "{path}"\nnamespaces = ["shop"]', rotate)


@asynccontextmanager
async def guarded_kafka(folder: Path) -> AsyncIterator[Guarded]:
    async with estate(KafkaOptions(security="SASL_PLAINTEXT", tokens={FIRST: "seawall"})) as at:

        async def rotate() -> None:
            at.wire.ports.honour({SECOND: "seawall"})
            at.wire.ports.drop()

        way = f'bootstrap = {json.dumps(at.wire.bootstrap)}\nmechanism = "OAUTHBEARER"\ntoken = "file:{folder}/token"'
        yield Guarded(f"kafka]\n{way}", rotate)


@asynccontextmanager
async def guarded_redis(folder: Path) -> AsyncIterator[Guarded]:
    with start_redis(folder, "--requirepass", FIRST) as url:

        async def rotate() -> None:
            async with redis.asyncio.Redis.from_url(url, password=FIRST) as client:
                await client.config_set("requirepass", SECOND)
                await client.client_kill_filter(_type="normal", skipme=True)

        yield Guarded(f'redis]\nurl = "{url}"\npassword = "file:{folder}/token"', rotate)


GUARDED = {
    "prometheus": guarded_prometheus,
    "kubernetes": guarded_kubernetes,
    "kafka": guarded_kafka,
    "redis": guarded_redis,
}


@asynccontextmanager
async def watched(table: str, folder: Path) -> AsyncIterator[Session]:
    config = folder / "seawall.toml"
    config.write_text(
        f"components = []\n\n[environments.test]\ninterval = {INTERVAL}\n\n[environments.test.{table}\ntimeout = 5.0\n"
    )
    session = Session(load(config), SystemClock())
    await session.start()
    try:
        yield session
    finally:
        await session.stop()


async def until(session: Session, holds: Callable[[Source], bool]) -> Source:
    """The session's one source, as soon as that is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            sources = tuple(session.topology.sources.values())
            if sources and holds(sources[0]):
                return sources[0]
            await session.next()


def failing(kind: FailureKind, times: int) -> Callable[[Source], bool]:
    def holds(source: Source) -> bool:
        failure = source.failure
        return failure is not None and failure.kind is kind and failure.failures >= times

    return holds


def well(source: Source) -> bool:
    return source.failure is None and isinstance(source.snapshot, Snapshot)


@pytest.mark.parametrize(
    "system", ["prometheus", "kubernetes", "kafka", pytest.param("redis", marks=pytest.mark.real("redis"))]
)
async def test_credentials_that_end_are_told_as_such_and_taken_from_their_place_once_renewed(
    system: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(FIRST)
    async with GUARDED[system](tmp_path) as server, watched(server.table, tmp_path) as session:
        await until(session, well)
        await server.rotate()
        source = await until(session, failing(FailureKind.EXPIRED, 4))
        failure = source.failure
        assert failure is not None
        assert failure.advice
        assert source.snapshot is not None  # what was known stays, with its age
        assert (source.age(failure.at) or 0.0) > INTERVAL
        assert "canary" not in repr(failure)
        token.write_text(SECOND)
        source = await until(session, well)
        assert source.snapshot is not None
        assert failure.next_at is not None
        assert source.snapshot.at < failure.next_at  # sooner than it was due: the file was seen to be new


@dataclass(frozen=True, slots=True)
class Stormy:
    table: str
    say: Callable[[int], None]  # the status of every answer, each with a Retry-After of a second


@asynccontextmanager
async def stormy_prometheus(folder: Path) -> AsyncIterator[Stormy]:
    said = [200]

    def respond(asked: Asked) -> Reply:
        return number(asked) if said[-1] == 200 else refused(said[-1], "storm", headers={"Retry-After": "1"})

    async with like(respond) as (url, _):
        yield Stormy(f'prometheus]\nurl = "{url}"', said.append)


@asynccontextmanager
async def stormy_kubernetes(folder: Path) -> AsyncIterator[Stormy]:
    cluster = WatchedCluster(headers={"Retry-After": "1"})

    def say(status: int) -> None:
        cluster.status = status

    async with serving(cluster) as url:
        path = kubeconfig(folder, url)
        yield Stormy(f'kubernetes]\nkubeconfig = "{path}"\nnamespaces = ["shop"]\nwatch = false', say)


STORMY = {"prometheus": stormy_prometheus, "kubernetes": stormy_kubernetes}


@pytest.mark.parametrize("storm", [503, 429])
@pytest.mark.parametrize("system", STORMY)
async def test_a_server_that_asks_for_patience_gets_it_and_is_back_at_the_next_reading(
    system: str, storm: int, tmp_path: Path
) -> None:
    async with STORMY[system](tmp_path) as server, watched(server.table, tmp_path) as session:
        await until(session, well)
        server.say(storm)
        first = (await until(session, failing(FailureKind.THROTTLED, 1))).failure
        second = (await until(session, failing(FailureKind.THROTTLED, 2))).failure
        assert first is not None
        assert second is not None
        assert second.at - first.at > 0.9  # and not after one interval and a half
        assert second.retry_after == 1.0
        server.say(200)
        source = await until(session, lambda each: each.failure is None or each.failure.failures > second.failures)
        assert source.failure is None
