"""A primary with two replicas that a Sentinel watches, simulated and real, and what is seen of a failover."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.redis import RedisConnector, open_connector
from connectors.settings.redis import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext, Verdict
from console.model.snapshot import FailureKind, Observed, Snapshot, Unreachable
from tests.connectors.faults import closed_port
from tests.connectors.redis_servers import snapshot
from tests.connectors.simulator.sim_redis_servers import Servers, info, replicated, said, until

RUN = RunContext("r1", "ann", "spike", until=None)
MINE = Change("redis/cache", "ttl.mine", None, 60, step="ttl")


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Servers]:
    async with replicated(request.param, tmp_path) as opened:
        yield opened


def opening(*sentinels: int, **settings: object) -> RedisConnector:
    told = {"sentinels": tuple(f"127.0.0.1:{port}" for port in sentinels), "master": "mymaster", **settings}
    return open_connector("redis", Settings(**told), SystemClock())  # type: ignore[arg-type]


def value(observed: Observed, name: str) -> float | None:
    values: dict[str, float | None] = {signal.name: signal.value for signal in observed.signals}
    values |= {counter.name: counter.value for counter in observed.counters}
    return values[name]


async def test_the_set_and_each_server_are_seen(servers: Servers) -> None:
    connector = opening(servers.sentinel)
    whole, *parts = (await snapshot(connector)).components
    assert (whole.state, whole.notes) == (f"primary 127.0.0.1:{servers.ports[0]}", ())
    assert {part.id for part in parts} == {f"redis/cache/127.0.0.1:{port}" for port in servers.ports}
    assert sorted(part.state for part in parts) == ["master", "slave", "slave"]
    assert (value(whole, "writable_primaries"), value(whole, "servers"), value(whole, "replicas")) == (1, 3, 2)
    told = await info(servers.ports[0], "replication")
    offsets = [told[f"slave{index}"]["offset"] for index in (0, 1)]  # type: ignore[index]
    behind = int(str(told["master_repl_offset"])) - min(map(int, offsets))
    assert value(whole, "replica_lag") == pytest.approx(behind, abs=5_000)
    (primary,) = (part for part in parts if part.state == "master")
    assert value(whole, "keys") == value(primary, "keys")  # the replicas' copies are not added
    await connector.close()


async def test_a_failover_is_followed_within_seconds_and_nothing_falls(servers: Servers) -> None:
    connector = opening(servers.sentinel)
    before = await snapshot(connector)
    assert (await connector.apply(MINE, RUN)).outcome is Outcome.DONE
    await until(servers, lambda: _replicated(servers))
    servers.kill_primary()
    seen: list[Snapshot] = []

    async def followed() -> bool:
        seen.append(await snapshot(connector))
        facts = seen[-1].components[0].facts
        leads_anew = seen[-1].components[0].state not in ("", f"primary 127.0.0.1:{servers.ports[0]}")
        return leads_anew and value(seen[-1].components[0], "writable_primaries") == 1 and bool(facts)

    await until(servers, followed)
    await until(servers, lambda: _found(connector))  # writes go to whom the Sentinel names, and to nobody before
    assert (await connector.apply(MINE.inverse(), RUN)).outcome is Outcome.DONE
    await connector.close()
    assert 0 in [value(each.components[0], "writable_primaries") for each in seen]
    assert seen[-1].identity == before.identity
    for name in ("hits", "misses", "commands", "expired"):
        totals = [counter.value for each in seen for counter in each.components[0].counters if counter.name == name]
        assert totals == sorted(totals), name
    sums = [value(each.components[0], "memory") for each in seen]
    assert None in sums  # while nobody led; never a part of it, never 0
    assert 0 not in sums


async def _found(connector: RedisConnector) -> bool:
    probed = await connector.probe(MINE, RUN)
    assert probed.verdict in (Verdict.OURS, Verdict.UNKNOWN)
    return probed.verdict is Verdict.OURS


async def _replicated(servers: Servers) -> bool:
    offsets = [await info(port, "replication") for port in servers.ports]
    return len({str(each["master_repl_offset"]) for each in offsets}) == 1


async def test_two_who_take_writes_are_found_by_asking_everybody(servers: Servers) -> None:
    connector = opening(servers.sentinel)
    assert await said(servers.ports[1], "REPLICAOF", "NO", "ONE") == "OK"
    whole, *parts = (await snapshot(connector)).components
    await connector.close()
    assert value(whole, "writable_primaries") == 2
    assert "the primary: 2 servers take writes" in whole.notes
    assert whole.state == f"primary 127.0.0.1:{servers.ports[0]}"  # as the Sentinel has it
    assert sorted(part.state for part in parts) == ["master", "master", "slave"]


async def test_a_write_never_goes_to_a_second_primary(servers: Servers) -> None:
    connector = opening(servers.sentinel)
    assert await said(servers.ports[1], "REPLICAOF", "NO", "ONE") == "OK"
    applied = await connector.apply(MINE, RUN)
    await connector.close()
    assert applied.outcome is Outcome.DONE
    written = [await said(port, "HGET", "seawall:flags", "ttl.mine") for port in servers.ports[:2]]
    assert ("60" in str(written[0]), written[1]) == (True, None)


async def test_one_sentinel_that_is_gone_is_a_problem_and_no_more() -> None:
    async with replicated("simulated", Path()) as servers:
        gone = closed_port()
        connector = opening(gone, servers.sentinel)
        seen = await snapshot(connector)
        assert [problem.split(":")[0] for problem in seen.problems] == ["Sentinel 127.0.0.1"]
        assert str(gone) in seen.problems[0]
        assert len(seen.components) == 4
        await connector.close()


async def test_no_sentinel_at_all_is_refused() -> None:
    connector = opening(closed_port())
    seen = await connector.read()
    await connector.close()
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.REFUSED


async def test_a_name_that_no_sentinel_knows_is_not_found() -> None:
    async with replicated("simulated", Path()) as servers:
        connector = opening(servers.sentinel, master="other")
        seen = await connector.read()
        await connector.close()
    assert isinstance(seen, Unreachable)
    assert (seen.kind, "watches no other" in seen.reason) == (FailureKind.NOT_FOUND, True)
