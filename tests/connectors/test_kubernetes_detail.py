"""Drill-downs: the troubled first and with the reason, down to what a container last printed."""

from __future__ import annotations

import pytest

from console.model.snapshot import FailureKind, Unreachable
from tests.connectors.furnished_cluster import KUBECTL, Estate, Json, autoscaler, eventually, told, workload

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="left out: kubectl is not on this machine")

CRASHES = {"env": [{"name": "CRASH", "value": "1"}]}


async def crashing(estate: Estate, name: str = "bad") -> str:
    """A pod of a deployment ``bad`` that crashes, as its kubelet tells it; the pod's name."""
    await estate.apply(workload("Deployment", name, replicas=3, container=CRASHES))
    await eventually(estate, lambda: _pods(estate, name))
    pods = sorted((await estate.kubectl("get", "pods", "-l", f"app={name}", "-o", "name")).split())
    if estate.cluster is None:
        await estate.say(pods[-1], _crash(name))
        return pods[-1].removeprefix("pod/")
    await eventually(estate, lambda: _loops(estate, name))
    return pods[-1].removeprefix("pod/")


def _crash(container: str) -> Json:
    ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:00Z"}
    waits = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}
    one = {"name": container, "image": "a", "imageID": "", "ready": False, "restartCount": 7}
    return {
        "phase": "Running",
        "containerStatuses": [{**one, "state": {"waiting": waits}, "lastState": {"terminated": ended}}],
    }


async def _pods(estate: Estate, name: str) -> bool:
    return len((await estate.kubectl("get", "pods", "-l", f"app={name}", "-o", "name")).split()) == 3


async def _loops(estate: Estate, name: str) -> bool:
    return "CrashLoopBackOff" in await estate.kubectl("get", "pods", "-l", f"app={name}")


async def test_crash_loops_come_first_and_say_why(estate: Estate) -> None:
    pod = await crashing(estate)
    connector = estate.opened()
    try:
        answer = await told(connector, estate.id("deployment", "bad"))
    finally:
        await connector.close()
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert len(rows) == 3
    by_name = {row["name"]: row for row in rows}
    assert rows[0]["status"] == "CrashLoopBackOff"
    assert "exit " in rows[0]["why"]
    assert int(answer.extra["crashing"]) >= 1
    assert answer.extra["restarts"]
    assert estate.id("pod", pod) in answer.into
    printed = (await estate.kubectl("get", "pod", pod, "--no-headers")).split()
    assert [by_name[pod]["ready"], by_name[pod]["status"]] == printed[1:3]


async def test_a_crashing_pod_down_to_its_log(estate: Estate) -> None:
    pod = await crashing(estate)
    connector = estate.opened()
    try:
        answer = await told(connector, estate.id("pod", pod))
    finally:
        await connector.close()
    what, state, _, text = next(row for row in answer.rows if row[0].startswith("container"))
    assert (what, state) == ("container bad", "CrashLoopBackOff")
    assert "restarts, last ended " in text
    logs = [row for row in answer.rows if row[0].startswith("log bad")]
    if estate.cluster is None:
        assert logs == [("log bad", "", "", "not started: no node has it yet")]
        assert "OOMKilled, exit 137" in text
    else:
        assert any("exiting code=1" in row[3] for row in logs)
        assert any(row[0] == "event" and row[1].startswith("BackOff") for row in answer.rows)


async def test_pods_that_no_node_takes_say_so(estate: Estate) -> None:
    await estate.apply(workload("Deployment", "huge", "4000", replicas=2))
    await eventually(estate, lambda: _pending(estate))
    if estate.cluster is None:  # there is no scheduler: its word is set by hand
        pods = (await estate.kubectl("get", "pods", "-l", "app=huge", "-o", "name")).split()
        said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes available"}
        for pod in pods:
            await estate.say(pod, {"phase": "Pending", "conditions": [said]})
    connector = estate.opened()
    try:
        answer = await told(connector, estate.id("deployment", "huge"))
        assert answer.extra["waiting"] == "2"
        assert all("nodes" in row[-1] for row in answer.rows)
        answer = await told(connector, answer.into[0])
        assert answer.extra["node"] == "none yet"
        assert ("log huge", "", "", "not started: no node has it yet") in answer.rows
    finally:
        await connector.close()


async def _pending(estate: Estate) -> bool:
    return (await estate.kubectl("get", "pods", "-l", "app=huge", "--no-headers")).count("Pending") == 2


async def test_an_autoscaler_without_metrics_says_which(estate: Estate) -> None:
    await estate.apply(workload("Deployment", "shop-a", replicas=2), autoscaler("shop-a", 2, 6))
    connector = estate.opened()
    try:
        answer = await told(connector, estate.id("hpa", "shop-a"))
    finally:
        await connector.close()
    assert ("hpa.max", "6", "") in answer.rows
    assert ("metric cpu", "? of 60%", "no value") in answer.rows
    assert answer.extra["scales"] == "Deployment/shop-a"


async def test_hostile_names_are_only_not_found(estate: Estate) -> None:
    connector = estate.opened()
    hostile = ["deployment/../kube-system/x", f"pod/{estate.namespace}/a%2fb", "pod/x/" + "n" * 70_000, "node/", "what"]
    try:
        for name in hostile:
            answer = await connector.inspect(f"kubernetes/{name}")
            assert isinstance(answer, Unreachable), answer
            assert answer.kind in (FailureKind.NOT_FOUND, FailureKind.PROTOCOL)
            assert len(answer.reason) < 100_000
    finally:
        await connector.close()
