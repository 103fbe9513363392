"""The controllers over simulated time, without a wire: pods start late, the autoscaler follows, nothing is lost."""

from __future__ import annotations

import time
from typing import Any

from connectors.simulator.tick import Pods
from tests.connectors.simulator.sim_cluster import Cluster, served

HPA = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/api"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"


def test_the_shop_opens_ready_and_warm() -> None:
    cluster = Cluster()
    assert cluster.wire.workloads() == {
        "gateway": Pods(3, 0, 3),
        "api": Pods(5, 0, 5),
        "workers": Pods(4, 0, 4),
        "web": Pods(2, 0, 2),
        "database-replica": Pods(0, 0, 0),
    }
    cluster.run(60)
    assert cluster.wire.hpas() == {"api": (5, 20, 5, 5)}


def test_a_spike_fills_the_autoscaler_and_new_pods_take_their_time() -> None:
    cluster = Cluster()
    desired, ready, cold = [], [], []
    for _ in range(180):
        cluster.run(1, api=2.0)
        pods = cluster.wire.workloads()["api"]
        desired.append(pods.desired)
        ready.append(pods.ready)
        cold.append(pods.cold)
    assert desired[13] == 5
    assert desired[14] == 10  # the first sync: doubled
    assert desired[-1] == 20  # the maximum
    assert ready[14 + 19] == 5  # no pod is ready before 20 s
    assert ready[14 + 60] >= 10  # all of the first batch after 60 s
    assert max(cold) > 0
    assert cold[-1] == 0


def test_a_calm_cluster_is_held_for_five_minutes_then_shrinks() -> None:
    cluster = Cluster()
    cluster.run(180, api=2.0)
    cluster.run(285, api=0.2)
    assert cluster.wire.workloads()["api"].desired == 20
    cluster.run(30, api=0.2)
    assert cluster.wire.workloads()["api"].desired == 6  # ceil(20 · 0.2 / 0.7)
    cluster.run(330, api=0.2)
    assert cluster.wire.workloads()["api"] == Pods(5, 0, 5)


def test_the_same_seed_lives_the_same_life_and_another_does_not() -> None:
    lives = []
    for seed in (1, 1, 2):
        cluster = Cluster(seed)
        life = []
        for _ in range(120):
            cluster.run(1, api=2.0)
            life.append(cluster.wire.workloads()["api"])
        lives.append(life)
    assert lives[0] == lives[1]
    assert lives[0] != lives[2]


def test_a_quiet_second_costs_next_to_nothing() -> None:
    cluster = Cluster()
    cluster.run(180, api=2.0)
    cluster.run(20, api=0.7)
    best = float("inf")
    for _ in range(20):
        started = time.perf_counter()
        cluster.run(10, api=0.7)
        cluster.wire.workloads()
        best = min(best, (time.perf_counter() - started) / 10)
    assert best < 0.0003


async def _hpa(cluster: Cluster, spec: dict[str, Any]) -> dict[str, Any]:
    async with served(cluster) as client:
        code, body = await client.patch(HPA, {"spec": spec})
        assert code == 200, body
        return dict(body)


async def test_raising_the_minimum_acts_at_the_next_sync_and_says_so() -> None:
    cluster = Cluster()
    await _hpa(cluster, {"minReplicas": 8})
    cluster.run(15)
    assert cluster.wire.workloads()["api"].desired == 8
    async with served(cluster) as client:
        events = await client.get("/api/v1/namespaces/shop/events?fieldSelector=reason=SuccessfulRescale")
        status = (await client.get(HPA))["status"]
    assert [item["message"] for item in events["items"]] == [
        "New size: 8; reason: Current number of replicas below Spec.MinReplicas"
    ]
    assert status["desiredReplicas"] == 8
    assert {item["type"]: item["status"] for item in status["conditions"]} == {
        "AbleToScale": "True",
        "ScalingActive": "True",
        "ScalingLimited": "True",
    }
    cluster.run(75)
    assert cluster.wire.workloads()["api"].ready == 8


async def test_lowering_the_maximum_kills_the_surplus_at_once() -> None:
    cluster = Cluster()
    cluster.run(180, api=2.0)
    await _hpa(cluster, {"maxReplicas": 7})
    cluster.run(15, api=2.0)
    assert cluster.wire.workloads()["api"] == Pods(7, 0, 7)


async def test_a_disabled_scale_down_stays_up_and_defaults_fill_the_other_direction() -> None:
    cluster = Cluster()
    body = await _hpa(cluster, {"behavior": {"scaleDown": {"selectPolicy": "Disabled"}}})
    assert body["spec"]["behavior"]["scaleUp"]["policies"] == [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ]
    assert body["spec"]["behavior"]["scaleDown"] == {
        "selectPolicy": "Disabled",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    }
    cluster.run(180, api=2.0)
    cluster.run(700, api=0.1)
    assert cluster.wire.workloads()["api"].desired == 20


async def test_replicas_under_an_autoscaler_are_taken_back() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        await client.patch(f"{DEPLOYMENTS}/api", {"spec": {"replicas": 2}})
    cluster.run(1)
    assert cluster.wire.workloads()["api"].desired == 2
    cluster.run(14)
    assert cluster.wire.workloads()["api"].desired == 5


async def test_a_deployment_at_zero_switches_its_autoscaler_off() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        await client.patch(f"{DEPLOYMENTS}/api", {"spec": {"replicas": 0}})
        cluster.run(30)
        status = (await client.get(HPA))["status"]
    assert cluster.wire.workloads()["api"] == Pods(0, 0, 0)
    active = next(item for item in status["conditions"] if item["type"] == "ScalingActive")
    assert (active["status"], active["reason"]) == ("False", "ScalingDisabled")


async def test_a_scale_down_takes_unready_pods_first_and_lets_them_end() -> None:
    cluster = Cluster()
    path = f"{DEPLOYMENTS}/web"
    async with served(cluster) as client:
        await client.patch(path, {"spec": {"replicas": 4}})
        cluster.run(5)
        await client.patch(path, {"spec": {"replicas": 2}})
        cluster.run(1)
        pods = (await client.get("/api/v1/namespaces/shop/pods?labelSelector=app=web"))["items"]
        leaving = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
        assert len(leaving) == 2
        assert not any(item["ready"] for pod in leaving for item in pod["status"]["containerStatuses"])
        assert cluster.wire.workloads()["web"] == Pods(2, 0, 2)
        cluster.run(10)
        left = (await client.get("/api/v1/namespaces/shop/pods?labelSelector=app=web"))["items"]
    assert len(left) == 2


async def test_a_new_template_rolls_without_losing_more_than_allowed() -> None:
    cluster = Cluster()
    path = f"{DEPLOYMENTS}/workers"
    image = {"spec": {"template": {"spec": {"containers": [{"name": "workers", "image": "shop/workers:3"}]}}}}
    async with served(cluster) as client:
        code, _ = await client.patch(path, image, "application/strategic-merge-patch+json")
        assert code == 200
        fewest = 4
        for _ in range(400):
            cluster.run(1)
            fewest = min(fewest, cluster.wire.workloads()["workers"].ready)
        sets = (await client.get("/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app=workers"))["items"]
        status = (await client.get(path))["status"]
    assert fewest == 3  # 4 less 25 %
    assert sorted(item["spec"]["replicas"] for item in sets) == [0, 4]
    assert status["updatedReplicas"] == status["readyReplicas"] == 4
    assert cluster.wire.workloads()["workers"].ready == 4


async def test_deleting_a_deployment_takes_its_replica_sets_and_pods_with_it() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        code, body = await client.call("DELETE", f"{DEPLOYMENTS}/web")
        assert (code, body["status"]) == (200, "Success")
        cluster.run(10)
        assert (await client.get("/api/v1/namespaces/shop/pods?labelSelector=app=web"))["items"] == []
        assert (await client.get("/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app=web"))["items"] == []
    assert "web" not in cluster.wire.workloads()


async def test_a_quota_on_pods_stops_a_scale_up() -> None:
    cluster = Cluster()
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "15"}}}
    async with served(cluster) as client:
        assert (await client.call("POST", "/api/v1/namespaces/shop/resourcequotas", quota))[0] == 201
        await client.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 9}})
        cluster.run(90)
        status = (await client.get("/api/v1/namespaces/shop/resourcequotas/small"))["status"]
        events = await client.get("/api/v1/namespaces/shop/events?fieldSelector=reason=FailedCreate")
    assert cluster.wire.workloads()["web"].ready == 3  # fourteen pods stood, one more fits
    assert status["used"] == {"pods": "15"}
    assert events["items"]


async def test_eviction_honours_the_budget() -> None:
    cluster = Cluster()
    codes = []
    async with served(cluster) as client:
        cluster.run(1)
        for pod in (await client.get("/api/v1/namespaces/shop/pods?labelSelector=app=api"))["items"][:3]:
            name = pod["metadata"]["name"]
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "shop"}}
            code, body = await client.call("POST", f"/api/v1/namespaces/shop/pods/{name}/eviction", eviction)
            codes.append((code, body.get("reason", "")))
    assert codes == [(201, ""), (201, ""), (429, "TooManyRequests")]  # five pods, 60 % must stay


async def test_history_is_stamped_with_the_time_it_is_about() -> None:
    cluster = Cluster()
    cluster.t = -601
    async with served(cluster) as client:
        await client.patch(HPA, {"spec": {"minReplicas": 6}})
        cluster.run(30)  # back-filled: from t = -600
        events = (await client.get("/api/v1/namespaces/shop/events?fieldSelector=reason=SuccessfulRescale"))["items"]
    assert [event["metadata"]["creationTimestamp"] for event in events] == [
        "2025-10-09T08:43:20Z"
    ]  # wall time of t = -600
