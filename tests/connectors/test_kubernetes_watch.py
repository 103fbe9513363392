"""Watches: what they save, how they end, and that a dead one never looks alive."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.kubernetes.resources import READ
from connectors.kubernetes.sight import RELIST
from connectors.kubernetes.watch import QUIET
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.snapshot import FailureKind, Seen, Snapshot, Unreachable
from tests.connectors.faults import serving
from tests.connectors.small_cluster import kubeconfig
from tests.connectors.watched_cluster import DEPLOYMENTS, WatchedCluster

WATCHED = {resource.path("shop") for resource in READ if resource.watched}


class Ahead(SystemClock):
    """A clock that can be set forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@asynccontextmanager
async def watching(
    cluster: WatchedCluster, folder: Path, clock: SystemClock | None = None, watch: bool = True
) -> AsyncIterator[KubernetesConnector]:
    """A connector that has read twice, so that it watches where it can."""
    async with serving(cluster) as url:
        settings = Settings(kubeconfig=kubeconfig(folder, url), namespaces=("shop",), timeout=2.0, watch=watch)
        connector = open_connector("kubernetes", settings, clock or SystemClock())
        assert isinstance(connector, KubernetesConnector)
        try:
            for _ in range(2):
                assert isinstance(await connector.read(), Snapshot)
            if watch and cluster.watching in ("well", "deaf"):
                await until(lambda: all(cluster.open.get(path) for path in WATCHED & set(cluster.lists)))
                await until_listed_no_more(connector, cluster)
            yield connector
        finally:
            await connector.close()


async def until_listed_no_more(connector: KubernetesConnector, cluster: WatchedCluster) -> None:
    """The server has taken the watches; that it has must still come through to their threads."""
    deadline, lists = time.monotonic() + 3.0, -1
    while lists != len(cluster.lists):
        assert time.monotonic() < deadline, "it goes on to list"
        lists = len(cluster.lists)
        await asyncio.sleep(0.02)
        assert isinstance(await connector.read(), Snapshot)


async def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        await asyncio.sleep(0.01)


def replicas(seen: Seen) -> dict[str, float | None]:
    """Of each deployment, what is desired."""
    assert isinstance(seen, Snapshot), seen
    found = {one.id: {signal.name: signal.value for signal in one.signals} for one in seen.components}
    return {id_.rsplit("/", 1)[1]: signals["desired"] for id_, signals in found.items() if "/deployment/" in id_}


async def read_until(connector: KubernetesConnector, wanted: dict[str, float | None]) -> None:
    deadline = time.monotonic() + 3.0
    while (found := replicas(await connector.read())) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)


async def test_what_is_watched_is_not_listed_again(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path) as connector:
        await read_until(connector, {"api": 1, "workers": 1})
        lists, beats = len(cluster.lists), cluster.beats
        for _ in range(5):
            assert isinstance(await connector.read(), Snapshot)
        assert len(cluster.lists) == lists
        assert cluster.beats == beats + 5  # one small request a reading says that the server is there


async def test_events_are_seen_without_a_list(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path) as connector:
        await connector.read()
        lists = cluster.lists.count(DEPLOYMENTS)
        await cluster.put("api", 7)
        await cluster.put("search", 2)
        await cluster.delete("workers")
        await read_until(connector, {"api": 7, "search": 2})
        assert cluster.lists.count(DEPLOYMENTS) == lists


async def test_one_reading_asks_for_no_watch(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with serving(cluster) as url:
        settings = Settings(kubeconfig=kubeconfig(tmp_path, url), namespaces=("shop",))
        connector = open_connector("kubernetes", settings, SystemClock())
        assert isinstance(await connector.read(), Snapshot)
        await connector.close()
    assert cluster.watches == []


async def test_a_stream_that_ends_is_taken_up_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kubernetes.watch.HASTY", 0.0)
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path) as connector:
        await cluster.put("api", 3)
        await cluster.bookmark()
        await read_until(connector, {"api": 3, "workers": 1})
        lists = cluster.lists.count(DEPLOYMENTS)
        await until(lambda: cluster.open[DEPLOYMENTS] == 1)
        await cluster.drop()
        await until(lambda: len(cluster.watches) == 2)
        await cluster.put("api", 4)
        await read_until(connector, {"api": 4, "workers": 1})
        assert cluster.lists.count(DEPLOYMENTS) == lists
    first, second = cluster.watches
    assert (first["resourceVersion"], second["resourceVersion"]) == ("10", "12")  # the bookmark's
    assert first["allowWatchBookmarks"] == "true"
    assert int(first["timeoutSeconds"]) > 0


async def test_a_version_that_is_gone_is_listed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kubernetes.watch.HASTY", 0.0)
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path) as connector:
        cluster.watching = "deaf"  # what happens now is not told
        await cluster.put("api", 9)
        await cluster.delete("workers")
        cluster.compact()
        await cluster.drop()
        await read_until(connector, {"api": 9})


async def test_a_refusal_as_too_old_is_listed_anew(tmp_path: Path) -> None:
    cluster = WatchedCluster(watching="410")
    async with watching(cluster, tmp_path) as connector:
        await cluster.put("api", 5)
        assert replicas(await connector.read()) == {"api": 5, "workers": 1}


async def test_where_it_may_not_watch_it_lists(tmp_path: Path) -> None:
    cluster = WatchedCluster(watching="forbidden")
    async with watching(cluster, tmp_path) as connector:
        for wanted in range(3, 8):
            await cluster.put("api", wanted)
            assert replicas(await connector.read()) == {"api": wanted, "workers": 1}
    assert len(cluster.watches) == 1  # a no is not asked for again at each reading


@pytest.mark.parametrize("watching_", ["slam", "none"])
async def test_where_no_watch_comes_about_it_lists_and_asks_more_and_more_rarely(
    watching_: str, tmp_path: Path
) -> None:
    cluster = WatchedCluster(watching=watching_)
    async with watching(cluster, tmp_path) as connector:
        for wanted in range(3, 20):
            await cluster.put("api", wanted)
            await read_until(connector, {"api": wanted, "workers": 1})
    assert len(cluster.watches) <= 3


async def test_watch_false_always_lists(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path, watch=False) as connector:
        await connector.read()
    assert cluster.watches == []
    assert cluster.lists.count(DEPLOYMENTS) == 3


@pytest.mark.parametrize("seconds", [QUIET, 2 * RELIST])
async def test_a_deaf_watch_is_found_out(seconds: float, tmp_path: Path) -> None:
    """Taken, and never told anything: after so long a silence, and after so long a time in any case, it is listed."""
    cluster, clock = WatchedCluster(watching="deaf"), Ahead()
    async with watching(cluster, tmp_path, clock) as connector:
        await cluster.put("api", 6)
        assert replicas(await connector.read()) == {"api": 1, "workers": 1}
        clock.ahead = seconds
        assert replicas(await connector.read()) == {"api": 6, "workers": 1}


async def test_a_server_that_answers_nothing_more_is_not_hidden_by_a_live_watch(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path) as connector:
        await read_until(connector, {"api": 1, "workers": 1})
        cluster.status = 503
        seen = await connector.read()
        assert cluster.open[DEPLOYMENTS] == 1
        assert isinstance(seen, Unreachable)
        cluster.status = 200
        assert isinstance(await connector.read(), Snapshot)


async def test_credentials_that_end_are_not_hidden_by_a_live_watch(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path) as connector:
        await read_until(connector, {"api": 1, "workers": 1})
        cluster.token = "another"
        seen = await connector.read()
        assert isinstance(seen, Unreachable)
        assert seen.kind is FailureKind.EXPIRED


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ERROR", "object": {"kind": "Status", "code": 500, "message": "etcd is away"}},
        {"type": "MODIFIED", "object": {"metadata": {"name": 3}}},
        {"type": "SURPRISE", "object": {}},
        {"what": "ever"},
    ],
)
async def test_a_stream_that_talks_nonsense_is_left(event: dict[str, object], tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path) as connector:
        await cluster.say(event)
        await until(lambda: cluster.open[DEPLOYMENTS] == 0)
        cluster.log.clear()
        await cluster.put("api", 8)
        assert replicas(await connector.read()) == {"api": 8, "workers": 1}


async def test_closing_ends_the_watches(tmp_path: Path) -> None:
    cluster = WatchedCluster()
    async with watching(cluster, tmp_path):
        assert any(thread.name.startswith("watch ") for thread in threading.enumerate())
    await until(lambda: not any(thread.name.startswith("watch ") for thread in threading.enumerate()))
