"""The official Python client as it logs in, and its Watch over bookmarks, a history that is gone, and a new list."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes
import trustme

from connectors.simulator.kubernetes.options import KubernetesOptions
from tests.connectors.simulator.sim_cluster import Cluster, served, tick


async def _call(path: Path, work: Callable[[Any], Any]) -> Any:
    """Runs blocking client code, configured by a kubeconfig, beside the loop that serves it."""

    def run() -> Any:
        config = kubernetes.client.Configuration()
        config.retries = False
        kubernetes.config.load_kube_config(str(path), client_configuration=config)
        with kubernetes.client.ApiClient(config) as client:
            return work(client)

    return await asyncio.to_thread(run)


def _names(client: Any) -> list[str]:
    found = kubernetes.client.AppsV1Api(client).list_namespaced_deployment("shop").items
    return [item.metadata.name for item in found]


async def test_the_plug_in_logs_the_client_in_again(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pem = authority.cert_pem.bytes().decode()
    options = KubernetesOptions(tls=context, authority=pem, token_seconds=600.0, exec_plugin=True)
    cluster, path = Cluster(options=options), tmp_path / "kubeconfig"
    async with served(cluster):
        path.write_text(cluster.wire.kubeconfig())
        assert "api" in await _call(path, _names)
        before = cluster.wire.token
        cluster.time.now += 601
        assert "api" in await _call(path, _names)
        assert cluster.wire.token != before


async def test_a_watch_goes_on_from_its_last_version(tmp_path: Path) -> None:
    cluster, path = Cluster(), tmp_path / "kubeconfig"

    def work(client: Any) -> list[int]:
        api, watch = kubernetes.client.AppsV1Api(client), kubernetes.watch.Watch()
        version = api.list_namespaced_deployment("shop").metadata.resource_version
        seen = []
        for replicas in (6, 7, 8):  # each stream starts where the one before ended
            api.patch_namespaced_deployment_scale("workers", "shop", {"spec": {"replicas": replicas}})
            options = {"resource_version": watch.resource_version or version, "allow_watch_bookmarks": True}
            for event in watch.stream(api.list_namespaced_deployment, "shop", timeout_seconds=5, **options):
                seen.append(event["object"].spec.replicas)
                watch.stop()
        return seen

    async with served(cluster):
        path.write_text(cluster.wire.kubeconfig())
        assert await _call(path, work) == [6, 7, 8]


async def test_a_watch_of_a_version_that_is_gone_says_410_and_a_new_list_helps(tmp_path: Path) -> None:
    cluster, path = Cluster(), tmp_path / "kubeconfig"
    cluster.run(1)

    def version(client: Any) -> Any:
        return kubernetes.client.AutoscalingV2Api(client).list_namespaced_horizontal_pod_autoscaler("shop").metadata

    def watched(since: str) -> Callable[[Any], Any]:
        def work(client: Any) -> Any:
            api = kubernetes.client.AutoscalingV2Api(client)
            stream = kubernetes.watch.Watch().stream(
                api.list_namespaced_horizontal_pod_autoscaler, "shop", resource_version=since, timeout_seconds=1
            )
            try:
                return [event["type"] for event in stream]
            except kubernetes.client.ApiException as error:
                return error.status

        return work

    async with served(cluster):
        path.write_text(cluster.wire.kubeconfig())
        old = (await _call(path, version)).resource_version
        for number in range(4200):  # each sync writes a status, and the history holds 4096 writes
            cluster.wire.step(number * 15, tick(number * 15, api=0.5 + number % 2 / 10))
        assert await _call(path, watched(old)) == 410
        new = (await _call(path, version)).resource_version
        assert await _call(path, watched(new)) == []
