"""A leak from the model to the kill and back: who grows, who is killed, and that everyone tells the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import kubernetes
import msgspec
import pytest
from ruamel.yaml import YAML

from connectors.simulator import api, traffic
from connectors.simulator.architecture import architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.crisis import CALM, Crisis
from connectors.simulator.exporters import Cluster as Exported
from connectors.simulator.exporters import samples
from connectors.simulator.flows import Second
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.kubernetes.quantities import bytes_of
from connectors.simulator.model import Model
from connectors.simulator.scenarios import SCENARIOS, Turn
from connectors.simulator.state import opened
from connectors.simulator.tick import Levers, Pods, Tick
from tests.connectors.simulator.sim_cluster import SHOP_DEPLOYMENTS, SHOP_PODS, Client, Cluster, served
from tests.connectors.simulator.sim_levers import shop_levers, shop_now

MIB = 2**20
API_PODS = f"{SHOP_PODS}?labelSelector=app=api"
API_METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app=api"
SHOP = architecture_named("shop")
LIMIT = SHOP.workload("api").memory_limit * MIB
ROOM = 212 * MIB  # that a pod of the tests' cluster has left: it holds 300 MiB of 512


def second(crisis: Crisis, pods: Pods) -> Second:
    return traffic.step(opened(SHOP), shop_now(shop_levers(pods, Pods(4)), crisis))[1]


def test_each_ready_pod_grows_by_its_share_of_what_is_served() -> None:
    leaking = second(replace(CALM, leak=10_000.0), Pods(5))
    assert leaking.served > 100
    assert leaking.passages[0].growth == pytest.approx(10_000 * leaking.served / 5)
    assert second(CALM, Pods(5)).passages[0].growth == 0
    assert second(replace(CALM, leak=10_000.0), Pods(0)).passages[0].growth == 0


def memory(pods: Pods) -> float:
    return api.memory_of(SHOP.fronts[0], SHOP.workload("api"), 0.0, pods)


def test_leaked_memory_counts_up_to_the_limit_and_a_full_heap_costs_cpu() -> None:
    fresh, full = Pods(5), Pods(5, leaked=300.0 * MIB)
    assert memory(full) == memory(fresh) + 300 * MIB
    assert memory(replace(full, leaked=1e12)) == LIMIT
    efforts = [api.effort_of(SHOP.fronts[0], (), 0.0, memory(pods) / LIMIT).cpu for pods in (fresh, full)]
    assert efforts[1] > efforts[0] * 1.1


def test_pods_are_killed_one_by_one_start_again_are_cold_and_come_back() -> None:
    cluster = Cluster()
    life = []
    for _ in range(400):
        cluster.run(1, growth=MIB)
        life.append(cluster.wire.workloads()["api"])
    ready = [pods.ready for pods in life]
    first = ready.index(4)
    assert 164 <= first <= 212  # 212 MiB at 1 MiB a second, less a head start of up to 48
    assert min(ready) >= 1
    assert all(before - after <= 1 for before, after in pairwise(ready))
    back = next(index for index in range(first, 400) if life[index].cold)
    assert 20 <= back - first <= 60
    assert 5 in ready[back:]
    assert life[-1].cold == 0
    assert life[-1].leaked < max(pods.leaked for pods in life) < ROOM


def test_a_killed_pod_is_cold_for_twenty_seconds() -> None:
    cluster = Cluster()
    seconds = 0
    while cluster.wire.workloads()["api"].ready == 5:
        cluster.run(1, growth=MIB)
    for _ in range(120):  # nothing leaks any more
        cluster.run(1)
        seconds += cluster.wire.workloads()["api"].cold
    assert cluster.wire.workloads()["api"].ready == 5
    assert seconds == 20


def test_the_same_seed_kills_the_same_pods_at_the_same_time() -> None:
    def life(seed: int) -> list[Pods]:
        cluster, lived = Cluster(seed), []
        for _ in range(260):
            cluster.run(1, growth=MIB)
            lived.append(cluster.wire.workloads()["api"])
        return lived

    assert life(1) == life(1)
    assert life(1) != life(2)


def _killed(cluster: Cluster) -> list[Any]:
    """The API pods and the events of kills, as the Python client has them."""
    configuration = kubernetes.client.Configuration()
    kubeconfig = YAML(typ="safe").load(cluster.wire.kubeconfig())
    kubernetes.config.load_kube_config_from_dict(kubeconfig, client_configuration=configuration)
    with kubernetes.client.ApiClient(configuration) as client:
        core = kubernetes.client.CoreV1Api(client)
        pods = core.list_namespaced_pod("shop", label_selector="app=api").items
        events = core.list_namespaced_event("shop", field_selector="reason=OOMKilling").items
    return [pods, events]


async def test_a_client_sees_the_restart_its_reason_and_its_event() -> None:
    cluster = Cluster()
    while cluster.wire.workloads()["api"].ready == 5:
        cluster.run(1, growth=MIB)
    async with served(cluster):
        pods, (event,) = await asyncio.to_thread(_killed, cluster)
        (down,) = [pod for pod in pods if pod.status.container_statuses[0].restart_count]
        cluster.run(60)
        again, _ = await asyncio.to_thread(_killed, cluster)
    (container,) = down.status.container_statuses
    end = container.last_state.terminated
    assert (container.restart_count, container.ready, end.reason, end.exit_code) == (1, False, "OOMKilled", 137)
    assert end.finished_at == container.state.running.started_at > end.started_at
    assert (event.type, event.involved_object.uid) == ("Warning", down.metadata.uid)
    (up,) = [pod for pod in again if pod.metadata.uid == down.metadata.uid]
    (healthy,) = up.status.container_statuses
    assert (healthy.ready, healthy.restart_count, healthy.last_state.terminated.reason) == (True, 1, "OOMKilled")
    assert up.status.pod_ip == down.status.pod_ip


async def test_a_raised_memory_limit_is_lived_by() -> None:
    cluster = Cluster()
    container = {"name": "api", "resources": {"limits": {"memory": "1Gi"}}}
    raised = {"spec": {"template": {"spec": {"containers": [container]}}}}
    async with served(cluster) as client:
        code, _ = await client.patch(f"{SHOP_DEPLOYMENTS}/api", raised, "application/strategic-merge-patch+json")
    assert code == 200
    cluster.run(400)
    for _ in range(400):  # beyond the old limit, far from the new one
        cluster.run(1, growth=MIB)
        assert cluster.wire.workloads()["api"].ready == 5


@pytest.mark.parametrize(
    ("quantity", "size"),
    [
        ("512Mi", 512 * MIB),
        ("1.5Gi", 1.5 * 2**30),
        ("1G", 1e9),
        (1000, 1000.0),
        ("", float("inf")),
        ("x", float("inf")),
    ],
)
def test_memory_quantities(quantity: object, size: float) -> None:
    assert bytes_of(quantity) == size


class Shop:
    """The model and the cluster in one loop, as the estate has them, under a leak that no scenario has."""

    def __init__(self, leak: float) -> None:
        leaking = msgspec.structs.replace(SCENARIOS["calm"], turns=(Turn("leak", to=leak, start=10.0),))
        self.wire = KubernetesWire(SimClock(), 7)
        self.model = Model(leaking, 7, workers=4)

    def seconds(self, count: int) -> Iterator[Tick]:
        tick = self._tick(0)
        for t in range(1, count):
            self.wire.step(t, tick)
            tick = self._tick(t)
            yield tick

    def _tick(self, t: int) -> Tick:
        return self.model.step(t, Levers(self.wire.workloads()))


async def _shown(client: Client) -> list[float]:
    items = (await client.get(API_METRICS))["items"]
    return [bytes_of(item["containers"][0]["usage"]["memory"]) for item in items]


async def test_the_model_the_exporters_and_kubectl_top_tell_the_same_bytes() -> None:
    shop = Shop(leak=20_000.0)
    *_, tick = shop.seconds(150)
    exported = {item.labels: item for item in samples(tick, Exported(shop.wire.workloads())) if "working" in item.name}
    (total,) = [item.value for labels, item in exported.items() if ("container", "api") in labels]
    cluster = Cluster()
    cluster.wire = shop.wire
    async with served(cluster) as client:
        shown = await _shown(client)
    assert tick.usage["api"].leaked > 50 * MIB
    assert total == tick.usage["api"].memory * 5
    assert sum(shown) == pytest.approx(total, rel=0.01)  # requests in flight are a second older there
    assert max(shown) > min(shown)


async def test_a_leak_ends_in_kills_and_without_one_nothing_grows() -> None:
    ready = []
    for tick in (shop := Shop(leak=60_000.0)).seconds(600):
        ready.append(shop.wire.workloads()["api"].ready)
        assert tick.usage["api"].memory <= LIMIT
    assert min(ready) < 5
    calm = list((still := Shop(leak=0.0)).seconds(120))
    assert {tick.usage["api"].growth for tick in calm} == {tick.usage["api"].leaked for tick in calm} == {0.0}
    assert still.wire.workloads()["api"].leaked == 0
