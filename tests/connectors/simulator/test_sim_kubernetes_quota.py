"""Quotas on everything that they can name, and budgets in all their forms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.simulator.sim_cluster import SHOP_DEPLOYMENTS, SHOP_PODS, Client, Cluster, served

QUOTAS = "/api/v1/namespaces/shop/resourcequotas"
BUDGETS = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
EVENTS = "/api/v1/namespaces/shop/events?fieldSelector=reason=FailedCreate"


async def _limited(client: Client, hard: dict[str, str]) -> None:
    code, body = await client.call("POST", QUOTAS, {"metadata": {"name": "compute"}, "spec": {"hard": hard}})
    assert code == 201, body


async def test_what_is_used_is_shown_in_the_quotas_own_units() -> None:
    cluster = Cluster()
    hard = {
        "requests.cpu": "20",
        "requests.memory": "8Gi",
        "limits.cpu": "40",
        "pods": "50",
        "count/deployments.apps": "9",
    }
    async with served(cluster) as client:
        await _limited(client, {**hard, "services": "9", "configmaps": "9"})
        cluster.run(1)
        used = (await client.get(f"{QUOTAS}/compute"))["status"]["used"]
    assert used == {
        "requests.cpu": "5450m",  # 3 · 250m + 9 · 500m + 2 · 100m
        "requests.memory": "2816Mi",
        "limits.cpu": "13",
        "pods": "14",
        "count/deployments.apps": "4",
        "services": "4",
        "configmaps": "1",
    }


async def test_a_scale_up_beyond_a_quota_is_refused_in_real_words_until_there_is_room() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        await _limited(client, {"requests.cpu": "6"})
        await client.patch(f"{SHOP_DEPLOYMENTS}/workers", {"spec": {"replicas": 6}})
        cluster.run(2)
        status = (await client.get(f"{SHOP_DEPLOYMENTS}/workers"))["status"]
        assert (status["replicas"], status["unavailableReplicas"]) == (5, 2)  # one pod starts, one is not even made
        conditions = status["conditions"]
        (failure,) = [item for item in conditions if item["type"] == "ReplicaFailure"]
        assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
        wanted = (
            "is forbidden: exceeded quota: compute, requested: requests.cpu=500m, used: requests.cpu=5950m, limited"
        )
        assert f"{wanted}: requests.cpu=6" in failure["message"]
        events = (await client.get(EVENTS))["items"]
        assert all(event["message"].startswith('Error creating: pods "workers-') for event in events)
        await client.patch(f"{QUOTAS}/compute", {"spec": {"hard": {"requests.cpu": "9"}}})
        cluster.run(80)
        conditions = (await client.get(f"{SHOP_DEPLOYMENTS}/workers"))["status"]["conditions"]
    assert cluster.wire.workloads()["workers"].ready == 6
    assert "ReplicaFailure" not in {item["type"] for item in conditions}


async def test_what_a_quota_refuses_for_long_is_tried_now_and_then_and_costs_nothing_between() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        await _limited(client, {"pods": "14"})
        await client.patch(f"{SHOP_DEPLOYMENTS}/workers", {"spec": {"replicas": 60}})
        cluster.run(5)
        before = int((await client.get(QUOTAS))["metadata"]["resourceVersion"])
        cluster.run(60)
        after = int((await client.get(QUOTAS))["metadata"]["resourceVersion"])
        events = (await client.get(EVENTS))["items"]
    assert 2 <= len(events) <= 8  # a try each 15 s, each for a pod of another name
    assert after - before < 60


async def test_clients_are_refused_too() -> None:
    cluster = Cluster()
    pod = {"metadata": {"name": "alone"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    async with served(cluster) as client:
        await _limited(client, {"count/configmaps": "1", "limits.memory": "64Gi"})
        code, body = await client.call("POST", "/api/v1/namespaces/shop/configmaps", {"metadata": {"name": "x"}})
        assert (code, body["reason"]) == (403, "Forbidden")
        code, body = await client.call("POST", SHOP_PODS, pod)
    assert code == 403
    assert body["message"] == 'pods "alone" is forbidden: failed quota: compute: must specify limits.memory for: a'


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({"minAvailable": 4}, (5, 4, 1, 5)),
        ({"minAvailable": "50%"}, (5, 3, 2, 5)),
        ({"maxUnavailable": 2}, (5, 3, 2, 5)),
        ({"maxUnavailable": "30%"}, (5, 3, 2, 5)),  # rounded up
        ({"minAvailable": 9}, (5, 9, 0, 5)),
    ],
)
async def test_a_budget_counts_as_documented(spec: dict[str, Any], counts: tuple[int, ...]) -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        await client.call("DELETE", f"{BUDGETS}/api")
        made = {"metadata": {"name": "own"}, "spec": {**spec, "selector": {"matchLabels": {"app": "api"}}}}
        assert (await client.call("POST", BUDGETS, made))[0] == 201
        cluster.run(1)
        status = (await client.get(f"{BUDGETS}/own"))["status"]
    names = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods")
    assert tuple(status[name] for name in names) == counts


async def test_a_refused_eviction_says_why_and_two_budgets_are_one_too_many() -> None:
    cluster = Cluster()
    async with served(cluster) as client:
        await client.patch(f"{BUDGETS}/api", {"spec": {"minAvailable": 5}})
        name = (await client.get(f"{SHOP_PODS}?labelSelector=app=api"))["items"][0]["metadata"]["name"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "shop"}}
        code, body = await client.call("POST", f"{SHOP_PODS}/{name}/eviction", eviction)
        assert (code, body["message"]) == (429, "Cannot evict pod as it would violate the pod's disruption budget.")
        why = "The disruption budget api needs 5 healthy pods and has 5 currently"
        assert body["details"]["causes"][0]["message"] == why
        other = {
            "metadata": {"name": "other"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "api"}}},
        }
        await client.call("POST", BUDGETS, other)
        code, body = await client.call("POST", f"{SHOP_PODS}/{name}/eviction", eviction)
    assert code == 500
    assert "more than one PodDisruptionBudget" in body["message"]
