"""Many real servers behind TLS, with certificates of both sides: a cluster, and a replicated set with its Sentinel."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from connectors.redis import open_connector
from connectors.settings.redis import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext
from console.model.examination import Grade
from console.model.snapshot import FailureKind, Seen, Snapshot, Unreachable
from tests.real.redis import Papers, issued
from tests.real.redis_sets import start_cluster, start_replicated

RUN = RunContext("r1", "ann", "spike", until=None)
MINE = Change("redis/cache", "ttl.mine", None, 60, step="ttl")
PATIENCE = 20.0  # wall seconds for servers to find each other

pytestmark = pytest.mark.real("redis")


def settings(papers: Papers, **where: object) -> Settings:
    cert, key = papers.client
    return Settings(tls=True, ca_file=papers.ca, cert_file=cert, key_file=key, timeout=2.0, **where)  # type: ignore[arg-type]


async def checked(told: Settings, servers: int) -> None:
    """Everybody is seen, asked what may be done, and the primary that has the flags takes a change."""
    connector = open_connector("redis", told, SystemClock())
    deadline = time.monotonic() + PATIENCE
    seen = await connector.read()
    while not _complete(seen, servers) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        seen = await connector.read()
    assert _complete(seen, servers), seen
    applied = await connector.apply(MINE, RUN)
    examined = await connector.examine(())
    after = await connector.read()
    await connector.close()
    assert applied.outcome is Outcome.DONE, applied
    assert all(finding.grade is Grade.YES for finding in examined.findings), examined
    assert isinstance(after, Snapshot)
    assert "ttl.mine" in {fact.name for fact in after.components[0].facts}


def _complete(seen: Seen, servers: int) -> bool:
    if not isinstance(seen, Snapshot) or seen.problems or len(seen.components) != 1 + servers:
        return False
    values = {signal.name: signal.value for signal in seen.components[0].signals}
    return (values["servers"], values["writable_primaries"]) == (servers, 1)


async def test_a_cluster(tmp_path: Path) -> None:
    papers = issued(tmp_path)
    with start_cluster(tmp_path, papers) as started:
        node = f"127.0.0.1:{started.ports[0]}"
        await checked(settings(papers, nodes=(node,)), 3)
        bare = open_connector("redis", Settings(nodes=(node,), tls=True, ca_file=papers.ca), SystemClock())
        refused = await bare.read()
        await bare.close()
    assert isinstance(refused, Unreachable)
    assert refused.kind is FailureKind.TLS


async def test_a_replicated_set_and_its_sentinel(tmp_path: Path) -> None:
    papers = issued(tmp_path)
    with start_replicated(tmp_path, 1, papers=papers) as started:
        await checked(settings(papers, sentinels=(f"127.0.0.1:{started.sentinel}",), master="mymaster"), 2)
