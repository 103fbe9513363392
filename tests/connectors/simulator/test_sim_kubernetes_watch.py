"""Watches, denials and tokens on the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.connectors.simulator.sim_cluster import (
    SHOP_DEPLOYMENTS,
    SHOP_HPAS,
    SHOP_PODS,
    Client,
    Cluster,
    served,
    tick,
)

API = f"{SHOP_DEPLOYMENTS}/api"
HPA = f"{SHOP_HPAS}/api"
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


async def _events(client: Client, path: str, count: int, **headers: str) -> list[Any]:
    """The first events of a watch."""
    found: list[Any] = []
    sent = {"Authorization": f"Bearer {client.wire.token}", **headers}
    async with asyncio.timeout(10), client.session.get(client.wire.url + path, headers=sent) as answer:
        assert answer.status == 200, await answer.text()
        while len(found) < count and (line := await answer.content.readline()):
            found.append(json.loads(line))
    return found


async def test_a_watch_replays_what_happened_since_a_version(client: Client) -> None:
    version = _version(await client.get(SHOP_HPAS))
    await client.patch(HPA, {"spec": {"maxReplicas": 30}})
    await client.patch(HPA, {"spec": {"maxReplicas": 40}})
    found = await _events(client, f"{SHOP_HPAS}?watch=1&resourceVersion={version}", 2)
    assert [(e["type"], e["object"]["spec"]["maxReplicas"]) for e in found] == [("MODIFIED", 30), ("MODIFIED", 40)]


async def test_an_object_that_leaves_the_selector_is_deleted_in_that_watch(client: Client) -> None:
    version = _version(await client.get(SHOP_DEPLOYMENTS))
    await client.patch(API, {"metadata": {"labels": {"tier": "hot"}}})
    await client.patch(API, {"metadata": {"labels": {"tier": None}}})
    path = f"{SHOP_DEPLOYMENTS}?watch=1&resourceVersion={version}&labelSelector=tier=hot"
    assert [event["type"] for event in await _events(client, path, 2)] == ["ADDED", "DELETED"]


async def test_a_watch_starts_with_what_there_is_and_ends_in_time_with_a_bookmark(client: Client) -> None:
    path = f"{SHOP_DEPLOYMENTS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true"
    found = await _events(client, path, 10)
    assert [event["type"] for event in found] == ["ADDED"] * 4 + ["BOOKMARK"]
    assert int(_version(found[-1]["object"])) >= int(_version(found[0]["object"]))


async def test_initial_events_end_with_a_marked_bookmark(client: Client) -> None:
    path = f"{SHOP_HPAS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    found = await _events(client, path, 2)
    assert [event["type"] for event in found] == ["ADDED", "BOOKMARK"]
    assert found[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_only_the_first_table_of_a_watch_has_columns(client: Client) -> None:
    found = await _events(client, f"{SHOP_DEPLOYMENTS}?watch=1", 4, Accept=TABLE)
    assert [bool(event["object"]["columnDefinitions"]) for event in found] == [True, False, False, False]
    assert [len(event["object"]["rows"]) for event in found] == [1, 1, 1, 1]


async def test_a_version_out_of_the_history_is_gone(cluster: Cluster, client: Client) -> None:
    page = (await client.get(f"{SHOP_PODS}?limit=4"))["metadata"]
    for number in range(4200):  # each sync writes a status, and the history holds 4096 writes
        t = number * 15
        cluster.wire.step(t, tick(t, api=0.5 + number % 2 / 10))
    found = await _events(client, f"{SHOP_PODS}?watch=1&resourceVersion={page['resourceVersion']}", 1)
    assert (found[0]["type"], found[0]["object"]["code"], found[0]["object"]["reason"]) == ("ERROR", 410, "Expired")
    code, body = await client.call("GET", f"{SHOP_PODS}?limit=4&continue={page['continue']}")
    assert (code, body["reason"]) == (410, "Expired")


async def test_a_version_of_the_future_is_refused(client: Client) -> None:
    version = int(_version(await client.get(SHOP_PODS))) + 1
    for query in (f"watch=1&resourceVersion={version}", f"resourceVersion={version}"):
        code, body = await client.call("GET", f"{SHOP_PODS}?{query}")
        assert (code, body["reason"]) == (504, "Timeout")


async def test_a_client_that_went_away_leaves_no_watch_behind(client: Client) -> None:
    path = f"{SHOP_DEPLOYMENTS}?watch=1"
    before = asyncio.all_tasks()
    await _events(client, path, 4)
    if left := asyncio.all_tasks() - before:
        _, pending = await asyncio.wait(left, timeout=5)
        assert not pending


async def test_stopping_ends_open_watches(cluster: Cluster, client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.wire.token}"}
    async with client.session.get(f"{client.wire.url}{SHOP_DEPLOYMENTS}?watch=1", headers=headers) as answer:
        await answer.content.readline()
        async with asyncio.timeout(5):
            await cluster.wire.stop()
            await answer.content.read()


async def test_what_is_denied_is_forbidden_and_reviews_say_so(cluster: Cluster, client: Client) -> None:
    cluster.wire.deny("patch", "horizontalpodautoscalers")
    code, body = await client.patch(HPA, {"spec": {"maxReplicas": 30}})
    assert (code, body["reason"]) == (403, "Forbidden")
    assert body["message"] == (
        'horizontalpodautoscalers.autoscaling "api" is forbidden: User "seawall" cannot patch resource '
        '"horizontalpodautoscalers" in API group "autoscaling" in the namespace "shop"'
    )
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answers = []
    for verb in ("patch", "get"):
        what = {"verb": verb, "group": "autoscaling", "resource": "horizontalpodautoscalers", "namespace": "shop"}
        code, body = await client.call("POST", reviews, {"spec": {"resourceAttributes": what}})
        answers.append((code, body["status"]["allowed"]))
    assert answers == [(201, False), (201, True)]
    cluster.wire.allow("patch", "horizontalpodautoscalers")
    assert (await client.patch(HPA, {"spec": {"maxReplicas": 30}}))[0] == 200


async def test_a_denied_subresource_leaves_the_resource(cluster: Cluster, client: Client) -> None:
    cluster.wire.deny("*", "deployments/scale")
    assert (await client.patch(f"{API}/scale", {"spec": {"replicas": 6}}))[0] == 403
    assert (await client.patch(API, {"spec": {"replicas": 6}}))[0] == 200


async def test_an_expired_token_is_unauthorized_until_it_is_renewed(cluster: Cluster, client: Client) -> None:
    stale = {"Authorization": f"Bearer {cluster.wire.token}"}
    cluster.wire.expire_token()
    code, body = await client.call("GET", API)
    assert (code, body["reason"], body["message"]) == (401, "Unauthorized", "Unauthorized")
    cluster.wire.renew_token()
    assert (await client.call("GET", API))[0] == 200
    assert (await client.call("GET", API, **stale))[0] == 401
    assert (await client.call("GET", "/version", **stale))[0] == 200
