"""A cluster of three, simulated and real: each primary by itself, the sums, and a change that finds its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connectors.redis import RedisConnector, open_connector
from connectors.redis.layout import slot_of
from connectors.settings.redis import Settings
from connectors.simulator.redis.options import RedisOptions
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext, Verdict
from console.model.snapshot import Detail, Observed, Snapshot
from tests.connectors.redis_servers import snapshot
from tests.connectors.simulator.sim_redis_servers import Real, Servers, cli, said, simulated, until
from tests.real.redis_sets import RealSet, start_cluster

RUN = RunContext("r1", "ann", "spike", until=None)
MINE = Change("redis/cache", "ttl.mine", None, 60, step="ttl")
SUMMED = {
    "memory": "used_memory",
    "clients": "connected_clients",
    "hits": "keyspace_hits",
    "misses": "keyspace_misses",
    "evicted": "evicted_keys",
    "expired": "expired_keys",
}


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSet]:
    with start_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Servers]:
    if request.param == "simulated":
        async with simulated(RedisOptions(cluster=True)) as servers:
            yield servers
        return
    if "gone" in request.node.name:
        with start_cluster(tmp_path) as started:
            yield await formed(Real(started))
        return
    real = await formed(Real(request.getfixturevalue("shared_cluster")))
    for port in real.ports:
        await said(port, "FLUSHALL")
    yield real


async def formed(servers: Real) -> Real:
    async def ok() -> bool:
        states = [await cli(port, "cluster", "info") for port in servers.ports]
        return all("cluster_state:ok" in state for state in states)

    await until(servers, ok)
    return servers


def opening(servers: Servers, **settings: object) -> RedisConnector:
    """By one of its nodes."""
    node = f"127.0.0.1:{servers.ports[0]}"
    return open_connector("redis", Settings(nodes=(node,), **settings), SystemClock())  # type: ignore[arg-type]


def value(observed: Observed, name: str) -> float | None:
    values: dict[str, float | None] = {signal.name: signal.value for signal in observed.signals}
    values |= {counter.name: counter.value for counter in observed.counters}
    return values[name]


async def test_every_primary_is_seen_by_itself_and_all_together(cluster: Servers) -> None:
    connector = opening(cluster)
    seen = await snapshot(connector)
    await connector.close()
    whole, *parts = seen.components
    assert [part.id for part in parts] == [f"redis/cache/127.0.0.1:{port}" for port in cluster.ports]
    assert (whole.id, whole.state, whole.notes) == ("redis/cache", "cluster ok", ())
    assert [part.state for part in parts] == ["master"] * 3
    assert (value(whole, "writable_primaries"), value(whole, "servers"), seen.problems) == (1, 3, ())
    for name in SUMMED:
        assert value(whole, name) == sum(value(part, name) or 0 for part in parts), name
    assert value(whole, "latency") == max(value(part, "latency") or 0 for part in parts)


async def test_the_sums_are_those_of_redis_cli(cluster: Servers) -> None:
    """Read between two looks of redis-cli: what grows lies between them."""
    for number in range(20):
        await cli(cluster.ports[0], "-c", "SET", f"key:{number}", "x")
        await cli(cluster.ports[0], "-c", "GET", f"key:{number}")
    connector = opening(cluster)
    await snapshot(connector)
    before = [_fields(await cli(port, "INFO")) for port in cluster.ports]
    whole, *parts = (await snapshot(connector)).components
    after = [_fields(await cli(port, "INFO")) for port in cluster.ports]
    await connector.close()
    for name, field in (("hits", "keyspace_hits"), ("misses", "keyspace_misses"), ("evicted", "evicted_keys")):
        low, high = (sum(int(each[field]) for each in look) for look in (before, after))
        assert low <= (value(whole, name) or 0) <= high
    for part, told in zip(parts, before, strict=True):
        assert value(part, "clients_max") == int(told["maxclients"])
        assert value(part, "memory") == pytest.approx(int(told["used_memory"]), rel=0.2)
    assert value(whole, "keys") == sum(_keys(told) for told in after)


async def test_a_change_goes_to_the_primary_that_has_the_flags(cluster: Servers) -> None:
    connector = opening(cluster)
    applied = await connector.apply(MINE, RUN)
    probed = await connector.probe(MINE, RUN)
    seen = await snapshot(connector)
    undone = await connector.apply(MINE.inverse(), RUN)
    await connector.close()
    assert (applied.outcome, probed.verdict, undone.outcome) == (Outcome.DONE, Verdict.OURS, Outcome.DONE)
    facts = {fact.name: fact.value for fact in seen.components[0].facts}
    assert facts["ttl.mine"] == 60
    assert all(not part.facts for part in seen.components[1:])
    assert len(seen.identity) == 40


async def test_a_url_of_one_node_will_do(cluster: Servers) -> None:
    url = f"redis://127.0.0.1:{cluster.ports[1]}/0"
    connector = open_connector("redis", Settings(url=url, cluster=True), SystemClock())
    assert len((await snapshot(connector)).components) == 4
    await connector.close()


async def test_a_change_follows_a_slot_that_has_moved(cluster: Servers) -> None:
    """To one who takes the cluster for a single server, each key of another node has moved."""
    owner = slot_of(b"seawall:flags") * len(cluster.ports) // 16384
    stranger = cluster.ports[(owner + 1) % 3]
    connector = open_connector("redis", Settings(url=f"redis://127.0.0.1:{stranger}/0"), SystemClock())
    seen = await snapshot(connector)
    applied = await connector.apply(MINE, RUN)
    await connector.close()
    assert [problem.split(":")[0] for problem in seen.problems] == ["flags", "hits"]
    assert f"flags: the key is at 127.0.0.1:{cluster.ports[owner]}, in a cluster" in seen.problems
    assert seen.components[0].notes == ("part of a cluster: say cluster = true",)
    assert applied.outcome is Outcome.DONE


async def test_a_primary_that_is_gone_leaves_the_sums_unknown_and_the_rest_fresh(cluster: Servers) -> None:
    connector = opening(cluster)
    before = await snapshot(connector)
    cluster.kill_primary()
    seen: list[Snapshot] = []

    async def told() -> bool:
        seen.append(await snapshot(connector))
        return seen[-1].components[0].state == "cluster fail"

    await until(cluster, told)
    await connector.close()
    whole, *parts = seen[-1].components
    assert (value(whole, "writable_primaries"), value(whole, "servers")) == (0, 2)
    assert value(whole, "memory") is None
    assert parts[-1].state == "unreachable" or parts[0].state == "unreachable"
    assert sum(part.state == "master" for part in parts) == 2
    assert any(str(cluster.ports[0]) in problem for problem in seen[-1].problems)
    hits = [value(each.components[0], "hits") for each in (before, *seen)]
    assert hits == sorted(hits, key=lambda each: each or 0)  # never falls


async def test_the_drill_down_leads_to_each_server_and_its_sections(cluster: Servers) -> None:
    connector = opening(cluster)
    overview = await connector.inspect("redis/cache")
    assert isinstance(overview, Detail)
    server = f"redis/cache/127.0.0.1:{cluster.ports[1]}"
    assert server in overview.into
    below = await connector.inspect(server)
    assert isinstance(below, Detail)
    table = await connector.inspect(f"{server}/clients")
    assert isinstance(table, Detail)
    assert ("seawall", "127.0.0.1") in [row[:2] for row in table.rows]
    roles = await connector.inspect("redis/cache/replication")
    assert isinstance(roles, Detail)
    assert sorted(row[:2] for row in roles.rows) == sorted((f"127.0.0.1:{port}", "master") for port in cluster.ports)
    await connector.close()


@pytest.mark.real("redis")
async def test_a_reshard_moves_the_flags_and_nothing_leaps(tmp_path: Path) -> None:
    with start_cluster(tmp_path) as started:
        real = await formed(Real(started))
        connector, watching = opening(real), opening(real)
        assert (await connector.apply(MINE, RUN)).outcome is Outcome.DONE
        before = await snapshot(connector)
        await snapshot(watching)
        await _move_flags(started, connector)
        moved = await snapshot(watching)  # asks the former owner first
        applied = await connector.apply(Change("redis/cache", "ttl.a", None, 60, step="ttl"), RUN)
        after = await snapshot(connector)
        await connector.close()
        await watching.close()
    assert applied.outcome is Outcome.DONE
    assert {fact.name for fact in moved.components[0].facts} == {"ttl.mine", "rate.user", "ttl.way"}
    assert (moved.problems, after.problems) == ((), ())
    assert {fact.name for fact in after.components[0].facts} == {"ttl.mine", "rate.user", "ttl.a", "ttl.way"}
    assert value(after.components[0], "writable_primaries") == 1
    assert (value(before.components[0], "commands") or 0) <= (value(after.components[0], "commands") or 0)


async def _move_flags(started: RealSet, connector: RedisConnector) -> None:
    """The slot of the flag document from its owner to the next node, as redis-cli does it, and a change on the way."""
    slot = slot_of(b"seawall:flags")
    ids = {port: (await cli(port, "cluster", "myid")).strip() for port in started.ports}
    owner = started.ports[slot * 3 // 16384]
    target = next(port for port in started.ports if port != owner)
    await said(target, "CLUSTER", "SETSLOT", str(slot), "IMPORTING", ids[owner])
    await said(owner, "CLUSTER", "SETSLOT", str(slot), "MIGRATING", ids[target])
    await said(owner, "MIGRATE", "127.0.0.1", str(target), "seawall:flags", "0", "5000")
    assert (await connector.apply(Change("redis/cache", "ttl.way", None, 60, step="way"), RUN)).outcome is Outcome.DONE
    for port in (target, owner):
        await said(port, "CLUSTER", "SETSLOT", str(slot), "NODE", ids[target])


def _fields(told: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in told.splitlines() if ":" in line)


def _keys(told: dict[str, str]) -> int:
    return int(told["db0"].split(",")[0].removeprefix("keys=")) if "db0" in told else 0
