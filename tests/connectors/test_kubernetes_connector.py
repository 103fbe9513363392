"""The Kubernetes connector: on sick servers, on the simulated cluster, and on a real one where there is one."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors import ConnectorError
from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.change import Change, Fact, FactValue, Outcome, RunContext, Verdict
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable
from tests.connectors.faults import Handler, answering, black_hole, closed_port, drip_body, drip_head, serving
from tests.connectors.kubernetes_shop import Shop, log_in_again, opened, simulated
from tests.connectors.small_cluster import DEPLOYMENTS, HPA, STATEFUL_SETS, SmallCluster, autoscaler, kubeconfig
from tests.real.kubernetes import kubeconfig_that_only_looks

RUN = RunContext("r1", "tester", "test", until=1_900_000_000.0)


async def read_of(path: str, timeout: float = 0.4) -> Seen:
    connector = opened(path, timeout=timeout)
    try:
        return await connector.read()
    finally:
        await connector.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, FailureKind.EXPIRED),
        (403, FailureKind.FORBIDDEN),
        (429, FailureKind.THROTTLED),
        (500, FailureKind.PROTOCOL),
        (503, FailureKind.PROTOCOL),
        (504, FailureKind.TIMED_OUT),
    ],
)
async def test_a_refusal_by_its_kind(status: int, kind: FailureKind, tmp_path: Path) -> None:
    body = json.dumps({"kind": "Status", "message": "because"}).encode()
    async with serving(answering(status, body)) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Unreachable)
    assert (seen.kind, seen.reason) == (kind, f"{status} because")


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b'{"metadata": 3}', b"\xff\xfe"])
async def test_an_answer_of_something_else(body: bytes, tmp_path: Path) -> None:
    async with serving(answering(200, body)) as url:
        seen = await read_of(kubeconfig(tmp_path, url))
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.PROTOCOL


async def test_a_closed_port(tmp_path: Path) -> None:
    seen = await read_of(kubeconfig(tmp_path, f"http://127.0.0.1:{closed_port()}"))
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.REFUSED
    assert seen.advice


@pytest.mark.parametrize("sick", [black_hole, drip_head, drip_body])
async def test_a_server_that_hangs_ends_at_the_deadline_and_gives_its_threads_back(
    sick: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.kubernetes.entrance.FIRST", 1.0)
    async with serving(sick) as url:
        connector = opened(kubeconfig(tmp_path, url), timeout=0.3)
        for _ in range(2):
            started = time.monotonic()
            seen = await connector.read()
            assert time.monotonic() - started < 2.5
            assert isinstance(seen, Unreachable)
            assert seen.kind is FailureKind.TIMED_OUT
        await connector.close()
        await until(lambda: not any(thread.name.startswith("kubernetes-") for thread in threading.enumerate()))


async def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        await asyncio.sleep(0.01)


async def test_what_may_not_be_seen_is_a_gap_and_not_a_failure(tmp_path: Path) -> None:
    cluster = SmallCluster(denied={HPA, STATEFUL_SETS})
    async with serving(cluster) as url:
        seen = await read_of(kubeconfig(tmp_path, url), timeout=2.0)
    assert isinstance(seen, Snapshot)
    assert {one.id for one in seen.components} == {
        "kubernetes/deployment/shop/api",
        "kubernetes/deployment/shop/workers",
    }
    assert [problem.split(":")[0] for problem in seen.problems] == [
        "statefulsets in shop",
        "horizontalpodautoscalers in shop",
    ]
    # Who owns the replicas cannot be known, which is not nobody.
    assert all(one.facts[0].owner.startswith("unknown") for one in seen.components)


async def test_nothing_to_be_seen_is_forbidden(tmp_path: Path) -> None:
    cluster = SmallCluster(denied={HPA, STATEFUL_SETS, DEPLOYMENTS})
    async with serving(cluster) as url:
        seen = await read_of(kubeconfig(tmp_path, url), timeout=2.0)
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.FORBIDDEN


async def test_a_list_in_pages(tmp_path: Path) -> None:
    cluster = SmallCluster(page=1)
    async with serving(cluster) as url:
        seen = await read_of(kubeconfig(tmp_path, url), timeout=2.0)
    assert isinstance(seen, Snapshot)
    assert [one.id.split("/", 1)[1] for one in seen.components] == [
        "deployment/shop/api",
        "deployment/shop/workers",
        "hpa/shop/api",
    ]


async def test_a_new_token_in_the_file_is_taken(tmp_path: Path) -> None:
    cluster = SmallCluster(token="newer")
    async with serving(cluster) as url:
        connector = opened(kubeconfig(tmp_path, url))
        first = await connector.read()
        assert isinstance(first, Unreachable)
        assert first.kind is FailureKind.EXPIRED
        kubeconfig(tmp_path, url, {"token": "newer"})
        assert isinstance(await connector.read(), Snapshot)
        cluster.token = "newest"
        assert isinstance(await connector.read(), Unreachable)
        kubeconfig(tmp_path, url, {"token": "newest"})
        assert isinstance(await connector.read(), Snapshot)
        await connector.close()


async def test_another_cluster_after_a_new_login_is_refused(tmp_path: Path) -> None:
    cluster = SmallCluster()
    async with serving(cluster) as url:
        connector = opened(kubeconfig(tmp_path, url))
        assert isinstance(await connector.read(), Snapshot)
        cluster.uid, cluster.token = "uid-2", "other"
        await connector.read()
        kubeconfig(tmp_path, url, {"token": "other"})
        seen = await connector.read()
        await connector.close()
    assert isinstance(seen, Unreachable)
    assert "another cluster" in seen.reason


def switch(path: str, server: str, token: str) -> None:
    """As ``kubectl config use-context`` to another cluster, with a renewed token for both."""
    document = json.loads(Path(path).read_text())
    document["current-context"] = "prod"
    document["contexts"].append({"name": "prod", "context": {"cluster": "prod", "user": "me"}})
    document["clusters"].append({"name": "prod", "cluster": {"server": server}})
    document["users"][0]["user"]["token"] = token
    Path(path).write_text(json.dumps(document))


async def test_the_first_context_is_kept_when_someone_switches_the_file(tmp_path: Path) -> None:
    cluster = SmallCluster()
    async with serving(cluster) as url:
        path = kubeconfig(tmp_path, url)
        connector = opened(path)
        assert isinstance(await connector.read(), Snapshot)
        cluster.token = "renewed"
        switch(path, f"http://127.0.0.1:{closed_port()}", cluster.token)
        await connector.read()  # 401: the login is dropped
        assert isinstance(await connector.read(), Snapshot)
        await connector.close()


def test_settings_that_cannot_work_are_refused_at_opening(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="does not exist"):
        open_connector("kubernetes", Settings(kubeconfig=str(tmp_path / "none")), SystemClock())
    with pytest.raises(ConnectorError, match="namespaces"):
        open_connector("kubernetes", Settings(namespaces=()), SystemClock())


async def test_a_write_that_cannot_leave_is_certainly_rejected(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, f"http://127.0.0.1:{closed_port()}")
    connector = opened(path)
    change = Change("kubernetes/hpa/shop/api", "hpa.max", 20, 100, step="s")
    applied, probed = await connector.apply(change, RUN), await connector.probe(change, RUN)
    with pytest.raises(ConnectorError, match="refused"):
        await connector.may("patch", "deployments.apps", "shop")
    await connector.close()
    assert applied.outcome is Outcome.REJECTED
    assert probed.verdict is Verdict.UNKNOWN


async def facts_of(connector: KubernetesConnector, component: str) -> dict[str, Fact]:
    seen = await connector.read()
    assert isinstance(seen, Snapshot), seen
    (one,) = [one for one in seen.components if one.id == component]
    return {fact.name: fact for fact in one.facts}


async def test_reading_a_cluster(shop: Shop) -> None:
    connector = opened(shop.kubeconfig, shop.namespace)
    seen = await connector.read()
    await connector.close()
    assert isinstance(seen, Snapshot)
    assert seen.problems == ()
    assert len(seen.identity) == 36  # a uid
    found = {one.id: one for one in seen.components}
    assert found[shop.id("deployment", "api")].facts[0].owner == "hpa api"
    assert found[shop.id("deployment", "workers")].facts[0].owner == ""
    values = {fact.name: fact.value for fact in found[shop.id("hpa", "api")].facts}
    assert values == {"hpa.min": 5, "hpa.max": 20, "hpa.cpu": 70, "hpa.scale_down": "default"}


@pytest.mark.parametrize(
    ("kind", "name", "fact", "before", "after"),
    [
        ("hpa", "api", "hpa.max", 20, 40),
        ("hpa", "api", "hpa.min", 5, 10),
        ("hpa", "api", "hpa.cpu", 70, 55),
        ("hpa", "api", "hpa.scale_down", "default", "disabled"),
        ("deployment", "workers", "replicas", None, 6),
    ],
)
async def test_a_change_its_mark_and_its_undo(
    shop: Shop, kind: str, name: str, fact: str, before: FactValue, after: FactValue
) -> None:
    connector, component = opened(shop.kubeconfig, shop.namespace), shop.id(kind, name)
    before = before if before is not None else (await facts_of(connector, component))[fact].value
    change = Change(component, fact, before, after, step="s", seq=3, reason="drill")
    assert (await connector.probe(change, RUN)).verdict is Verdict.NOT_APPLIED
    applied = await connector.apply(change, RUN)
    assert applied.outcome is Outcome.DONE, applied
    read = (await facts_of(connector, component))[fact]
    assert read.value == after
    (mark,) = read.marks
    assert (mark.run, mark.step, mark.before, mark.after, mark.until) == ("r1", "s", before, after, RUN.until)
    assert (await connector.probe(change, RUN)).verdict is Verdict.OURS
    undone = await connector.apply(change.inverse(), RUN)
    assert undone.outcome is Outcome.DONE, undone
    read = (await facts_of(connector, component))[fact]
    assert (read.value, read.marks) == (before, ())
    assert (await connector.probe(change.inverse(), RUN)).verdict is Verdict.OURS
    await connector.close()


async def test_a_value_that_the_cluster_refuses(shop: Shop) -> None:
    connector = opened(shop.kubeconfig, shop.namespace)
    change = Change(shop.id("hpa", "api"), "hpa.min", 5, 21, step="s")  # above the maximum
    applied = await connector.apply(change, RUN)
    await connector.close()
    assert applied.outcome is Outcome.REJECTED
    assert "422" in applied.reason


async def test_drill_downs(shop: Shop) -> None:
    connector = opened(shop.kubeconfig, shop.namespace)
    pods = await connector.inspect(shop.id("deployment", "api"))
    scaler = await connector.inspect(shop.id("hpa", "api"))
    absent = await connector.inspect(shop.id("deployment", "absent"))
    await connector.close()
    assert isinstance(pods, Detail)
    assert pods.columns[:3] == ("name", "ready", "status")
    assert isinstance(scaler, Detail)
    assert ("hpa.max", "20", "") in scaler.rows
    assert isinstance(absent, Unreachable)
    assert absent.kind is FailureKind.NOT_FOUND


async def test_what_we_may_do(shop: Shop) -> None:
    connector = opened(shop.kubeconfig, shop.namespace)
    assert await connector.may("patch", "horizontalpodautoscalers.autoscaling", shop.namespace)
    assert await connector.may("list", "pods", shop.namespace)
    await connector.close()


def only_looking(shop: Shop, folder: Path) -> str:
    """A kubeconfig for someone who may see workloads and autoscalers, and nothing else."""
    if shop.wire is None:
        return kubeconfig_that_only_looks(shop.kubeconfig, shop.namespace, folder / "looker")
    for verb, resource in (("patch", "*"), ("get", "namespaces"), ("list", "pods")):
        shop.wire.deny(verb, resource)
    return shop.kubeconfig


async def test_someone_who_may_only_look(shop: Shop, tmp_path: Path) -> None:
    connector = opened(only_looking(shop, tmp_path), shop.namespace)
    change = Change(shop.id("hpa", "api"), "hpa.max", 20, 40, step="s")
    seen, pods = await connector.read(), await connector.inspect(shop.id("deployment", "api"))
    applied = await connector.apply(change, RUN)
    assert isinstance(seen, Snapshot)
    assert seen.problems == ()
    assert seen.identity.startswith("http")  # the cluster's own may not be read: its address stands in
    assert isinstance(pods, Unreachable)
    assert pods.kind is FailureKind.FORBIDDEN
    assert (applied.outcome, applied.forbidden) == (Outcome.REJECTED, True)
    assert not await connector.may("patch", "horizontalpodautoscalers.autoscaling", shop.namespace)
    assert (await facts_of(connector, change.component))["hpa.max"].value == 20
    await connector.close()


async def test_a_token_that_ends(tmp_path: Path) -> None:
    async with simulated(tmp_path) as shop:
        assert shop.wire is not None
        connector = opened(shop.kubeconfig)
        assert isinstance(await connector.read(), Snapshot)
        shop.wire.expire_token()
        seen = await connector.read()
        assert isinstance(seen, Unreachable)
        assert seen.kind is FailureKind.EXPIRED
        shop.wire.renew_token()
        log_in_again(shop.wire, Path(shop.kubeconfig))
        assert isinstance(await connector.read(), Snapshot)
        await connector.close()


async def test_an_own_behaviour_comes_back_exactly(tmp_path: Path) -> None:
    own = {"scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 30}], "selectPolicy": "Min"}}
    cluster = SmallCluster()
    cluster.set(f"{HPA}/api", {"spec": {"behavior": own}})
    async with serving(cluster) as url:
        connector = opened(kubeconfig(tmp_path, url))
        before = (await facts_of(connector, "kubernetes/hpa/shop/api"))["hpa.scale_down"].value
        change = Change("kubernetes/hpa/shop/api", "hpa.scale_down", before, "disabled", step="s")
        assert (await connector.apply(change, RUN)).outcome is Outcome.DONE
        changed = cluster.objects[f"{HPA}/api"]["spec"]["behavior"]
        assert changed == {**own, "scaleDown": {"selectPolicy": "Disabled"}}
        assert (await connector.apply(change.inverse(), RUN)).outcome is Outcome.DONE
        await connector.close()
    assert cluster.objects[f"{HPA}/api"]["spec"] == {**autoscaler()["spec"], "behavior": own}
