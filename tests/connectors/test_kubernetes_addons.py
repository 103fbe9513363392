"""KEDA and Argo Rollouts: on a real API server with their kinds installed, KEDA also on the simulated cluster."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kubernetes import KubernetesConnector
from connectors.simulator.kubernetes.options import KubernetesOptions
from console.model.change import Applied, Change, FactValue, Outcome, RunContext
from tests.connectors.furnished_cluster import (
    KUBECTL,
    Estate,
    Json,
    components,
    told,
    workload,
)
from tests.connectors.kubernetes_objects import values
from tests.connectors.simulator.sim_cluster import Cluster, served

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="left out: kubectl is not on this machine")
RUN = RunContext("r1", "tester", "test")


def definition(group: str, version: str, kind: str, plural: str) -> Json:
    """The kind, with whatever in it: what its own definition allows is not what is tested."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{**served, "subresources": {"status": {}}}],
        },
    }


def scaled_object(name: str, **spec: Any) -> Json:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": {"name": name}, "triggers": [{"type": "kafka", "metadata": {}}], **spec},
    }


def rollout(name: str) -> Json:
    steps = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 100}]
    whole = workload("Deployment", name, replicas=4)
    whole["spec"]["strategy"] = {"canary": {"steps": steps}}
    return {**whole, "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}


@pytest.fixture
async def addons(real_only: Estate) -> AsyncIterator[Estate]:
    """A namespace on a real API server that serves both kinds for as long as the test lasts."""
    kinds = (
        definition("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
        definition("argoproj.io", "v1alpha1", "Rollout", "rollouts"),
    )
    names = [f"crd/{kind['metadata']['name']}" for kind in kinds]
    if await real_only.kubectl("get", *names, "--ignore-not-found", "-o", "name"):
        pytest.skip("left out: this cluster has KEDA or Argo Rollouts of its own")
    await real_only.apply(*kinds)
    try:
        await real_only.kubectl("wait", "--for=condition=Established", "--timeout=15s", *names)
        yield real_only
    finally:
        await real_only.kubectl("delete", *names)


async def write(
    connector: KubernetesConnector, component: str, fact: str, before: FactValue, after: FactValue
) -> Applied:
    return await connector.apply(Change(component, fact, before, after, step="s"), RUN)


@pytest.mark.real("kubernetes")
async def test_a_rollout_and_where_it_stands(addons: Estate) -> None:
    await addons.apply(rollout("api"))
    out = {"phase": "Paused", "message": "CanaryPauseStep", "stableRS": "aaa", "currentPodHash": "bbb"}
    counts = {"replicas": 4, "readyReplicas": 4, "updatedReplicas": 1, "availableReplicas": 4}
    paused = {"pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]}
    await addons.say("rollout/api", {**out, **counts, **paused, "currentStepIndex": 1, "observedGeneration": "1"})
    connector = addons.opened()
    try:
        one = (await components(connector))[addons.id("rollout", "api")]
        printed = await addons.kubectl(
            "get", "rollout", "api", "-o", "jsonpath={.status.readyReplicas} {.spec.replicas}"
        )
        assert [f"{values(one)[name]:g}" for name in ("ready", "desired")] == printed.split()
        assert (one.state, values(one)["canary_weight"], values(one)["canary_step"]) == ("Paused", 0.25, 1)
        assert "CanaryPauseStep" in one.notes
        answer = await told(connector, one.id)
        assert answer.extra["steps"] == "25% → [pause until promoted] → 100%"
        done = await write(connector, one.id, "replicas", 4, 6)
        assert done.outcome is Outcome.DONE, done
        assert await addons.kubectl("get", "rollout", "api", "-o", "jsonpath={.spec.replicas}") == "6"
    finally:
        await connector.close()


@pytest.mark.real("kubernetes")
async def test_keda_owns_the_replicas_while_it_has_no_autoscaler(addons: Estate) -> None:
    held = scaled_object("jobs", minReplicaCount=1, maxReplicaCount=9)
    held["metadata"]["annotations"] = {"autoscaling.keda.sh/paused-replicas": "0"}
    await addons.apply(workload("Deployment", "jobs", replicas=0), held)
    connector = addons.opened()
    try:
        found = await components(connector)
        one = found[addons.id("scaledobject", "jobs")]
        facts = {fact.name: fact.value for fact in one.facts}
        assert facts == {"scaledobject.min": 1, "scaledobject.max": 9, "scaledobject.paused": 0}
        assert "paused at 0" in one.notes
        assert found[addons.id("deployment", "jobs")].facts[0].owner == "keda jobs"
        refused = await write(connector, addons.id("deployment", "jobs"), "replicas", 0, 3)
        assert (refused.outcome, "belongs to keda jobs" in refused.reason) == (Outcome.REJECTED, True)
        raised = await write(connector, one.id, "scaledobject.max", 9, 20)
        assert raised.outcome is Outcome.DONE, raised
        assert await addons.kubectl("get", "scaledobject", "jobs", "-o", "jsonpath={.spec.maxReplicaCount}") == "20"
        paused = await write(connector, one.id, "scaledobject.paused", 0, False)
        assert paused.outcome is Outcome.REJECTED
    finally:
        await connector.close()


@pytest.mark.real("kubernetes")
async def test_one_object_that_cannot_be_read_costs_itself_and_not_the_list(addons: Estate) -> None:
    broken = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "bad"}, "spec": {"x": 1}}
    texts = scaled_object("texts", maxReplicaCount="many")
    await addons.apply(broken, texts, scaled_object("good"), rollout("api"))
    connector = addons.opened()
    try:
        seen: Any = await connector.read()
        found = {one.id for one in seen.components}
        assert {addons.id("scaledobject", "good"), addons.id("rollout", "api")} <= found
        assert len([problem for problem in seen.problems if "scaledobjects" in problem]) == 2
        deployment = await write(connector, addons.id("rollout", "api"), "replicas", 4, 5)
        assert "who scales it cannot be known" in deployment.reason
    finally:
        await connector.close()


async def test_keda_on_the_simulated_cluster(tmp_path: Path) -> None:
    cluster = Cluster(options=KubernetesOptions(keda=True))
    cluster.run(40)
    async with served(cluster):
        path = tmp_path / "kubeconfig"
        path.write_text(cluster.wire.kubeconfig())
        estate = Estate(str(path), "shop", cluster)
        connector = estate.opened()
        try:
            found = await components(connector)
            one = found["kubernetes/scaledobject/shop/workers"]
            printed = json.loads(await estate.kubectl("get", "scaledobject", "workers", "-o", "json"))["spec"]
            bounds = {fact.name: fact.value for fact in one.facts}
            assert bounds["scaledobject.min"] == printed["minReplicaCount"]
            assert bounds["scaledobject.max"] == printed["maxReplicaCount"]
            assert one.state in ("Active", "Inactive")
            assert found["kubernetes/deployment/shop/workers"].facts[0].owner == "keda workers"
            hpa = found["kubernetes/hpa/shop/keda-hpa-workers"]
            assert {fact.owner for fact in hpa.facts} == {"keda workers"}
            assert (await told(connector, one.id)).extra["scales"] == "Deployment/workers"
        finally:
            await connector.close()
