"""Watches on the simulated cluster and on a real one: what kubectl does is seen, and an old version is refused."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.kubernetes.client import Api
from connectors.kubernetes.resources import DEPLOYMENTS
from connectors.kubernetes.store import Store
from connectors.kubernetes.watch import Watch
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext
from console.model.snapshot import Seen, Snapshot
from tests.connectors.kubernetes_shop import Shop, kubectl, opened

RUN = RunContext("r1", "tester", "test", until=1_900_000_000.0)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        await asyncio.sleep(0.02)


def watches() -> int:
    return sum(thread.name == "watch deployments" for thread in threading.enumerate())


def desired(seen: Seen, component: str) -> float | None:
    assert isinstance(seen, Snapshot), seen
    found = [signal.value for one in seen.components if one.id == component for signal in one.signals]
    return found[0] if found else None  # the first signal


async def desired_becomes(connector: KubernetesConnector, component: str, wanted: float | None) -> None:
    deadline = time.monotonic() + 10.0
    while (found := desired(await connector.read(), component)) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


async def test_what_others_do_is_seen_by_watching(shop: Shop, tmp_path: Path) -> None:
    connector, workers = opened(shop.kubeconfig, shop.namespace), shop.id("deployment", "workers")
    for _ in range(2):
        await connector.read()
    await until(lambda: watches() == 1)
    for replicas in ("3", "0", "2"):
        command = ["kubectl", "-n", shop.namespace, "scale", "deployment", "workers", f"--replicas={replicas}"]
        code, printed = await kubectl(command, shop.kubeconfig, tmp_path)
        assert code == 0, printed
        await desired_becomes(connector, workers, float(replicas))
    code, printed = await kubectl(
        ["kubectl", "-n", shop.namespace, "delete", "deployment", "workers"], shop.kubeconfig, tmp_path
    )
    assert code == 0, printed
    await desired_becomes(connector, workers, None)
    assert watches() == 1
    await connector.close()
    await until(lambda: watches() == 0)


async def test_our_own_write_is_seen_by_the_next_reading(shop: Shop) -> None:
    connector, workers = opened(shop.kubeconfig, shop.namespace), shop.id("deployment", "workers")
    for _ in range(2):
        seen = await connector.read()
    await until(lambda: watches() == 1)
    before = desired(seen, workers)
    assert before is not None
    for after in (6, 7, 8):
        change = Change(workers, "replicas", int(before), after, step=f"s{after}")
        applied = await connector.apply(change, RUN)
        assert applied.outcome is Outcome.DONE, applied
        assert desired(await connector.read(), workers) == after
        before = after
    await connector.close()


async def test_all_namespaces_in_one_list_a_kind(shop: Shop) -> None:
    settings = Settings(kubeconfig=shop.kubeconfig, namespaces=("*",), timeout=5.0)
    connector = open_connector("kubernetes", settings, SystemClock())
    assert isinstance(connector, KubernetesConnector)
    for _ in range(3):
        seen = await connector.read()
        assert desired(seen, shop.id("deployment", "workers")) is not None
    await until(lambda: watches() == 1)
    await connector.close()


@pytest.mark.real("kubernetes")
async def test_a_version_of_long_ago_is_refused_and_the_watch_ends(real_cluster: str) -> None:
    api = await asyncio.to_thread(lambda: Api(real_cluster, None, 5.0))
    watch = Watch(api, DEPLOYMENTS, "default", Store(DEPLOYMENTS.type, (), "1"), time.monotonic)
    watch.start()
    await until(lambda: not watch.running)
    api.close()
    assert watch.failed is not None
    assert "too old" in watch.failed.reason
    assert not watch.live
