"""The official Python client against the wire: it parses strictly, so a field that is missing shows here."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from typing import Any

import kubernetes
import pytest
from ruamel.yaml import YAML

from tests.connectors.simulator.sim_cluster import Cluster, served


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    cluster = Cluster()
    async with served(cluster):
        yield cluster


def _client(cluster: Cluster) -> Any:
    """A client configured by the wire's own kubeconfig."""
    config = kubernetes.client.Configuration()
    config.retries = False
    kubernetes.config.load_kube_config_from_dict(
        YAML(typ="safe").load(cluster.wire.kubeconfig()), client_configuration=config
    )
    return kubernetes.client.ApiClient(config)


async def _call(cluster: Cluster, work: Callable[[Any], Any]) -> Any:
    """Runs blocking client code beside the loop that serves it."""

    def run() -> Any:
        with _client(cluster) as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_the_version_and_the_discovery_that_end_in_a_slash(cluster: Cluster) -> None:
    def ask(client: Any) -> list[object]:
        api = kubernetes.client
        return [
            api.VersionApi(client).get_code().git_version,
            api.CoreApi(client).get_api_versions().versions,
            {group.name for group in api.ApisApi(client).get_api_versions().groups} >= {"apps", "autoscaling"},
            {kind.kind for kind in api.AppsV1Api(client).get_api_resources().resources} >= {"Deployment"},
        ]

    assert await _call(cluster, ask) == ["v1.33.1", ["v1"], True, True]


async def test_typed_lists_of_every_kind(cluster: Cluster) -> None:
    cluster.run(60, api=2.0)  # pods in every state, events, a status of the autoscaler

    def lists(client: Any) -> dict[str, int]:
        core, apps = kubernetes.client.CoreV1Api(client), kubernetes.client.AppsV1Api(client)
        v1, v2 = kubernetes.client.AutoscalingV1Api(client), kubernetes.client.AutoscalingV2Api(client)
        limit = {"_request_timeout": 5}
        return {
            "namespaces": len(core.list_namespace(**limit).items),
            "nodes": len(core.list_node(**limit).items),
            "pods": len(core.list_namespaced_pod("shop", **limit).items),
            "services": len(core.list_namespaced_service("shop", **limit).items),
            "configmaps": len(core.list_namespaced_config_map("shop", **limit).items),
            "events": min(1, len(core.list_namespaced_event("shop", **limit).items)),
            "quotas": len(core.list_namespaced_resource_quota("shop", **limit).items),
            "deployments": len(apps.list_deployment_for_all_namespaces(**limit).items),
            "replicasets": len(apps.list_namespaced_replica_set("shop", **limit).items),
            "statefulsets": len(apps.list_namespaced_stateful_set("shop", **limit).items),
            "v1": len(v1.list_namespaced_horizontal_pod_autoscaler("shop", **limit).items),
            "v2": len(v2.list_namespaced_horizontal_pod_autoscaler("shop", **limit).items),
            "budgets": len(
                kubernetes.client.PolicyV1Api(client).list_namespaced_pod_disruption_budget("shop", **limit).items
            ),
        }

    counts = await _call(cluster, lists)
    assert counts.pop("pods") == sum(pods.desired for pods in cluster.wire.workloads().values())
    assert counts == {
        "namespaces": 3,
        "nodes": 4,
        "services": 4,
        "configmaps": 1,
        "events": 1,
        "quotas": 0,
        "deployments": 4,
        "replicasets": 4,
        "statefulsets": 1,
        "v1": 1,
        "v2": 1,
        "budgets": 1,
    }


async def test_a_patch_with_a_stale_version_raises_a_conflict(cluster: Cluster) -> None:
    def work(client: Any) -> Any:
        api = kubernetes.client.AutoscalingV2Api(client)
        before = api.read_namespaced_horizontal_pod_autoscaler("api", "shop")
        body = {"metadata": {"resourceVersion": before.metadata.resource_version}, "spec": {"maxReplicas": 30}}
        after = api.patch_namespaced_horizontal_pod_autoscaler("api", "shop", body, field_manager="seawall")
        with pytest.raises(kubernetes.client.ApiException) as conflict:
            api.patch_namespaced_horizontal_pod_autoscaler("api", "shop", {**body, "spec": {"maxReplicas": 31}})
        return after.spec.max_replicas, conflict.value.status

    assert await _call(cluster, work) == (30, 409)


async def test_a_dry_run_answers_and_keeps(cluster: Cluster) -> None:
    def work(client: Any) -> Any:
        api = kubernetes.client.AppsV1Api(client)
        dry = api.patch_namespaced_deployment("workers", "shop", {"spec": {"replicas": 9}}, dry_run="All")
        return dry.spec.replicas, api.read_namespaced_deployment("workers", "shop").spec.replicas

    assert await _call(cluster, work) == (9, 4)


async def test_a_watch_sees_a_scale(cluster: Cluster) -> None:
    def work(client: Any) -> Any:
        api = kubernetes.client.AppsV1Api(client)
        version = api.list_namespaced_deployment("shop").metadata.resource_version
        api.patch_namespaced_deployment_scale("workers", "shop", {"spec": {"replicas": 6}})
        stream = kubernetes.watch.Watch().stream(
            api.list_namespaced_deployment, "shop", resource_version=version, timeout_seconds=5
        )
        for event in stream:
            return event["type"], event["object"].metadata.name, event["object"].spec.replicas
        return None

    assert await _call(cluster, work) == ("MODIFIED", "workers", 6)


async def test_reviews_scales_leases_and_evictions(cluster: Cluster) -> None:
    cluster.wire.deny("delete", "pods")

    def work(client: Any) -> Any:
        models = kubernetes.client
        attributes = models.V1ResourceAttributes(verb="delete", resource="pods", namespace="shop")
        review = models.V1SelfSubjectAccessReview(
            spec=models.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
        )
        allowed = models.AuthorizationV1Api(client).create_self_subject_access_review(review).status.allowed
        scale = models.AppsV1Api(client).read_namespaced_deployment_scale("api", "shop")
        now = datetime.datetime(2026, 1, 1, microsecond=1, tzinfo=datetime.UTC)
        lease = models.V1Lease(
            metadata=models.V1ObjectMeta(name="lock"),
            spec=models.V1LeaseSpec(holder_identity="me", lease_duration_seconds=15, renew_time=now),
        )
        held = models.CoordinationV1Api(client).create_namespaced_lease("shop", lease)
        core = models.CoreV1Api(client)
        pod = core.list_namespaced_pod("shop", label_selector="app=web").items[0].metadata.name
        eviction = models.V1Eviction(metadata=models.V1ObjectMeta(name=pod, namespace="shop"))
        core.create_namespaced_pod_eviction(pod, "shop", eviction)
        leaving = core.read_namespaced_pod(pod, "shop").metadata.deletion_timestamp
        return allowed, scale.spec.replicas, held.spec.holder_identity, leaving is not None

    assert await _call(cluster, work) == (False, 5, "me", True)


async def test_metrics_as_custom_objects(cluster: Cluster) -> None:
    cluster.run(1)

    def work(client: Any) -> Any:
        api = kubernetes.client.CustomObjectsApi(client)
        return len(api.list_namespaced_custom_object("metrics.k8s.io", "v1beta1", "shop", "pods")["items"])

    assert await _call(cluster, work) == 14


async def test_an_expired_token_and_a_denied_verb_raise_what_they_should(cluster: Cluster) -> None:
    def code(client: Any) -> Any:
        try:
            kubernetes.client.AppsV1Api(client).list_namespaced_deployment("shop")
        except kubernetes.client.ApiException as error:
            return error.status
        return 200

    cluster.wire.deny("list", "deployments")
    assert await _call(cluster, code) == 403
    cluster.wire.allow("list", "deployments")
    assert await _call(cluster, code) == 200
    cluster.wire.expire_token()
    assert await _call(cluster, code) == 401
    cluster.wire.renew_token()
    assert await _call(cluster, code) == 200
