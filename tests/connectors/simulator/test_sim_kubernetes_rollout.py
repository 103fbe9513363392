"""What always holds while a cluster is pushed about, and the arithmetic of a rollout on its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.kubernetes.sizes import Bounds, Group, bounds, proportioned, rolled, share
from tests.connectors.simulator.sim_cluster import SHOP_DEPLOYMENTS, SHOP_HPAS, SHOP_PODS, Client, Cluster, served

WEB = f"{SHOP_DEPLOYMENTS}/web"


@pytest.mark.parametrize(
    ("wanted", "surge", "unavailable", "limits"),
    [
        (10, "25%", "25%", Bounds(10, 3, 2)),  # surge is rounded up, unavailable down
        (4, "25%", "25%", Bounds(4, 1, 1)),
        (1, "25%", "25%", Bounds(1, 1, 0)),
        (5, 0, 0, Bounds(5, 0, 1)),  # both nothing: one may be missing
        (5, 2, 0, Bounds(5, 2, 0)),
        (0, "25%", "25%", Bounds(0, 0, 0)),
    ],
)
def test_bounds_of_a_rolling_update(wanted: int, surge: object, unavailable: object, limits: Bounds) -> None:
    assert bounds(wanted, surge, unavailable) == limits


def test_a_scale_in_mid_rollout_is_shared_by_size() -> None:
    """The documentation's example: 10 replicas, surge 3, 8 old and 5 new; to 15: three of the five go to the old."""
    old, new = Group("old", 8, 8, most=13), Group("new", 5, 0, most=13)
    assert proportioned(Bounds(15, 3, 2), new, [old]) == {"old": 11, "new": 7}


_GROUPS = st.builds(lambda size, up: (size, min(size, up)), st.integers(0, 20), st.integers(0, 20))


@settings(max_examples=200)
@given(st.integers(0, 20), st.integers(0, 5), st.integers(0, 5), _GROUPS, st.lists(_GROUPS, max_size=3))
def test_a_step_keeps_within_surge_and_floor(
    wanted: int, surge: int, unavailable: int, new: tuple[int, int], old: list[tuple[int, int]]
) -> None:
    limits = bounds(wanted, surge, unavailable)
    groups = [Group(f"old-{number}", *sizes) for number, sizes in enumerate(old)]
    present = Group("new", *new)
    sizes = rolled(limits, present, groups)
    before = {group.name: group.replicas for group in (*groups, present)}
    after = {**before, **sizes}
    assert all(size >= 0 for size in after.values())
    assert sum(after.values()) <= max(sum(before.values()), limits.wanted + limits.surge)
    left = sum(min(group.available, after[group.name]) for group in (*groups, present))
    had = sum(group.available for group in (*groups, present))
    if present.replicas <= limits.wanted:  # a plain scale-down may take available ones
        assert left >= min(had, limits.floor)


def test_shares_are_counts_or_percentages() -> None:
    assert [share("30%", 10, up=True), share("25%", 10, up=False), share(4, 10, up=True)] == [3, 2, 4]


_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("scale"), st.integers(0, 9)),
        st.tuples(st.just("image"), st.integers(0, 3)),
        st.tuples(st.just("evict"), st.integers(0, 9)),
        st.tuples(st.just("minimum"), st.integers(1, 9)),
        st.tuples(st.just("cordon"), st.integers(0, 3)),
        st.tuples(st.just("run"), st.integers(1, 70)),
    ),
    max_size=12,
)


async def _act(client: Client, cluster: Cluster, what: str, number: int) -> None:
    if what == "scale":
        await client.patch(WEB, {"spec": {"replicas": number}})
    elif what == "image":
        containers = [{"name": "web", "image": f"shop/web:{number}" if number else "shop/web:broken"}]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        await client.patch(WEB, patch, "application/strategic-merge-patch+json")
    elif what == "minimum":
        await client.patch(f"{SHOP_HPAS}/api", {"spec": {"minReplicas": number}})
    elif what == "cordon":
        await client.patch(f"/api/v1/nodes/node-{number}", {"spec": {"unschedulable": True}})
    elif what == "evict":
        await _evict(client, number)
    for _ in range(number if what == "run" else 2):
        cluster.run(1)
        await _check(client, cluster)


async def _evict(client: Client, number: int) -> None:
    """One pod of the API, which has a budget: an eviction that is allowed leaves the budget whole."""
    pods = (await client.get(f"{SHOP_PODS}?labelSelector=app=api"))["items"]
    if pods:
        name = pods[number % len(pods)]["metadata"]["name"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "shop"}}
        code, _ = await client.call("POST", f"{SHOP_PODS}/{name}/eviction", eviction)
        assert code in (201, 429)
        if code == 201:
            pdb = await client.get("/apis/policy/v1/namespaces/shop/poddisruptionbudgets/api")
            assert pdb["status"]["currentHealthy"] >= pdb["status"]["desiredHealthy"] - 1


async def _check(client: Client, cluster: Cluster) -> None:
    for deployment in (await client.get(SHOP_DEPLOYMENTS))["items"]:
        status, wanted = deployment["status"], deployment["spec"]["replicas"]
        assert status.get("readyReplicas", 0) <= status.get("replicas", 0)
        assert status.get("updatedReplicas", 0) <= status.get("replicas", 0)
        assert status.get("replicas", 0) <= wanted + -(-wanted // 4)  # 25 % of surge
        assert status["observedGeneration"] == deployment["metadata"]["generation"]
    low, high, _, desired = cluster.wire.hpas()["api"]
    assert desired == 0 or cluster.t % 15 or low <= desired <= high


async def _life(actions: list[tuple[str, int]]) -> list[Any]:
    cluster = Cluster()
    cluster.run(15)
    async with served(cluster) as client:
        for what, number in actions:
            await _act(client, cluster, what, number)
        pods = (await client.get(SHOP_PODS))["items"]
    told = [(pod["metadata"]["name"], pod["spec"].get("nodeName"), pod["status"]["phase"]) for pod in pods]
    return [cluster.wire.workloads(), cluster.wire.hpas(), told]


@settings(max_examples=10, deadline=None)
@given(_ACTIONS)
def test_whatever_is_done_counts_stay_in_their_bounds_and_lives_repeat(actions: list[tuple[str, int]]) -> None:
    assert asyncio.run(_life(actions)) == asyncio.run(_life(actions))
