"""Autoscalers on more than CPU: several metrics, external ones, missing ones, and what each says of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from connectors.simulator.kubernetes.conversion import cpu_metric
from tests.connectors.simulator.sim_cluster import SHOP_HPAS, Client, Cluster, served
from tests.connectors.simulator.sim_kubectl import FOUND, VERSIONS, Command

API = f"{SHOP_HPAS}/api"


def _memory(percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "memory", "target": target}}


def _external(name: str, each: str) -> dict[str, Any]:
    target = {"type": "AverageValue", "averageValue": each}
    return {"type": "External", "external": {"metric": {"name": name}, "target": target}}


async def _synced(client: Client, cluster: Cluster, metrics: list[dict[str, Any]], **load: float) -> dict[str, Any]:
    code, body = await client.patch(API, {"spec": {"metrics": metrics}})
    assert code == 200, body
    cluster.run(15, **load)
    return dict((await client.get(API))["status"])


def _reasons(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {item["type"]: (item["status"], item["reason"]) for item in status["conditions"]}


async def test_the_metric_that_wants_most_decides() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        status = await _synced(client, cluster, [cpu_metric(70), _memory(80)], api=0.5)
        events = await client.get("/api/v1/namespaces/shop/events?fieldSelector=reason=SuccessfulRescale")
    assert cluster.wire.workloads()["api"].desired == 8  # 300 MiB of 256 are 117 % of a target of 80
    assert [item["resource"]["name"] for item in status["currentMetrics"]] == ["cpu", "memory"]
    assert "New size: 8; reason: memory resource utilization (percentage of request) above target" in [
        item["message"] for item in events["items"]
    ]


async def test_a_missing_metric_forbids_to_shrink_and_not_to_grow() -> None:
    cluster = Cluster()
    nobody = _external("queue_length", "30")
    async with served(cluster) as client:
        await _synced(client, cluster, [cpu_metric(70)], api=1.4)
        assert cluster.wire.workloads()["api"].desired == 10
        cluster.run(120, api=0.7)
        status = await _synced(client, cluster, [cpu_metric(70), nobody], api=0.1)
        assert _reasons(status)["ScalingActive"] == ("False", "FailedGetExternalMetric")
        cluster.run(600, api=0.1)
        assert cluster.wire.workloads()["api"].desired == 10
        status = await _synced(client, cluster, [cpu_metric(70), nobody], api=1.4)
    assert cluster.wire.workloads()["api"].desired == 20
    assert _reasons(status)["AbleToScale"] == ("True", "SucceededRescale")


async def test_policies_of_both_ways_hold_it_and_conditions_say_so() -> None:
    cluster = Cluster()
    slow = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}], "stabilizationWindowSeconds": 0}
    async with served(cluster) as client:
        await client.patch(API, {"spec": {"behavior": {"scaleUp": slow, "scaleDown": slow}}})
        cluster.run(60, api=2.0)
        assert cluster.wire.workloads()["api"].desired == 6
        cluster.run(60, api=2.0)
        assert cluster.wire.workloads()["api"].desired == 7
        cluster.run(60, api=0.1)
        assert cluster.wire.workloads()["api"].desired == 6
        await client.patch(API, {"spec": {"scaleTargetRef": {"name": "none"}}})
        cluster.run(15)
        status = (await client.get(API))["status"]
    assert _reasons(status) == {"AbleToScale": ("False", "FailedGetScale")}


@FOUND
@VERSIONS
async def test_autoscale_and_describe(tmp_path: Path, binary: Path) -> None:
    cluster = Cluster()
    cluster.run(15)
    kubectl = Command(tmp_path, binary)
    async with served(cluster):
        kubectl.point(cluster)
        made = await kubectl("autoscale", "deploy/web", "--min=3", "--max=6", "--cpu-percent=50")
        assert made == "horizontalpodautoscaler.autoscaling/web autoscaled\n"
        cluster.run(15)
        described = await kubectl("describe", "hpa", "web")
        row = (await kubectl("get", "hpa", "web")).splitlines()[1].split()
    assert re.search(r"AbleToScale +True +SucceededRescale", described)
    assert "New size: 3; reason: Current number of replicas below Spec.MinReplicas" in described
    assert row[-5:-1] == ["25%/50%", "3", "6", "2"]
    assert cluster.wire.workloads()["web"].desired == 3


async def test_what_is_not_measured_is_told_by_an_event_without_the_conditions_preface() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        await _synced(client, cluster, [_external("lag", "5")])
        events = await client.get("/api/v1/namespaces/shop/events?fieldSelector=reason=FailedGetExternalMetric")
    (event,) = events["items"]
    assert event["message"] == "unable to get external metric lag: no metrics returned from external metrics API"
