"""Controllers that put values back: a GitOps one after its time, a KEDA-like one at once."""

from __future__ import annotations

from typing import Any

from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.kubernetes.gitops import HEALED_SECONDS, MANAGER
from connectors.simulator.kubernetes.options import KubernetesOptions
from connectors.simulator.tick import Cache, Group, Partition, Tick, Usage
from tests.connectors.simulator.sim_cluster import OPENED, SHOP_DEPLOYMENTS, SHOP_HPAS, Cluster, served

SCALED_OBJECTS = "/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects"


def _cluster(gitops: bool = False, keda: bool = False) -> Cluster:
    cluster = Cluster()
    cluster.wire = KubernetesWire(SimClock(wall=cluster.time), 7, KubernetesOptions(gitops=gitops, keda=keda))
    cluster.run(15)
    return cluster


def _late(cluster: Cluster, seconds: int, lag: int) -> None:
    """So many seconds in which the group of the orders owes ``lag`` messages."""
    group = Group("orders", "Stable", 4, (Partition("orders", 0, 0, lag, 0),))
    cache = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0)
    for _ in range(seconds):
        cluster.t += 1
        cluster.time.now = OPENED + cluster.t
        used = {"api": Usage(0.5, 2.0**28), "workers": Usage(0.4, 2.0**27)}
        cluster.wire.step(cluster.t, Tick(cluster.t, cache, (group,), used))


def _managers(obj: dict[str, Any]) -> set[str]:
    return {entry["manager"] for entry in obj["metadata"]["managedFields"]}


async def test_git_puts_its_fields_back_after_its_time_and_leaves_others() -> None:
    cluster = _cluster(gitops=True)
    async with served(cluster) as client:
        before = await client.get(f"{SHOP_DEPLOYMENTS}/workers")
        assert (
            before["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] == "shop:apps/Deployment:shop/workers"
        )
        assert before["metadata"]["labels"]["argocd.argoproj.io/instance"] == "shop"
        assert MANAGER in _managers(before)
        await client.patch(f"{SHOP_DEPLOYMENTS}/workers", {"spec": {"replicas": 9, "minReadySeconds": 1}})
        await client.patch(f"{SHOP_DEPLOYMENTS}/api", {"spec": {"replicas": 6}})
        await client.patch(f"{SHOP_HPAS}/api", {"spec": {"minReplicas": 6, "maxReplicas": 50}})
        cluster.run(HEALED_SECONDS - 1, api=0.7)
        assert cluster.wire.hpas()["api"][:2] == (6, 50)
        cluster.run(2, api=0.7)
        assert cluster.wire.hpas()["api"][:2] == (5, 20)
        after = await client.get(f"{SHOP_DEPLOYMENTS}/workers")
    assert (after["spec"]["replicas"], after["spec"]["minReadySeconds"]) == (4, 1)
    assert cluster.wire.workloads()["api"].desired == 6  # an autoscaler's, so not git's


async def test_a_template_and_a_whole_object_come_back_but_a_restart_stays() -> None:
    cluster = _cluster(gitops=True)
    restarted = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}
    image = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop/web:9"}]}}}}
    async with served(cluster) as client:
        declared = (await client.get(f"{SHOP_DEPLOYMENTS}/web"))["spec"]["template"]["spec"]["containers"][0]["image"]
        await client.patch(f"{SHOP_DEPLOYMENTS}/web", restarted)
        await client.patch(f"{SHOP_DEPLOYMENTS}/web", image, "application/strategic-merge-patch+json")
        await client.call("DELETE", f"{SHOP_HPAS}/api")
        cluster.run(HEALED_SECONDS + 1)
        web = (await client.get(f"{SHOP_DEPLOYMENTS}/web"))["spec"]["template"]
    assert web["spec"]["containers"][0]["image"] == declared
    assert web["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "now"}
    assert cluster.wire.hpas()["api"][:2] == (5, 20)


async def test_keda_owns_an_autoscaler_on_lag_and_takes_edits_of_it_back_at_once() -> None:
    cluster = _cluster(keda=True)
    assert cluster.wire.hpas()["keda-hpa-workers"] == (4, 8, 4, 4)
    async with served(cluster) as client:
        owner = (await client.get(f"{SHOP_HPAS}/keda-hpa-workers"))["metadata"]["ownerReferences"][0]
        assert (owner["kind"], owner["name"]) == ("ScaledObject", "workers")
        await client.patch(f"{SHOP_HPAS}/keda-hpa-workers", {"spec": {"maxReplicas": 80}})
        cluster.run(1)
        assert cluster.wire.hpas()["keda-hpa-workers"][1] == 8
        _late(cluster, 15, lag=2600)  # 500 a replica: six are needed
        assert cluster.wire.workloads()["workers"].desired == 6
        _late(cluster, 15, lag=100_000)
        assert cluster.wire.workloads()["workers"].desired == 8
        hpa = await client.get(f"{SHOP_HPAS}/keda-hpa-workers")
        (scaled,) = (await client.get(SCALED_OBJECTS))["items"]
    assert hpa["status"]["currentMetrics"][0]["external"]["metric"]["name"] == "s0-kafka-orders"
    assert {item["type"]: item["status"] for item in scaled["status"]["conditions"]} == {
        "Ready": "True",
        "Active": "True",
        "Fallback": "False",
        "Paused": "False",
    }


async def test_a_paused_scaled_object_holds_still_and_an_edited_one_is_lived_by() -> None:
    cluster = _cluster(keda=True)
    path = f"{SCALED_OBJECTS}/workers"
    async with served(cluster) as client:
        await client.patch(path, {"spec": {"maxReplicaCount": 30}})
        cluster.run(1)
        assert cluster.wire.hpas()["keda-hpa-workers"][1] == 30
        held = {"metadata": {"annotations": {"autoscaling.keda.sh/paused-replicas": "2"}}}
        await client.patch(path, held)
        cluster.run(1)
        assert cluster.wire.workloads()["workers"].desired == 2
        assert "keda-hpa-workers" not in cluster.wire.hpas()
        await client.patch(path, {"metadata": {"annotations": {"autoscaling.keda.sh/paused-replicas": None}}})
        cluster.run(16)
    assert cluster.wire.workloads()["workers"].desired == 4  # the minimum of the autoscaler that is there again


async def test_without_work_and_without_a_minimum_there_are_no_pods_until_there_is_some() -> None:
    cluster = _cluster(keda=True)
    async with served(cluster) as client:
        code, _ = await client.patch(
            f"{SCALED_OBJECTS}/workers", {"spec": {"minReplicaCount": 0, "cooldownPeriod": 60}}
        )
    assert code == 200
    _late(cluster, 95, lag=0)
    assert cluster.wire.workloads()["workers"].desired == 0
    _late(cluster, 31, lag=5)
    assert cluster.wire.workloads()["workers"].desired == 1


def test_neither_is_there_unless_it_was_asked_for() -> None:
    assert set(_cluster().wire.hpas()) == {"api"}
