"""Lists from bytes that are kept say what the objects say, in every form, whatever changes meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.simulator.kubernetes.options import KubernetesOptions
from tests.connectors.simulator.sim_cluster import SHOP_DEPLOYMENTS, SHOP_PODS, Client, Cluster, served

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
BULK = "/api/v1/namespaces/bulk/pods"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(options=KubernetesOptions(pods=30))


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    async with served(cluster) as client:
        yield client


async def test_a_crowd_is_listed_whole_and_in_pages(client: Client) -> None:
    whole = await client.get(BULK)
    assert (whole["kind"], len(whole["items"])) == ("PodList", 30)
    assert all("kind" not in item for item in whole["items"])
    items: list[Any] = []
    token = ""
    while token or not items:
        page = await client.get(f"{BULK}?limit=7&continue={token}")
        items += page["items"]
        token = page["metadata"].get("continue", "")
    assert items == whole["items"]
    one = await client.get(f"{BULK}/{items[0]['metadata']['name']}")
    assert one == {"kind": "Pod", "apiVersion": "v1", **items[0]}
    everywhere = await client.get("/api/v1/pods")
    assert len(everywhere["items"]) == 30 + len((await client.get(SHOP_PODS))["items"])


async def test_a_change_is_in_the_next_list_of_every_form(client: Client) -> None:
    for accept in ("application/json", METADATA, TABLE):
        await client.get(SHOP_DEPLOYMENTS, Accept=accept)
    await client.patch(f"{SHOP_DEPLOYMENTS}/web", {"metadata": {"labels": {"new": "1"}}, "spec": {"replicas": 9}})
    (web,) = [item for item in (await client.get(SHOP_DEPLOYMENTS))["items"] if item["metadata"]["name"] == "web"]
    assert (web["spec"]["replicas"], web["metadata"]["labels"]["new"]) == (9, "1")
    partial = (await client.get(SHOP_DEPLOYMENTS, Accept=METADATA))["items"]
    assert [item["metadata"] for item in partial if item["metadata"]["name"] == "web"] == [web["metadata"]]
    rows = (await client.get(SHOP_DEPLOYMENTS, Accept=TABLE))["rows"]
    (row,) = [row for row in rows if row["cells"][0] == "web"]
    assert (row["cells"][1], row["object"]["metadata"]) == ("2/9", web["metadata"])


async def test_ages_in_tables_go_on(cluster: Cluster, client: Client) -> None:
    path = "/api/v1/namespaces/shop/configmaps"
    await client.call("POST", path, {"metadata": {"name": "young"}})
    seen = []
    for seconds in (0, 1, 100, 20, 500, 86_400):
        cluster.time.now += seconds
        rows = (await client.get(path, Accept=TABLE))["rows"]
        seen.append({row["cells"][0]: row["cells"][2] for row in rows})
    assert [row["young"] for row in seen] == ["0s", "1s", "101s", "2m1s", "10m", "24h"]
    assert [row["settings"] for row in seen] == ["3d"] * 5 + ["4d"]


async def test_a_list_of_a_version_that_is_not_there_any_more_is_gone(client: Client) -> None:
    version = (await client.get(SHOP_PODS))["metadata"]["resourceVersion"]
    exact = f"{SHOP_PODS}?resourceVersion={version}&resourceVersionMatch=Exact"
    assert (await client.get(exact))["metadata"]["resourceVersion"] == version
    await client.patch(f"{SHOP_DEPLOYMENTS}/web", {"metadata": {"labels": {"new": "1"}}})
    code, body = await client.call("GET", exact)
    assert (code, body["reason"]) == (410, "Expired")
