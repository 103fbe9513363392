"""When what is seen of a cluster was true: as of its server's answer, also where one kind's list came to nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.snapshot import FailureKind, Observed, Seen, Snapshot, Unreachable
from tests.connectors.faults import Request, serving
from tests.connectors.small_cluster import kubeconfig
from tests.connectors.watched_cluster import DEPLOYMENTS, Json, WatchedCluster

API = "kubernetes/deployment/shop/api"


class Set(SystemClock):
    """A clock whose estate time is set by hand."""

    at = 1_000.0

    def now(self) -> float:
        return self.at


@dataclass
class Slow(WatchedCluster):
    """Each list takes a minute of estate time."""

    clock: Set | None = None

    def _answer(self, request: Request, path: str, query: dict[str, str]) -> tuple[int, Json]:
        if self.clock is not None and path == DEPLOYMENTS:
            self.clock.at += 60.0
        return super()._answer(request, path, query)


@asynccontextmanager
async def reading(cluster: WatchedCluster, folder: Path, clock: Set, watch: bool) -> AsyncIterator[KubernetesConnector]:
    async with serving(cluster) as url:
        settings = Settings(kubeconfig=kubeconfig(folder, url), namespaces=("shop",), timeout=2.0, watch=watch)
        connector = open_connector("kubernetes", settings, clock)
        assert isinstance(connector, KubernetesConnector)
        try:
            yield connector
        finally:
            await connector.close()


def api_of(seen: Seen) -> tuple[Snapshot, Observed, set[float]]:
    """The reading, one deployment of it, and when that was so."""
    assert isinstance(seen, Snapshot), seen
    (one,) = (each for each in seen.components if each.id == API)
    return seen, one, {signal.at for signal in one.signals}


async def test_a_reading_is_of_the_time_of_the_answer(tmp_path: Path) -> None:
    clock = Set()
    async with reading(Slow(clock=clock), tmp_path, clock, watch=False) as connector:
        seen, _, ages = api_of(await connector.read())
    assert (seen.at, ages) == (1_060.0, {1_060.0})


@pytest.mark.parametrize("watch", [False, True])
async def test_a_list_that_fails_by_itself_leaves_what_was_there_as_old_as_it_is(watch: bool, tmp_path: Path) -> None:
    cluster, clock = WatchedCluster(), Set()
    async with reading(cluster, tmp_path, clock, watch) as connector:
        _, before, _ = api_of(await connector.read())
        cluster.broken, clock.at = frozenset({DEPLOYMENTS}), 1_030.0
        await cluster.put("api", 7)
        for _ in range(3):
            seen, one, ages = api_of(await connector.read())
            assert (seen.at, ages) == (1_030.0, {1_000.0})
            assert [signal.value for signal in one.signals] == [signal.value for signal in before.signals]
            assert seen.problems == ("deployments in shop: 500 etcdserver: request timed out; shown as last seen",)
        cluster.broken = frozenset()
        seen, one, ages = api_of(await connector.read())
        assert ({fact.value for fact in one.facts}, ages, seen.problems) == ({7}, {1_030.0}, ())


async def test_a_list_that_never_came_leaves_the_whole_unknown(tmp_path: Path) -> None:
    cluster = WatchedCluster(broken=frozenset({DEPLOYMENTS}))
    async with reading(cluster, tmp_path, Set(), watch=False) as connector:
        seen = await connector.read()
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.PROTOCOL


async def test_where_nothing_comes_any_more_nothing_is_shown_as_before(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with reading(cluster, tmp_path, Set(), watch=False) as connector:
        api_of(await connector.read())
        cluster.status = 500
        assert isinstance(await connector.read(), Unreachable)


async def test_a_list_that_may_no_longer_be_read_is_not_shown_as_before(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with reading(cluster, tmp_path, Set(), watch=False) as connector:
        api_of(await connector.read())
        cluster.hidden = frozenset({DEPLOYMENTS})
        seen = await connector.read()
    assert isinstance(seen, Snapshot)
    assert [one.id for one in seen.components] == []
    assert "403" in seen.problems[0]
