"""Answers without an end, without sense, or with a request to wait; two clusters at once; a thousand failures."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
import time
from collections import Counter
from email.utils import formatdate
from pathlib import Path

import pytest

from connectors.kubernetes import KubernetesConnector, client, open_connector
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext
from console.model.snapshot import FailureKind, Seen, Snapshot, Unreachable
from tests.connectors.faults import Handler, answering, black_hole, closed_port, drip_body, read_request, serving
from tests.connectors.kubernetes_shop import opened, simulated
from tests.connectors.small_cluster import SmallCluster, kubeconfig
from tests.connectors.watched_cluster import WatchedCluster, deployment

RUN = RunContext("r1", "tester", "test", until=1_900_000_000.0)


def settled(path: str, watch: bool = True, timeout: float = 2.0) -> KubernetesConnector:
    settings = Settings(kubeconfig=path, namespaces=("shop",), timeout=timeout, watch=watch)
    connector = open_connector("kubernetes", settings, SystemClock())
    assert isinstance(connector, KubernetesConnector)
    return connector


async def read_of(path: str) -> Seen:
    connector = settled(path)
    try:
        return await connector.read()
    finally:
        await connector.close()


def listing(body: bytes, length: int | None = None) -> Handler:
    """A server whose lists are ``body``, announced as ``length`` bytes; everything else is well."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            kube_system = b'{"metadata": {"name": "kube-system", "uid": "uid-1"}}'
            sent = kube_system if "kube-system" in request.path else body if "limit=" in request.path else b"{}"
            said = len(sent) if length is None or sent is not body else length
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {said}\r\n\r\n".encode() + sent)
            await writer.drain()
            if said != len(sent):
                return

    return handler


def listed(*items: object) -> bytes:
    return json.dumps({"metadata": {"resourceVersion": "1"}, "items": items}).encode()


async def test_an_answer_of_absurd_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST", 1 << 16)
    async with serving(listing(listed(*(deployment(f"d{n}", n) for n in range(1000))))) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.PROTOCOL
    assert "refused" in seen.reason


@pytest.mark.parametrize(
    "body", [listed(deployment("api", 1))[:-20], b'{"items": 3}', b"", b"\xff" * 100, b"[" * 10_000]
)
async def test_half_an_answer_is_none(body: bytes, tmp_path: Path) -> None:
    async with serving(listing(body)) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.PROTOCOL


async def test_an_answer_that_breaks_off_is_none(tmp_path: Path) -> None:
    async with serving(listing(listed(deployment("api", 1)), 1_000_000)) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Unreachable)


async def test_one_object_that_cannot_be_read_costs_itself(tmp_path: Path) -> None:
    body = listed(deployment("api", 1), {"metadata": {"name": "odd"}, "spec": 3}, deployment("web", 2))
    async with serving(listing(body)) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Snapshot)
    assert {"kubernetes/deployment/shop/api", "kubernetes/deployment/shop/web"} <= {one.id for one in seen.components}
    assert any("object 1 cannot be read" in problem for problem in seen.problems)


async def test_bytes_that_are_no_text_cost_no_list(tmp_path: Path) -> None:
    body = listed(deployment("api", 1)).replace(b"uid-api", b"uid-\xff\xfe")
    async with serving(listing(body)) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Snapshot)
    assert any(one.id == "kubernetes/deployment/shop/api" for one in seen.components)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0", 0.0), ("soon", None), ("-1", None), ("1" * 400, 3600.0), ("", None)]
)
async def test_a_server_that_asks_us_to_wait(header: str, seconds: float | None, tmp_path: Path) -> None:
    async with serving(answering(429, b"{}", {"Retry-After": header})) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Unreachable)
    assert (seen.kind, seen.retry_after) == (FailureKind.THROTTLED, seconds)


@pytest.mark.parametrize("ahead", [0.0, 120.0, -3600.0])
async def test_the_servers_clock_is_compared_with_ours(ahead: float, tmp_path: Path) -> None:
    cluster = WatchedCluster(headers={"Date": formatdate(time.time() + ahead, usegmt=True)})
    async with serving(cluster) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Snapshot)
    assert seen.skew == pytest.approx(ahead, abs=3.0)


async def test_credentials_that_end_are_renewed_within_the_same_reading(tmp_path: Path) -> None:
    cluster = SmallCluster()
    async with serving(cluster) as url:
        connector = settled(kubeconfig(tmp_path, url))
        assert isinstance(await connector.read(), Snapshot)
        cluster.token = "newer"
        kubeconfig(tmp_path, url, {"token": "newer"})
        assert isinstance(await connector.read(), Snapshot)
        await connector.close()


async def test_a_server_that_moved_is_found_where_the_kubeconfig_says(tmp_path: Path) -> None:
    connector = settled(kubeconfig(tmp_path, f"http://127.0.0.1:{closed_port()}"))
    seen = await connector.read()
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.REFUSED
    async with serving(SmallCluster()) as url:
        kubeconfig(tmp_path, url)
        assert isinstance(await connector.read(), Snapshot)
    assert isinstance(await connector.read(), Unreachable)
    async with serving(SmallCluster()) as url:
        kubeconfig(tmp_path, url)
        assert isinstance(await connector.read(), Snapshot)
    await connector.close()


async def test_two_clusters_at_once_each_under_its_own_name(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as here, simulated(tmp_path, 2) as there:
        near, far = opened(here.kubeconfig, name="kubernetes"), opened(there.kubeconfig, name="kubernetes-eu")
        seen = await asyncio.gather(near.read(), far.read())
        one, other = seen
        assert isinstance(one, Snapshot)
        assert isinstance(other, Snapshot)
        assert one.identity != other.identity
        assert {component.id.split("/")[0] for component in one.components} == {"kubernetes"}
        assert {component.id.split("/")[0] for component in other.components} == {"kubernetes-eu"}
        assert {signal.source for component in other.components for signal in component.signals} == {"kubernetes-eu"}
        change = Change("kubernetes-eu/hpa/shop/api", "hpa.max", 20, 30, step="s")
        assert (await far.apply(change, RUN)).outcome is Outcome.DONE
        assert hpa_max(await near.read(), "kubernetes") == 20
        assert hpa_max(await far.read(), "kubernetes-eu") == 30
        await asyncio.gather(near.close(), far.close())


def hpa_max(seen: Seen, source: str) -> object:
    assert isinstance(seen, Snapshot)
    (one,) = [component for component in seen.components if component.id == f"{source}/hpa/shop/api"]
    return {fact.name: fact.value for fact in one.facts}["hpa.max"]


async def test_a_thousand_sick_cycles_leave_nothing_behind(tmp_path: Path) -> None:
    """Cut off, 503, 401, streams that end, and well again, in turn; each way to a new login and new watches."""
    cluster, kinds = WatchedCluster(), Counter[str]()
    rounds: list[tuple[int, int, int]] = []
    async with serving(cluster) as url:
        connector = settled(kubeconfig(tmp_path, url))
        for _ in range(10):
            kinds += await cycles(connector, cluster, 100)
            rounds.append(held())
        await connector.close()
    assert kinds["well"] >= 500
    assert kinds[FailureKind.EXPIRED] >= 100
    assert kinds[FailureKind.PROTOCOL] >= 100
    # How much is under way at the end of a round differs; what is left behind would raise the least of them.
    early, late = ([min(column) for column in zip(*half, strict=True)] for half in (rounds[1:5], rounds[6:]))
    assert late[0] <= early[0] + 2, "threads"
    assert late[1] <= early[1] + 10, "open files"
    assert late[2] <= early[2] + 1_000, "objects"


async def cycles(connector: KubernetesConnector, cluster: WatchedCluster, count: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for turn in range(count):
        cluster.status = (200, 200, 200, 503, 200, 0, 200, 401)[turn % 8]
        if turn % 8 == 4:
            await cluster.drop()
        seen = await connector.read()
        found["well" if isinstance(seen, Snapshot) else seen.kind] += 1
    cluster.status = 200
    return found


def held() -> tuple[int, int, int]:
    """Threads, open files, and objects that Python's collector knows."""
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd")), len(gc.get_objects())


@pytest.mark.parametrize("sick", [black_hole, drip_body])
async def test_a_watch_of_a_server_that_hangs_ends_with_the_connector(sick: Handler, tmp_path: Path) -> None:
    cluster = WatchedCluster()
    hang = False

    async def turning(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (sick if hang else cluster)(reader, writer)

    async with serving(turning) as url:
        connector = settled(kubeconfig(tmp_path, url), timeout=0.3)
        for _ in range(2):
            assert isinstance(await connector.read(), Snapshot)
        hang = True
        await cluster.drop()
        started = time.monotonic()
        for _ in range(2):
            await connector.read()
        assert time.monotonic() - started < 4.0
        await connector.close()
        deadline = time.monotonic() + 5.0
        while any(thread.name.startswith("watch ") for thread in threading.enumerate()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
