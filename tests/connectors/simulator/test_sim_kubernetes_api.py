"""The API server's rules on the wire: versions, conflicts, refusals, pages, tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.connectors.simulator.sim_cluster import (
    JSON_PATCH,
    SHOP_DEPLOYMENTS,
    SHOP_HPAS,
    SHOP_PODS,
    STRATEGIC,
    Client,
    Cluster,
    served,
)

API = f"{SHOP_DEPLOYMENTS}/api"
HPA = f"{SHOP_HPAS}/api"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/shop/leases"
CONFIGMAPS = "/api/v1/namespaces/shop/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    async with served(cluster) as client:
        yield client


def _version(obj: Any) -> str:
    return str(obj["metadata"]["resourceVersion"])


async def test_a_stale_version_conflicts_and_changes_nothing(client: Client) -> None:
    before = await client.get(API)
    code, changed = await client.patch(API, {"metadata": {"resourceVersion": _version(before), "labels": {"x": "1"}}})
    assert code == 200
    stale = {"metadata": {"resourceVersion": _version(before)}, "spec": {"replicas": 9}}
    code, body = await client.patch(API, stale)
    assert code == 409
    assert body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Operation cannot be fulfilled on deployments.apps "api": the object has been modified; '
        "please apply your changes to the latest version and try again",
        "reason": "Conflict",
        "details": {"name": "api", "group": "apps", "kind": "deployments"},
        "code": 409,
    }
    assert await client.get(API) == changed


async def test_a_write_that_changes_nothing_does_not_bump_the_version(client: Client) -> None:
    before = await client.get(HPA)
    code, after = await client.patch(HPA, {"spec": {"maxReplicas": 20}})
    assert (code, after) == (200, before)


async def test_generation_counts_the_spec_and_not_the_metadata(client: Client) -> None:
    before = await client.get(API)
    _, labelled = await client.patch(API, {"metadata": {"annotations": {"seawall.dev/marks": "[]"}}})
    _, scaled = await client.patch(API, {"spec": {"replicas": 6}})
    generations = [item["metadata"]["generation"] for item in (before, labelled, scaled)]
    assert generations == [generations[0], generations[0], generations[0] + 1]
    _, removed = await client.patch(API, {"metadata": {"annotations": {"seawall.dev/marks": None}}})
    assert "seawall.dev/marks" not in removed["metadata"]["annotations"]


async def test_dry_run_answers_the_result_and_keeps_the_object(client: Client) -> None:
    before = await client.get(HPA)
    code, dry = await client.patch(f"{HPA}?dryRun=All", {"spec": {"maxReplicas": 40}})
    assert (code, dry["spec"]["maxReplicas"]) == (200, 40)
    assert await client.get(HPA) == before
    code, body = await client.patch(f"{HPA}?dryRun=Some", {"spec": {"maxReplicas": 40}})
    assert (code, body["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"minReplicas": 30}, "spec.maxReplicas"),
        ({"minReplicas": 0}, "spec.minReplicas"),
        ({"maxReplicas": None}, "spec.maxReplicas"),
        ({"behavior": {"scaleDown": {"selectPolicy": "Never"}}}, "spec.behavior.scaleDown.selectPolicy"),
        ({"behavior": {"scaleUp": {"policies": [{"type": "Pods"}]}}}, "spec.behavior.scaleUp.policies[0].value"),
        ({"metrics": [{"type": "Resource", "resource": {"target": {"averageUtilization": 0}}}]}, "spec.metrics[0]"),
        ({"metrics": [{"type": "Resource"}]}, "spec.metrics[0].resource"),
        ({"metrics": [{"type": "Pods", "resource": {"name": "cpu"}}]}, "spec.metrics[0].pods"),
        ({"metrics": [{"type": "Resource", "resource": {"target": {"type": "Utilization"}}}]}, "spec.metrics[0].res"),
        ({"scaleTargetRef": {"name": ""}}, "spec.scaleTargetRef.name"),
    ],
)
async def test_forbidden_values_name_their_field(client: Client, spec: Any, field: str) -> None:
    code, body = await client.patch(HPA, {"spec": spec})
    assert (code, body["reason"]) == (422, "Invalid")
    assert body["details"]["causes"][0]["field"].startswith(field)
    assert body["message"].startswith('HorizontalPodAutoscaler.autoscaling "api" is invalid: ')


async def test_a_string_where_an_int_belongs_is_422_in_a_patch_and_400_in_an_update(client: Client) -> None:
    code, body = await client.patch(HPA, {"spec": {"maxReplicas": "many"}})
    assert (code, body["details"]["causes"][0]["field"]) == (422, "patch")
    assert "cannot unmarshal string" in body["message"]
    whole = await client.get(HPA)
    whole["spec"]["maxReplicas"] = "many"
    code, body = await client.call("PUT", HPA, whole)
    assert (code, body["reason"]) == (400, "BadRequest")


async def test_a_pod_without_its_owner_is_replaced_and_forgotten(cluster: Cluster, client: Client) -> None:
    pod, *_ = (await client.get(f"{SHOP_PODS}?labelSelector=app%3Dapi"))["items"]
    path = f"{SHOP_PODS}/{pod['metadata']['name']}"
    assert (await client.patch(path, {"metadata": {"ownerReferences": None}}))[0] == 200
    cluster.run(70)
    assert cluster.wire.workloads()["api"].ready == 5
    assert len((await client.get(f"{SHOP_PODS}?labelSelector=app%3Dapi"))["items"]) == 6
    assert (await client.call("DELETE", path))[0] == 200
    assert (await client.patch(f"{API}/scale", {"spec": {"replicas": 1}}))[0] == 200
    cluster.run(10)  # which deletes four others, and stumbles over none
    assert cluster.wire.workloads()["api"].ready == 1


async def test_a_replica_set_without_its_owner_stops_its_deployment_and_nothing_else(
    cluster: Cluster, client: Client
) -> None:
    groups = "/apis/apps/v1/namespaces/shop/replicasets"
    group, *_ = (await client.get(f"{groups}?labelSelector=app%3Dapi"))["items"]
    assert (await client.patch(f"{groups}/{group['metadata']['name']}", {"metadata": {"ownerReferences": None}}))[
        0
    ] == 200
    cluster.run(5)
    events = (await client.get("/api/v1/namespaces/shop/events"))["items"]
    assert any(event["reason"] == "ReconcileError" and "already exists" in event["message"] for event in events)
    assert cluster.wire.workloads()["workers"].ready == 4


@pytest.mark.parametrize("media", ["application/merge-patch+json", STRATEGIC, JSON_PATCH])
@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"", b'"text"', b"[1]", b"5", b"[" * 100_000])
async def test_malformed_patches_are_refused_politely(client: Client, media: str, raw: bytes) -> None:
    code, body = await client.call("PATCH", API, raw, media)
    assert code in (400, 422)
    assert body["kind"] == "Status"


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": 5},
        {"spec": [1]},
        {"spec": {"replicas": 1.5}},
        {"spec": {"replicas": True}},
        {"spec": {"replicas": 2**40}},
        {"spec": {"replicas": -1}},
        {"spec": {"template": {"spec": {"containers": [5]}}}},
        {"spec": {"template": {"spec": {"containers": {}}}}},
        {"spec": {"template": {"metadata": {"labels": None}}}},
        {"spec": {"selector": {"matchLabels": {"app": "other"}}}},
        {"metadata": {"annotations": {"a": 1}}},
        {"kind": "Pod"},
    ],
)
async def test_a_deployment_that_is_none_is_refused(client: Client, body: Any) -> None:
    before = await client.get(API)
    code, answer = await client.patch(API, body)
    assert code == 422, answer
    assert await client.get(API) == before


async def test_malformed_creates_are_refused(client: Client) -> None:
    for raw, media, wanted in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"kind": "Pod", "metadata": {"name": "x"}}', "application/json", 400),
        (b'{"apiVersion": "v2", "metadata": {"name": "x"}}', "application/json", 400),
        (b'{"metadata": {"name": "x", "namespace": "default"}}', "application/json", 400),
        (b'{"metadata": {}}', "application/json", 422),
        (b'{"metadata": {"name": "Not A Name"}}', "application/json", 422),
        (b"metadata: {name: settings}", "application/yaml", 409),
        (b"a: [", "application/yaml", 400),
        (b"<a/>", "application/xml", 415),
        (b'{"metadata": {"name": "settings"}}', "application/json", 409),
    ):
        code, body = await client.call("POST", CONFIGMAPS, raw, media)
        assert code == wanted, body
    code, body = await client.call("POST", "/api/v1/namespaces/none/configmaps", {"metadata": {"name": "x"}})
    assert (code, body["message"]) == (404, 'namespaces "none" not found')


async def test_unknown_paths_and_verbs(client: Client) -> None:
    for method, path, wanted in (
        ("GET", "/apis/apps/v1/namespaces/shop/podtemplates", 404),
        ("GET", "/apis/apps/v2/namespaces/shop/deployments", 404),
        ("GET", f"{API}/logs", 404),
        ("GET", f"{SHOP_DEPLOYMENTS}/none", 404),
        ("GET", "/nothing", 404),
        ("POST", API, 405),
        ("TRACE", API, 405),
    ):
        code, body = await client.call(method, path)
        assert (code, body["kind"], body["code"]) == (wanted, "Status", wanted), path


async def test_json_patch_with_a_test_is_a_condition(client: Client) -> None:
    test = {"op": "test", "path": "/spec/maxReplicas", "value": 20}
    replace = {"op": "replace", "path": "/spec/maxReplicas", "value": 30}
    code, body = await client.patch(HPA, [test, replace], JSON_PATCH)
    assert (code, body["spec"]["maxReplicas"]) == (200, 30)
    code, body = await client.patch(HPA, [test, replace], JSON_PATCH)
    assert (code, body["reason"]) == (422, "Invalid")


async def test_the_two_views_of_an_autoscaler_are_one_object(client: Client) -> None:
    v1 = HPA.replace("/v2/", "/v1/")
    await client.patch(HPA, {"spec": {"behavior": {"scaleDown": {"selectPolicy": "Disabled"}}}})
    seen = await client.get(v1)
    assert (seen["apiVersion"], seen["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 70)
    assert "behavior" not in seen["spec"]
    seen["spec"]["targetCPUUtilizationPercentage"] = 60
    code, _ = await client.call("PUT", v1, seen)
    assert code == 200
    spec = (await client.get(HPA))["spec"]
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 60
    assert spec["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"
    code, _ = await client.patch(v1, {"metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/behavior": "{"}}})
    assert code == 400


async def test_scale_reads_and_writes_replicas(client: Client) -> None:
    scale = await client.get(f"{API}/scale")
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 5}, "app=api")
    scale["spec"]["replicas"] = 7
    code, after = await client.call("PUT", f"{API}/scale", scale)
    assert (code, after["spec"]["replicas"]) == (200, 7)
    code, body = await client.call("PUT", f"{API}/scale", scale)
    assert (code, body["reason"]) == (409, "Conflict")
    assert (await client.patch(f"{API}/scale", {"spec": {"replicas": -1}}))[0] == 422
    assert (await client.patch(f"{API}/scale", {"spec": {"replicas": "x"}}))[0] == 400


async def test_status_is_written_through_its_subresource_only(client: Client) -> None:
    before = await client.get(API)
    _, after = await client.patch(API, {"status": {"readyReplicas": 99}})
    assert after == before
    _, after = await client.patch(f"{API}/status", {"status": {"readyReplicas": 99}, "spec": {"replicas": 1}})
    assert (after["status"]["readyReplicas"], after["spec"]["replicas"]) == (99, 5)


async def test_leases_need_a_version_and_microseconds(client: Client) -> None:
    spec = {"holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000001Z"}
    code, lease = await client.call("POST", LEASES, {"metadata": {"name": "seawall"}, "spec": spec})
    assert code == 201
    path = f"{LEASES}/seawall"
    lease["spec"]["holderIdentity"] = "b"
    code, after = await client.call("PUT", path, lease)
    assert (code, after["spec"]["holderIdentity"]) == (200, "b")
    assert (await client.call("PUT", path, lease))[0] == 409
    code, body = await client.call("PUT", path, {"metadata": {"name": "seawall"}, "spec": spec})
    assert (code, body["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")
    after["spec"]["renewTime"] = "2026-01-01T00:00:00Z"
    assert (await client.call("PUT", path, after))[0] == 400


async def test_preconditions_of_a_delete(client: Client) -> None:
    path = f"{CONFIGMAPS}/settings"
    code, body = await client.call("DELETE", path, {"preconditions": {"uid": "another"}})
    assert (code, body["reason"]) == (409, "Conflict")
    assert (await client.call("DELETE", f"{path}?dryRun=All"))[0] == 200
    assert (await client.call("DELETE", path))[0] == 200
    assert (await client.call("DELETE", path))[0] == 404


async def test_a_finalizer_holds_an_object_until_it_is_taken_off(client: Client) -> None:
    path = f"{CONFIGMAPS}/settings"
    await client.patch(path, {"metadata": {"finalizers": ["seawall.dev/hold"]}})
    _, marked = await client.call("DELETE", path)
    assert "deletionTimestamp" in marked["metadata"]
    assert (await client.get(path))["metadata"]["finalizers"] == ["seawall.dev/hold"]
    await client.patch(path, {"metadata": {"finalizers": None}})
    assert (await client.call("GET", path))[0] == 404


async def test_pages_cover_the_list_once(client: Client) -> None:
    whole = await client.get(SHOP_PODS)
    names, token, pages = [], "", 0
    while True:
        part = await client.get(f"{SHOP_PODS}?limit=4&continue={token}")
        names += [item["metadata"]["name"] for item in part["items"]]
        token, pages = part["metadata"].get("continue", ""), pages + 1
        if pages == 1:
            assert part["metadata"]["remainingItemCount"] == 10
        if not token:
            break
    assert pages == 4
    assert names == [item["metadata"]["name"] for item in whole["items"]]
    for bad in ("!!", "e30", "AAAA"):
        assert (await client.call("GET", f"{SHOP_PODS}?continue={bad}"))[0] == 400
    assert (await client.call("GET", f"{SHOP_PODS}?limit=-1"))[0] == 400


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("labelSelector=app=api", 5),
        ("labelSelector=app!=api", 9),
        ("labelSelector=app in (api,web)", 7),
        ("labelSelector=app notin (api, web),app", 7),
        ("labelSelector=nothing", 0),
        ("labelSelector=!nothing", 14),
        ("fieldSelector=status.phase=Running", 14),
        ("fieldSelector=status.phase!=Running", 0),
        ("fieldSelector=metadata.namespace==shop&labelSelector=app=web", 2),
    ],
)
async def test_selectors(client: Client, query: str, count: int) -> None:
    assert len((await client.get(f"{SHOP_PODS}?{query}"))["items"]) == count


@pytest.mark.parametrize(
    "query", ["labelSelector=a b c", "labelSelector=,", "fieldSelector=spec.x=1", "fieldSelector=x"]
)
async def test_selectors_that_are_none(client: Client, query: str) -> None:
    assert (await client.call("GET", f"{SHOP_PODS}?{query}"))[0] == 400
    assert (await client.call("GET", f"{SHOP_PODS}?watch=true&{query}"))[0] == 400


async def test_tables_have_columns_and_rows_with_as_much_object_as_asked(client: Client) -> None:
    table = await client.get(SHOP_PODS, Accept=TABLE)
    assert table["kind"] == "Table"
    shown = [column["name"] for column in table["columnDefinitions"] if column["priority"] == 0]
    assert shown == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert table["rows"][0]["cells"][1:5] == ["1/1", "Running", "0", "3d"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    bare = await client.get(f"{SHOP_PODS}?includeObject=None", Accept=TABLE)
    assert "object" not in bare["rows"][0]
    full = await client.get(f"{SHOP_PODS}?includeObject=Object", Accept=TABLE)
    assert full["rows"][0]["object"]["kind"] == "Pod"
    partial = await client.get(SHOP_PODS, Accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
    assert (partial["kind"], set(partial["items"][0])) == (
        "PartialObjectMetadataList",
        {"kind", "apiVersion", "metadata"},
    )
    assert (await client.call("GET", SHOP_PODS, Accept="application/vnd.kubernetes.protobuf"))[0] == 406


async def test_every_kind_lists_in_every_form(client: Client) -> None:
    groups = await client.get("/apis")
    versions = ["/api/v1", *(f"/apis/{v['groupVersion']}" for g in groups["groups"] for v in g["versions"])]
    listed = 0
    for root in versions:
        for resource in (await client.get(root))["resources"]:
            if "list" in resource["verbs"]:
                for accept in (TABLE, "application/json"):
                    body = await client.get(f"{root}/{resource['name']}", Accept=accept)
                    assert body["kind"] in ("Table", f"{resource['kind']}List")
                    listed += 1
    assert listed >= 2 * 21


async def test_metrics_show_the_tick(cluster: Cluster, client: Client) -> None:
    path = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"
    assert (await client.get(path))["items"] == []
    cluster.run(1, api=0.8)
    items = (await client.get(f"{path}?labelSelector=app=api"))["items"]
    assert len(items) == 5
    assert items[0]["containers"] == [{"name": "api", "usage": {"cpu": "400000000n", "memory": "307200Ki"}}]
    one = await client.get(f"{path}/{items[0]['metadata']['name']}")
    assert one["kind"] == "PodMetrics"
