"""Server-side apply and who owns what: sets of fields as sets, and the rules of applying on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.kubernetes import field_set
from connectors.simulator.kubernetes.field_set import FieldSet, cleared, common, minus, names, union
from tests.connectors.simulator.sim_cluster import JSON_PATCH, SHOP_DEPLOYMENTS, Client, Cluster, served

APPLY = "application/apply-patch+yaml"
API, WEB = f"{SHOP_DEPLOYMENTS}/api", f"{SHOP_DEPLOYMENTS}/web"
CONFIGMAPS = "/api/v1/namespaces/shop/configmaps"
_NAMES = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])


_PATHS = st.frozensets(st.lists(_NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=6)


def _set(paths: frozenset[tuple[str, ...]]) -> FieldSet:
    """The set of these fields."""
    found: FieldSet | None = None
    for path in paths:
        one: FieldSet = {}
        for name in reversed(path):
            one = {name: one}
        found = union(found, one)
    return found or {}


ROOTS = _PATHS.map(_set)


def _members(of: FieldSet | None) -> set[str]:
    return set(names(of))


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    async with served(cluster) as client:
        yield client


async def _apply(client: Client, path: str, body: Any, manager: str = "me", query: str = "") -> tuple[int, Any]:
    raw = msgspec.json.encode(body)
    return await client.call("PATCH", f"{path}?fieldManager={manager}{query}", raw, APPLY)


@given(ROOTS, ROOTS)
def test_sets_of_fields_are_sets(one: FieldSet, other: FieldSet) -> None:
    assert _members(union(one, other)) == _members(one) | _members(other)
    assert _members(minus(one, other)) == _members(one) - _members(other)
    assert _members(common(one, other)) == _members(one) & _members(other)
    assert minus(one, one) is None
    assert union(one, one) == one
    leaves = [name for name in _members(other) if not any(more.startswith(name) for more in _members(other) - {name})]
    gone = _members(one) - _members(cleared(one, other))
    assert gone == {name for name in _members(one) if any(name.startswith(leaf) for leaf in leaves)}


@pytest.mark.parametrize("odd", [5, [], {"a": {}}, {"f:a": 1}, {"k:x": {}}, {"k:[1]": {}}])
def test_what_is_no_set(odd: Any) -> None:
    assert not field_set.is_set(odd)


async def test_applying_twice_changes_nothing(client: Client) -> None:
    labelled = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": {"a": "b"}}}
    code, first = await _apply(client, WEB, labelled)
    assert (code, first["metadata"]["labels"]["a"]) == (200, "b")
    assert await _apply(client, WEB, labelled) == (200, first)
    code, after = await _apply(client, WEB, {"apiVersion": "apps/v1", "kind": "Deployment"})
    assert (code, "a" in after["metadata"]["labels"]) == (200, False)
    assert after["metadata"]["labels"]["app"] == "web"
    assert "me" not in [entry["manager"] for entry in after["metadata"]["managedFields"]]


async def test_what_is_not_there_is_made(client: Client) -> None:
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}
    code, made = await _apply(client, f"{CONFIGMAPS}/fresh", wanted)
    assert (code, made["data"]) == (201, {"a": "1"})
    (entry,) = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["fieldsV1"]) == ("me", "Apply", {"f:data": {"f:a": {}}})
    shared = {**wanted, "data": {"a": "1", "b": "2"}}
    assert (await _apply(client, f"{CONFIGMAPS}/fresh", shared, "you"))[0] == 200
    _, after = await _apply(client, f"{CONFIGMAPS}/fresh", {**wanted, "data": {}}, "me")
    assert after["data"] == {"a": "1", "b": "2"}  # what the other one wants, too, stays


async def test_an_autoscaler_owns_the_replicas_that_it_set(cluster: Cluster, client: Client) -> None:
    cluster.run(30, api=1.4)
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 5}}
    code, body = await _apply(client, API, wanted)
    who = 'conflict with "kube-controller-manager" with subresource "scale" using apps/v1'
    assert (code, body["reason"]) == (409, "Conflict")
    assert body["message"] == f"Apply failed with 1 conflict: {who}: .spec.replicas"
    cause = {"reason": "FieldManagerConflict", "message": who, "field": ".spec.replicas"}
    assert body["details"]["causes"] == [cause]
    code, body = await _apply(client, API, wanted, query="&force=true")
    assert (code, body["spec"]["replicas"]) == (200, 5)


@pytest.mark.parametrize(
    ("path", "body", "query", "code"),
    [
        (WEB, {"apiVersion": "apps/v1", "kind": "Deployment"}, "", 422),
        (
            WEB,
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"managedFields": []}},
            "fieldManager=me",
            400,
        ),
        (WEB, {"apiVersion": "v1", "kind": "ConfigMap"}, "fieldManager=me", 400),
        (WEB, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}, "fieldManager=me", 400),
        (WEB, {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": "x"}}, "fieldManager=me", 400),
        (WEB, {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replica": 1}}, "fieldManager=me", 400),
        (WEB, {"apiVersion": "apps/v1", "kind": "Deployment"}, f"fieldManager={'m' * 129}", 422),
        (f"{WEB}/scale", {"spec": {"replicas": 1}}, "fieldManager=me", 415),
    ],
)
async def test_what_cannot_be_applied(client: Client, path: str, body: Any, query: str, code: int) -> None:
    before = await client.get(WEB)
    found, answer = await client.call("PATCH", f"{path}?{query}", msgspec.json.encode(body), APPLY)
    assert (found, answer["kind"]) == (code, "Status")
    assert await client.get(WEB) == before


async def test_force_belongs_to_apply(client: Client) -> None:
    code, body = await client.call("PATCH", f"{WEB}?force=true", {"spec": {}}, "application/merge-patch+json")
    assert (code, body["details"]["causes"][0]["field"]) == (422, "force")


async def test_updates_own_what_they_change(client: Client) -> None:
    for number in range(12):
        path = f"{WEB}?fieldManager=robot-{number}"
        await client.patch(path, {"metadata": {"annotations": {f"a{number}": "x"}}})
    owners = {one["manager"]: one for one in (await client.get(WEB))["metadata"]["managedFields"]}
    assert "ancient-changes" in owners
    assert len([one for one in owners.values() if one["operation"] == "Update"]) == 10
    annotations = owners["robot-11"]["fieldsV1"]["f:metadata"]["f:annotations"]
    assert annotations == {"f:a11": {}}
    _, reset = await client.patch(
        WEB, [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}], JSON_PATCH
    )
    assert "managedFields" not in reset["metadata"]
