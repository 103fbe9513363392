"""Every kind of an estate, read on the simulated cluster and on a real API server, against what kubectl prints."""

from __future__ import annotations

import json

import pytest

from connectors.kubernetes import KubernetesConnector
from console.model.change import Change, FactValue, Outcome, RunContext
from console.model.component import ComponentId
from console.model.snapshot import Observed
from tests.connectors.furnished_cluster import (
    KUBECTL,
    Estate,
    autoscaler,
    budget,
    components,
    cron_job,
    eventually,
    job,
    quota,
    told,
    workload,
)
from tests.connectors.kubernetes_objects import note, values

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="left out: kubectl is not on this machine")


COUNTS = (
    ("deployment", "shop-a", "desired", "spec.replicas"),
    ("deployment", "shop-a", "ready", "status.readyReplicas"),
    ("deployment", "shop-a", "updated", "status.updatedReplicas"),
    ("deployment", "shop-a", "unavailable", "status.unavailableReplicas"),
    ("statefulset", "shop-db", "desired", "spec.replicas"),
    ("statefulset", "shop-db", "ready", "status.readyReplicas"),
    ("daemonset", "agent", "desired", "status.desiredNumberScheduled"),
    ("daemonset", "agent", "ready", "status.numberReady"),
    ("daemonset", "agent", "updated", "status.updatedNumberScheduled"),
    ("pdb", "shop-a", "disruptions_allowed", "status.disruptionsAllowed"),
    ("pdb", "shop-a", "healthy", "status.currentHealthy"),
    ("pdb", "shop-a", "healthy_least", "status.desiredHealthy"),
    ("pdb", "shop-a", "expected", "status.expectedPods"),
    ("job", "load", "active", "status.active"),
    ("job", "load", "completions", "spec.completions"),
    ("hpa", "shop-a", "hpa.max", "spec.maxReplicas"),
    ("hpa", "shop-a", "hpa.min", "spec.minReplicas"),
)
KINDS = {
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "DaemonSet": "daemonset",
    "PodDisruptionBudget": "pdb",
    "Job": "job",
    "HorizontalPodAutoscaler": "hpa",
}


async def test_counts_are_kubectls(estate: Estate) -> None:
    await estate.apply(
        workload("Deployment", "shop-a", replicas=3),
        workload("StatefulSet", "shop-db", replicas=2, serviceName="shop-db"),
        workload("DaemonSet", "agent"),
        autoscaler("shop-a", 2, 6),
        budget("shop-a", 2),
        job("load", completions=2),
    )
    connector = estate.opened()
    try:
        await eventually(estate, lambda: _agrees(estate, connector))
    finally:
        await connector.close()


async def _agrees(estate: Estate, connector: KubernetesConnector) -> bool:
    """Kubectl printed before and after what was read in between, and the controllers have done their part."""
    before = await _printed(estate)
    found = await components(connector)
    if before != await _printed(estate) or not before["pdb", "shop-a", "expected"]:
        return False
    assert {count[:3]: _read(found[estate.id(*count[:2])])[count[2]] for count in COUNTS} == before
    return True


def _read(one: Observed) -> dict[str, FactValue]:
    return {**values(one), **{fact.name: fact.value for fact in one.facts}}


async def _printed(estate: Estate) -> dict[tuple[str, str, str], int]:
    """Every count as kubectl has it; what the server leaves out is 0."""
    listed = json.loads(await estate.kubectl("get", "deployments,sts,ds,pdb,jobs,hpa", "-o", "json"))
    objects = {(KINDS[one["kind"]], one["metadata"]["name"]): one for one in listed["items"]}
    found = {}
    for kind, name, signal, path in COUNTS:
        part, field = path.split(".")
        found[kind, name, signal] = int(objects[kind, name].get(part, {}).get(field, 0))
    return found


async def test_a_quota_that_is_full_is_told_before_and_by_the_workload(estate: Estate) -> None:
    await estate.apply(quota("limits", **{"requests.cpu": "1", "pods": "50"}))
    await estate.apply(workload("Deployment", "big", "300m", replicas=2))
    connector = estate.opened()
    try:
        await eventually(estate, lambda: _used(estate, "600m"))
        one = await components(connector)
        assert values(one[estate.id("deployment", "big")])["quota_room"] == 1
        assert values(one[estate.id("quota", "limits")])["quota_ratio"] == pytest.approx(0.6)
        await estate.kubectl("scale", "deployment/big", "--replicas=5")
        await eventually(estate, lambda: _used(estate, "900m"))
        await eventually(estate, lambda: _complains(estate, connector))
        found = await components(connector)
        big = found[estate.id("deployment", "big")]
        assert values(big)["quota_room"] == 0
        assert "no quota left" in big.notes
        assert any("exceeded quota: limits" in said for said in big.notes)
        used = await estate.kubectl("get", "quota", "limits", "-o", r"jsonpath={.status.used.requests\.cpu}")
        assert note(found[estate.id("quota", "limits")], "quota_ratio") == f"requests.cpu {used} of 1"
        shown = await told(connector, estate.id("quota", "limits"))
        assert ("requests.cpu", used, "1", "90%") in shown.rows
    finally:
        await connector.close()


async def _used(estate: Estate, cpu: str) -> bool:
    return await estate.kubectl("get", "quota", "limits", "-o", r"jsonpath={.status.used.requests\.cpu}") == cpu


async def _complains(estate: Estate, connector: KubernetesConnector) -> bool:
    found = await components(connector)
    return "warnings" in values(found[estate.id("deployment", "big")])


async def test_a_cron_job_and_its_runs(estate: Estate) -> None:
    await estate.apply(cron_job("night", "0 3 1 1 *"))
    await estate.kubectl("create", "job", "--from=cronjob/night", "night-now")
    connector = estate.opened()
    try:
        await eventually(estate, lambda: _runs(estate))
        found = await components(connector)
        assert values(found[estate.id("cronjob", "night")])["since_start"] is None
        assert found[estate.id("cronjob", "night")].notes[0] == "at 0 3 1 1 *"
        runs = await told(connector, estate.id("cronjob", "night"))
        assert [row[0] for row in runs.rows] == ["night-now"]
        assert runs.into == (estate.id("job", "night-now"),)
        pods = await told(connector, runs.into[0])
        assert pods.rows[0][0].startswith("night-now-")
    finally:
        await connector.close()


async def _runs(estate: Estate) -> bool:
    return bool(await estate.kubectl("get", "pods", "-l", "job-name=night-now", "-o", "name"))


async def test_nodes_are_as_kubectl_prints_them(estate: Estate) -> None:
    name = "node-1"
    if estate.cluster is None:
        name = f"{estate.namespace}-node"
        await estate.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        fine = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "well"}
        pressed = {"type": "MemoryPressure", "status": "True", "reason": "KubeletHasInsufficientMemory"}
        status = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}, "conditions": [fine, pressed]}
        await estate.say(f"node/{name}", status)
    await estate.kubectl("cordon", name)
    connector = estate.opened()
    try:
        node = (await components(connector))[f"kubernetes/node/{name}"]
        printed = (await estate.kubectl("get", "node", name, "--no-headers")).split()[1]
        assert printed.split(",")[0] == node.state
        assert "SchedulingDisabled" in printed
        assert "cordoned" in node.notes
        assert ("MemoryPressure" in node.notes) is (estate.cluster is None)
        nodes = await told(connector, "kubernetes/nodes")
        assert f"kubernetes/node/{name}" in nodes.into
        assert (await told(connector, f"kubernetes/node/{name}")).extra["state"].startswith("Ready")
    finally:
        await connector.close()
        await estate.kubectl("uncordon" if estate.cluster else "delete", *(() if estate.cluster else ("node",)), name)


RUN = RunContext("r1", "tester", "test")


async def _written(connector: KubernetesConnector, component: ComponentId, fact: str, before: int, after: int) -> str:
    applied = await connector.apply(Change(component, fact, before, after, step="s"), RUN)
    return "" if applied.outcome is Outcome.DONE else str(applied.reason)


async def test_replicas_of_what_nobody_scales_can_be_set_and_of_the_rest_not(estate: Estate) -> None:
    await estate.apply(workload("Deployment", "shop-a", replicas=3), workload("Deployment", "shop-b", replicas=1))
    await estate.apply(autoscaler("shop-a", 2, 6))
    connector = estate.opened()
    try:
        free = await _written(connector, estate.id("deployment", "shop-b"), "replicas", 1, 2)
        owned = await _written(connector, estate.id("deployment", "shop-a"), "replicas", 3, 4)
    finally:
        await connector.close()
    assert free == ""
    assert "belongs to hpa shop-a" in owned
    assert await estate.kubectl("get", "deployment", "shop-b", "-o", "jsonpath={.spec.replicas}") == "2"
