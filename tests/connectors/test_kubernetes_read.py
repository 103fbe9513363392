"""What is made of deployments and autoscalers: counts from status, owners, marks, and the words that matter."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from connectors.kubernetes.marks import ANNOTATION
from connectors.kubernetes.objects import Autoscaler, Workload
from connectors.kubernetes.owners import manager, scalers
from connectors.kubernetes.read import Reading
from connectors.kubernetes.scaling import observed_autoscaler
from connectors.kubernetes.workloads import observed_workload
from console.model.change import Mark
from console.model.signal import Unit
from console.model.snapshot import Observed
from tests.connectors.small_cluster import autoscaler, deployment

READING = Reading("kubernetes", 100.0)


def workload(document: dict[str, Any], scaler: str = "") -> Observed:
    return observed_workload("deployment", msgspec.convert(document, Workload), scaler, READING)


def hpa(document: dict[str, Any]) -> Observed:
    return observed_autoscaler(msgspec.convert(document, Autoscaler), READING)


def signals(seen: Observed) -> dict[str, float | None]:
    return {signal.name: signal.value for signal in seen.signals}


def test_a_deployment() -> None:
    document = deployment("api")
    document["status"] |= {"readyReplicas": 3, "availableReplicas": 3, "unavailableReplicas": 1}
    seen = workload(document, "hpa api")
    assert seen.id == "kubernetes/deployment/shop/api"
    assert signals(seen) == {"desired": 4, "ready": 3, "unavailable": 1, "updated": 4}
    assert seen.state == "Progressing"
    (replicas,) = seen.facts
    assert (replicas.name, replicas.value, replicas.version, replicas.owner) == ("replicas", 4, "1", "hpa api")


def test_counts_that_the_server_leaves_out_are_zero() -> None:
    document = deployment("api")
    document["status"] = {}
    assert signals(workload(document)) == {"desired": 4, "ready": 0, "unavailable": 4, "updated": 0}


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "Available"),
        ({"spec": {"replicas": 9}}, "Progressing"),
        ({"metadata": {"generation": 2}}, "Progressing"),
        ({"spec": {"paused": True}}, "Paused"),
    ],
)
def test_a_deployments_state(change: dict[str, dict[str, Any]], state: str) -> None:
    document = deployment("api")
    for part, values in change.items():
        document[part] |= values
    assert workload(document).state == state


def test_a_quota_that_stops_pods_is_said() -> None:
    document = deployment("api")
    document["status"]["conditions"] = [
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"},
    ]
    assert workload(document).notes == ("FailedCreate",)


def test_an_autoscaler_at_its_maximum() -> None:
    document = autoscaler()
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 214}}}
    document["status"] = {"currentReplicas": 20, "desiredReplicas": 20, "currentMetrics": [current]}
    document["status"]["conditions"] = [
        {"type": "ScalingActive", "status": "True"},
        {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"},
    ]
    seen = hpa(document)
    assert seen.id == "kubernetes/hpa/shop/api"
    assert signals(seen) == {"hpa.current": 20, "hpa.desired": 20, "hpa.cpu": 2.14, "hpa.demand": 214 / 70}
    assert seen.signals[2].unit is Unit.RATIO
    assert {fact.name: fact.value for fact in seen.facts} == {
        "hpa.min": 5,
        "hpa.max": 20,
        "hpa.cpu": 70,
        "hpa.scale_down": "default",
    }
    assert (seen.state, seen.notes) == ("ScalingLimited", ("at max",))


def test_an_autoscaler_without_metrics_is_unknown_and_not_idle() -> None:
    document = autoscaler()
    document["status"]["conditions"] = [
        {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}
    ]
    seen = hpa(document)
    assert signals(seen)["hpa.cpu"] is None
    assert seen.signals[2].note == "no CPU metric"
    assert (seen.state, seen.notes) == ("Inactive", ("FailedGetResourceMetric",))


def test_marks_are_read_with_their_fact() -> None:
    document = autoscaler()
    mark = {
        "run": "r1",
        "step": "s",
        "seq": 1,
        "fact": "hpa.max",
        "before": 10,
        "after": 20,
        "until": 5.0,
        "new": "field",
    }
    document["metadata"]["annotations"] = {ANNOTATION: json.dumps([mark])}
    facts = {fact.name: fact for fact in hpa(document).facts}
    assert facts["hpa.max"].marks == (Mark("r1", "s", 10, 20, 5.0, seq=1),)
    assert facts["hpa.min"].marks == ()


def test_marks_that_cannot_be_read_are_said() -> None:
    document = autoscaler()
    document["metadata"]["annotations"] = {ANNOTATION: "oops"}
    assert "marks unreadable" in hpa(document).notes


def test_whoever_scales_owns_the_replicas() -> None:
    keda = autoscaler()
    keda["metadata"] |= {
        "name": "keda-hpa-jobs",
        "ownerReferences": [{"kind": "ScaledObject", "name": "jobs", "controller": True}],
    }
    keda["spec"]["scaleTargetRef"] = {"kind": "StatefulSet", "name": "jobs"}
    one, other = (msgspec.convert(document, Autoscaler) for document in (autoscaler(), keda))
    assert scalers((one, other)) == {
        ("shop", "Deployment", "api"): "hpa api",
        ("shop", "StatefulSet", "jobs"): "keda jobs",
    }
    assert {fact.owner for fact in hpa(keda).facts} == {"keda jobs"}


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({}, ""),
        ({"labels": {"argocd.argoproj.io/instance": "shop"}}, "argocd shop"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/api"}}, "argocd shop"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "flux apps"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "shop"}}, "flux shop"),
        ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "helm shop"),
        ({"ownerReferences": [{"kind": "Kafka", "name": "main", "controller": True}]}, "kafka main"),
        ({"ownerReferences": [{"kind": "Kafka", "name": "main"}]}, ""),
    ],
)
def test_who_else_sets_an_object(metadata: dict[str, Any], owner: str) -> None:
    document = deployment("api")
    document["metadata"] |= metadata
    assert manager(msgspec.convert(document, Workload).metadata) == owner
