"""What ``init`` asks of a cluster and of a Prometheus: all of it, what may be seen of it, or why nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.discovery import Cluster, Ingress
from connectors.kubernetes.discover import discover
from connectors.prometheus.discover import metric_names
from connectors.settings.prometheus import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.kubernetes.options import Denial, KubernetesOptions
from console.clock import SystemClock
from console.model.snapshot import FailureKind, Unreachable
from tests.connectors.faults import answering, closed_port, serving
from tests.connectors.small_cluster import kubeconfig


@asynccontextmanager
async def cluster(folder: Path, **options: object) -> AsyncIterator[tuple[KubernetesWire, str]]:
    """A simulated one, and the path of its kubeconfig."""
    wire = KubernetesWire(SimClock(), 0, KubernetesOptions(**options))  # type: ignore[arg-type]
    await wire.start()
    try:
        path = folder / "kubeconfig"
        path.write_text(wire.kubeconfig())
        yield wire, str(path)
    finally:
        await wire.stop()


async def test_workloads_come_with_their_autoscalers_and_services_with_their_addresses(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (wire, path):
        wire.introduce("127.0.0.1:9090", "127.0.0.1:6379", "127.0.0.1:9092")
        found = await discover(path, None)
    assert isinstance(found, Cluster)
    assert (found.context, found.inside, found.problems) == ("sim", False, ())
    workloads = {(each.kind, each.name): each for each in found.workloads}
    assert workloads[("deployment", "api")].autoscaler == "api"
    assert workloads[("deployment", "workers")].autoscaler == ""
    assert workloads[("deployment", "api")].containers == ("api",)
    services = {each.name: each for each in found.services}
    assert services["redis"].outside == ("127.0.0.1",)
    assert services["redis"].ports == (("tcp-redis", 6379),)
    assert services["api"].outside == ()


async def test_only_the_namespaces_that_are_named_are_asked(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (wire, path):
        wire.introduce("127.0.0.1:9090", "127.0.0.1:6379", "127.0.0.1:9092")
        one = await discover(path, None, ("shop",))
    assert isinstance(one, Cluster)
    assert {each.namespace for each in one.services} == {each.namespace for each in one.workloads} == {"shop"}


async def with_ingresses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A cluster of two Ingresses, one of which takes all names there are."""
    while head := await reader.readuntil(b"\r\n\r\n"):
        status = 404
        body: dict[str, object] = {"kind": "Status", "message": "no"}
        if b"/ingresses" in head.split(b" ")[1]:
            status, body = 200, {"metadata": {}, "items": [
                {"metadata": {"name": "front", "namespace": "shop"}, "spec": {
                    "rules": [{"host": "shop.example"}, {"host": "*.shop.example"}, {}, {"host": "old.example"}],
                    "tls": [{"hosts": ["shop.example"]}, {}]}},
                {"metadata": {"name": "all", "namespace": "shop"}, "spec": {"defaultBackend": {}}},
            ]}  # fmt: skip
        text = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))
        await writer.drain()


async def test_names_that_users_come_by_are_found_and_what_a_cluster_does_not_have_is_no_problem(
    tmp_path: Path,
) -> None:
    async with serving(with_ingresses) as url:
        found = await discover(kubeconfig(tmp_path, url), None)
    assert isinstance(found, Cluster)
    assert found.problems == ()
    assert found.ingresses == (
        Ingress("shop", "front", ("shop.example", "old.example"), frozenset({"shop.example"})),
        Ingress("shop", "all"),
    )


async def in_pages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A cluster whose lists have two pages, and that forbids to list what is not in the namespace ``shop``."""
    while head := await reader.readuntil(b"\r\n\r\n"):
        target = head.split(b" ")[1].decode()
        path, _, query = target.partition("?")
        status = 200
        body: dict[str, object] = {"metadata": {"name": "kube-system", "uid": "u"}}
        if "namespaces/shop/" in path:
            second = "continue=more" in query
            item = {"metadata": {"name": "b" if second else "a", "namespace": "shop"}, "spec": {}}
            body = {"metadata": {"continue": "" if second else "more"}, "items": [] if "scalers" in path else [item]}
        elif not path.endswith("kube-system"):
            status, body = 403, {"metadata": {}, "kind": "Status", "message": "no"}
        text = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))
        await writer.drain()


async def test_who_may_not_list_everywhere_has_the_contexts_own_namespace_in_all_its_pages(tmp_path: Path) -> None:
    async with serving(in_pages) as url:
        found = await discover(kubeconfig(tmp_path, url), None)
    assert isinstance(found, Cluster)
    assert [(each.namespace, each.name) for each in found.services] == [("shop", "a"), ("shop", "b")]
    assert [(each.kind, each.name) for each in found.workloads] == [
        ("deployment", "a"), ("deployment", "b"), ("statefulset", "a"), ("statefulset", "b"),
    ]  # fmt: skip
    assert found.problems[0] == "services: 403 no"


async def test_what_may_not_be_listed_is_said_and_the_rest_is_found(tmp_path: Path) -> None:
    async with cluster(tmp_path, deny=(Denial("list", "services"),)) as (_, path):
        found = await discover(path, None)
    assert isinstance(found, Cluster)
    assert found.services == ()
    assert found.workloads
    assert found.problems
    assert all(problem.startswith("services: 403 ") for problem in found.problems)


async def test_credentials_that_ended_are_said(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (wire, path):
        wire.expire_token()
        found = await discover(path, None)
    assert isinstance(found, Unreachable)
    assert found.kind is FailureKind.EXPIRED


@pytest.mark.parametrize("context", [None, "nobody"])
async def test_no_kubeconfig_and_no_such_context_are_not_found(tmp_path: Path, context: str | None) -> None:
    async with cluster(tmp_path) as (_, path):
        found = await discover(path if context else str(tmp_path / "none"), context)
    assert isinstance(found, Unreachable)
    assert found.kind is FailureKind.NOT_FOUND


async def names(url: str) -> frozenset[str] | Unreachable:
    return await metric_names("prometheus", Settings(url=url, timeout=1.0), SystemClock())


async def test_metrics_are_named() -> None:
    async with serving(answering(200, b'{"status":"success","data":["up","node_load1"]}')) as url:
        assert await names(url) == frozenset({"up", "node_load1"})


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b'{"data": 3}', b"\xff"])
async def test_something_else_is_no_prometheus(body: bytes) -> None:
    async with serving(answering(200, body)) as url:
        found = await names(url)
    assert isinstance(found, Unreachable)
    assert found.kind is FailureKind.PROTOCOL


async def test_a_closed_port_is_refused() -> None:
    found = await names(f"http://127.0.0.1:{closed_port()}")
    assert isinstance(found, Unreachable)
    assert found.kind is FailureKind.REFUSED
