"""A drill-down on a server that is slow in places: what was asked for comes, what only adds to it may be missing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from connectors.kubernetes import open_connector
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.snapshot import FailureKind, Unreachable
from tests.connectors.faults import serving
from tests.connectors.few_pods import RUNNING, FewPods, inspected
from tests.connectors.small_cluster import kubeconfig


async def test_metrics_that_hang_are_said_to_be_missing(tmp_path: Path) -> None:
    cluster = FewPods(hanging=frozenset({"metrics.k8s.io/v1beta1/namespaces/shop/pods"}))
    answer = await inspected(cluster, tmp_path, "kubernetes/deployment/shop/api", 0.4)
    assert len(answer.rows) == 1
    assert "did not answer" in answer.extra["metrics"] or "timed out" in answer.extra["metrics"]


@pytest.mark.parametrize("hanging", ["/log", "/events"])
async def test_a_log_or_events_that_hang_leave_the_rest(hanging: str, tmp_path: Path) -> None:
    cluster = FewPods(b"line\n", RUNNING, hanging=frozenset({hanging}))
    answer = await inspected(cluster, tmp_path, "kubernetes/pod/shop/p", 0.4)
    said = {row[0]: row[3] for row in answer.rows}
    assert "container main" in said
    missing = said["log main" if hanging == "/log" else "events"]
    assert "answer" in missing or "timed out" in missing
    assert hanging == "/log" or said["log main"] == "line"


async def test_pods_that_cannot_be_listed_are_a_failure_at_its_deadline(tmp_path: Path) -> None:
    cluster = FewPods(hanging=frozenset({"v1/namespaces/shop/pods"}))
    async with serving(cluster) as url:
        settings = Settings(kubeconfig=kubeconfig(tmp_path, url), timeout=0.4)
        connector = open_connector("kubernetes", settings, SystemClock())
        started = time.monotonic()
        answers = await asyncio.gather(*(connector.inspect("kubernetes/deployment/shop/api") for _ in range(5)))
        assert time.monotonic() - started < 6.0
        await connector.close()
    assert all(isinstance(answer, Unreachable) and answer.kind is FailureKind.TIMED_OUT for answer in answers)
