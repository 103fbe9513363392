"""Conditional writes, against a small API server that loses races and replies on purpose."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connectors import Connector
from connectors.kubernetes import open_connector
from connectors.kubernetes.marks import ANNOTATION
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.change import Applied, Change, Outcome, RunContext, Verdict
from tests.connectors.faults import serving
from tests.connectors.small_cluster import DEPLOYMENTS, HPA, KUBE_SYSTEM, SmallCluster, autoscaler, kubeconfig

PATH = f"{HPA}/api"
RUN = RunContext("r1", "ann@bastion", "viral spike", until=1_900_000_000.5)
MAX = Change("kubernetes/hpa/shop/api", "hpa.max", 20, 100, step="capacity", seq=2, reason="more room")


@asynccontextmanager
async def opened(cluster: SmallCluster, folder: Path, timeout: float = 2.0) -> AsyncIterator[Connector]:
    async with serving(cluster) as url:
        settings = Settings(kubeconfig=kubeconfig(folder, url), namespaces=("shop",), timeout=timeout)
        connector = open_connector("kubernetes", settings, SystemClock())
        try:
            yield connector
        finally:
            await connector.close()


async def test_a_change_and_its_undo(tmp_path: Path) -> None:
    cluster = SmallCluster()
    async with opened(cluster, tmp_path) as connector:
        before = cluster.objects[PATH]
        applied = await connector.apply(MAX, RUN)
        assert applied == Applied(Outcome.DONE, "", "2")
        after = cluster.objects[PATH]
        assert after["spec"] == {**before["spec"], "maxReplicas": 100}
        (mark,) = json.loads(after["metadata"]["annotations"][ANNOTATION])
        assert mark == {
            "run": "r1",
            "step": "capacity",
            "seq": 2,
            "fact": "hpa.max",
            "before": 20,
            "after": 100,
            "until": 1_900_000_000.5,
            "reason": "more room",
            "actor": "ann@bastion",
        }
        assert cluster.patches[0]["metadata"]["resourceVersion"] == "1"
        assert (await connector.probe(MAX, RUN)).verdict is Verdict.OURS
        assert (await connector.apply(MAX.inverse(), RUN)).outcome is Outcome.DONE
        assert cluster.objects[PATH]["spec"] == before["spec"]
        assert cluster.objects[PATH]["metadata"]["annotations"] == {}
        assert (await connector.probe(MAX.inverse(), RUN)).verdict is Verdict.OURS
        assert (await connector.probe(MAX, RUN)).verdict is Verdict.NOT_APPLIED


async def test_a_drifted_value_is_refused_with_both_values_and_the_writer(tmp_path: Path) -> None:
    cluster = SmallCluster()
    cluster.set(PATH, {"spec": {"maxReplicas": 30}})
    async with opened(cluster, tmp_path) as connector:
        applied = await connector.apply(MAX, RUN)
        probed = await connector.probe(MAX, RUN)
    assert applied.outcome is Outcome.REJECTED
    assert "hpa.max is 30, expected 20; last set by kubectl-edit at 2026-01-02T00:00:00Z" in applied.reason
    assert (probed.verdict, probed.value) == (Verdict.FOREIGN, 30)
    assert cluster.patches == []


async def test_a_lost_race_is_run_again_while_the_value_stands(tmp_path: Path) -> None:
    cluster = SmallCluster(sick=["race", "race"])
    async with opened(cluster, tmp_path) as connector:
        assert (await connector.apply(MAX, RUN)).outcome is Outcome.DONE
    assert [patch["metadata"]["resourceVersion"] for patch in cluster.patches] == ["1", "2", "3"]


async def test_three_lost_races_are_enough(tmp_path: Path) -> None:
    cluster = SmallCluster(sick=["race"] * 3)
    async with opened(cluster, tmp_path) as connector:
        applied = await connector.apply(MAX, RUN)
    assert applied.outcome is Outcome.REJECTED
    assert "3 times" in applied.reason
    assert cluster.objects[PATH]["spec"] == autoscaler()["spec"]


@pytest.mark.parametrize(
    ("status", "outcome", "forbidden"),
    [
        ("400", Outcome.REJECTED, False),
        ("401", Outcome.REJECTED, False),
        ("403", Outcome.REJECTED, True),
        ("404", Outcome.REJECTED, False),
        ("422", Outcome.REJECTED, False),
        ("429", Outcome.REJECTED, False),
        ("500", Outcome.UNKNOWN, False),
        ("503", Outcome.UNKNOWN, False),
        ("504", Outcome.UNKNOWN, False),
    ],
)
async def test_what_an_answer_says_of_the_write(status: str, outcome: Outcome, forbidden: bool, tmp_path: Path) -> None:
    cluster = SmallCluster(sick=[status])
    async with opened(cluster, tmp_path) as connector:
        applied = await connector.apply(MAX, RUN)
    assert (applied.outcome, applied.forbidden) == (outcome, forbidden)
    assert f"said {status}" in applied.reason
    assert len(cluster.patches) == 1


@pytest.mark.parametrize(("sick", "verdict"), [("lost", Verdict.OURS), ("hang", Verdict.NOT_APPLIED)])
async def test_a_lost_reply_is_unknown_until_it_is_probed(sick: str, verdict: Verdict, tmp_path: Path) -> None:
    cluster = SmallCluster(sick=[sick])
    async with opened(cluster, tmp_path, timeout=0.4) as connector:
        applied = await connector.apply(MAX, RUN)
        assert applied.outcome is Outcome.UNKNOWN
        assert len(cluster.patches) == 1  # never sent again blindly
        assert (await connector.probe(MAX, RUN)).verdict is verdict


async def test_a_write_whose_reading_hangs_never_leaves(tmp_path: Path) -> None:
    cluster = SmallCluster(stall=asyncio.Event())
    async with opened(cluster, tmp_path, timeout=0.3) as connector:
        applied = await connector.apply(MAX, RUN)
        assert applied.outcome is Outcome.REJECTED
        assert "nothing was written" in applied.reason
        assert cluster.stall is not None
        cluster.stall.set()  # the answer that the writing thread waited for comes too late
        # One writing thread: this write is done after the abandoned one has ended, and finds the value untouched.
        assert (await connector.apply(MAX, RUN)).outcome is Outcome.DONE
    assert len(cluster.patches) == 1


async def test_the_same_write_again_finds_itself_done(tmp_path: Path) -> None:
    cluster = SmallCluster(sick=["lost"])
    async with opened(cluster, tmp_path) as connector:
        await connector.apply(MAX, RUN)
        assert (await connector.apply(MAX, RUN)).outcome is Outcome.DONE
    assert len(cluster.patches) == 1


async def test_runs_stack_and_come_off_in_order(tmp_path: Path) -> None:
    cluster = SmallCluster()
    other = RunContext("r2", "bob", "more")
    more = replace(MAX, before=100, after=150, step="more")
    async with opened(cluster, tmp_path) as connector:
        await connector.apply(MAX, RUN)
        assert (await connector.apply(more, other)).outcome is Outcome.DONE
        assert (await connector.probe(MAX, RUN)).verdict is Verdict.SUPERSEDED
        early = await connector.apply(MAX.inverse(), RUN)
        assert early.outcome is Outcome.REJECTED
        assert "r2 more" in early.reason
        assert (await connector.apply(more.inverse(), other)).outcome is Outcome.DONE
        assert (await connector.apply(MAX.inverse(), RUN)).outcome is Outcome.DONE
    assert cluster.objects[PATH]["spec"] == autoscaler()["spec"]


async def test_undo_never_takes_anothers_value(tmp_path: Path) -> None:
    cluster = SmallCluster()
    async with opened(cluster, tmp_path) as connector:
        await connector.apply(MAX, RUN)
        cluster.set(PATH, {"spec": {"maxReplicas": 60}})
        undone = await connector.apply(MAX.inverse(), RUN)
        assert undone.outcome is Outcome.REJECTED
        assert "is 60, expected 100" in undone.reason
        assert (await connector.probe(MAX.inverse(), RUN)).verdict is Verdict.SUPERSEDED


async def test_a_second_undo_is_harmless(tmp_path: Path) -> None:
    cluster = SmallCluster()
    async with opened(cluster, tmp_path) as connector:
        await connector.apply(MAX, RUN)
        await connector.apply(MAX.inverse(), RUN)
        again = await connector.apply(MAX.inverse(), RUN)
    assert again.outcome is Outcome.REJECTED
    assert "nothing of ours" in again.reason


async def test_an_unreadable_annotation_is_not_written_over(tmp_path: Path) -> None:
    cluster = SmallCluster()
    cluster.set(PATH, {"metadata": {"annotations": {ANNOTATION: "mine!"}}})
    async with opened(cluster, tmp_path) as connector:
        applied = await connector.apply(MAX, RUN)
    assert applied.outcome is Outcome.REJECTED
    assert cluster.patches == []


async def test_replicas_of_a_deployment_without_an_autoscaler(tmp_path: Path) -> None:
    cluster = SmallCluster()
    change = Change("kubernetes/deployment/shop/workers", "replicas", 4, 8, step="workers")
    path = f"{DEPLOYMENTS}/workers"
    template = cluster.objects[path]["spec"]["template"]
    async with opened(cluster, tmp_path) as connector:
        assert (await connector.apply(change, RUN)).outcome is Outcome.DONE
        assert cluster.objects[path]["spec"]["replicas"] == 8
        assert cluster.objects[path]["spec"]["template"] == template
        assert (await connector.apply(change.inverse(), RUN)).outcome is Outcome.DONE
        assert cluster.objects[path]["spec"]["replicas"] == 4


async def test_replicas_that_an_autoscaler_owns_are_refused(tmp_path: Path) -> None:
    cluster = SmallCluster()
    change = Change("kubernetes/deployment/shop/api", "replicas", 4, 8, step="api")
    async with opened(cluster, tmp_path) as connector:
        applied = await connector.apply(change, RUN)
    assert applied.outcome is Outcome.REJECTED
    assert "belongs to hpa api" in applied.reason
    assert cluster.patches == []


async def test_bounds_of_an_autoscaler_that_keda_made_are_refused(tmp_path: Path) -> None:
    cluster = SmallCluster()
    cluster.objects[PATH]["metadata"]["ownerReferences"] = [{"kind": "ScaledObject", "name": "api", "controller": True}]
    async with opened(cluster, tmp_path) as connector:
        applied = await connector.apply(MAX, RUN)
    assert applied.outcome is Outcome.REJECTED
    assert "belongs to keda api" in applied.reason
    assert cluster.patches == []


async def test_another_cluster_behind_the_same_address_is_refused(tmp_path: Path) -> None:
    cluster = SmallCluster()
    async with opened(cluster, tmp_path) as connector:
        await connector.read()
        cluster.uid = "uid-2"
        applied = await connector.apply(MAX, RUN)
    assert applied.outcome is Outcome.REJECTED
    assert "another cluster" in applied.reason
    assert cluster.patches == []


async def test_without_a_look_at_kube_system_the_address_is_the_identity(tmp_path: Path) -> None:
    cluster = SmallCluster(denied={KUBE_SYSTEM})
    async with opened(cluster, tmp_path) as connector:
        assert (await connector.apply(MAX, RUN)).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("component", "fact"),
    [
        ("kubernetes/hpa/shop/absent", "hpa.max"),
        ("kubernetes/hpa/shop/api", "hpa.colour"),
        ("kubernetes/secret/shop/api", "data"),
        ("kubernetes/hpa/shop", "hpa.max"),
    ],
)
async def test_a_target_that_is_not_there(component: str, fact: str, tmp_path: Path) -> None:
    change = Change(component, fact, 1, 2, step="s")
    async with opened(SmallCluster(), tmp_path) as connector:
        assert (await connector.apply(change, RUN)).outcome is Outcome.REJECTED
        assert (await connector.probe(change, RUN)).verdict in (Verdict.FOREIGN, Verdict.UNKNOWN)
