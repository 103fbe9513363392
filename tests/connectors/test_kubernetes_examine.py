"""What our credentials may do, as the cluster says it; and where each number comes from, as kubectl shows it."""

from __future__ import annotations

import asyncio
import shlex
import time
from pathlib import Path

from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.kubernetes.client import Api
from connectors.kubernetes.resources import DEPLOYMENTS
from connectors.settings.kubernetes import Settings
from connectors.simulator.kubernetes.options import Denial, KubernetesOptions
from console.clock import SystemClock
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.faults import answering, closed_port, serving
from tests.connectors.kubernetes_shop import Shop, kubectl, opened, simulated
from tests.connectors.secure_cluster import secure_cluster
from tests.connectors.small_cluster import kubeconfig
from tests.real.kubernetes import kubeconfig_that_only_looks

COUNTS = ("desired", "ready", "updated", "hpa.current", "hpa.desired")


async def examined(connector: KubernetesConnector, *writes: Write) -> Examination:
    try:
        return await connector.examine(writes)
    finally:
        await connector.close()


def by_what(examination: Examination) -> dict[str, Finding]:
    return {finding.what: finding for finding in examination.findings}


async def test_somebody_who_may_do_everything(shop: Shop) -> None:
    wanted = Write(shop.id("hpa", "api"), "hpa.max")
    found = await examined(opened(shop.kubeconfig, shop.namespace), wanted)
    findings = by_what(found)
    assert found.version.startswith("Kubernetes v")
    assert len(found.identity) == 36
    assert found.who
    assert found.skew is not None
    assert abs(found.skew) < 5
    assert findings["log in"].grade is Grade.YES
    assert findings[f"list and watch deployments.apps in {shop.namespace}"].grade is Grade.YES
    assert findings[f"get pods/log in {shop.namespace}"].grade is Grade.YES
    (write,) = [finding for finding in found.findings if finding.write == wanted]
    assert (write.grade, write.reason) == (Grade.YES, "")
    assert {finding.grade for finding in found.findings} <= {Grade.YES, Grade.NOTE}


async def test_an_examination_changes_nothing(shop: Shop) -> None:
    connector = opened(shop.kubeconfig, shop.namespace)
    component = shop.id("deployment", "workers")
    before = await version_of(shop, "workers")
    found = await examined(connector, Write(component, "replicas"))
    assert [finding.grade for finding in found.findings if finding.write] == [Grade.YES]
    assert await version_of(shop, "workers") == before


async def version_of(shop: Shop, name: str) -> tuple[int, str]:
    """What only a write moves."""
    return await asyncio.to_thread(lambda: _version_of(shop, name))


def _version_of(shop: Shop, name: str) -> tuple[int, str]:
    api = Api(shop.kubeconfig, None, 2.0)
    try:
        metadata = api.get(DEPLOYMENTS.path(shop.namespace, name), DEPLOYMENTS.type).metadata
        return metadata.generation, str(metadata.annotations)
    finally:
        api.close()


async def test_somebody_who_may_only_look(shop: Shop, tmp_path: Path) -> None:
    path = shop.kubeconfig
    if shop.wire is None:
        path = kubeconfig_that_only_looks(path, shop.namespace, tmp_path / "looker")
    else:
        for verb, resource in (("patch", "*"), ("watch", "*"), ("get", "namespaces"), ("list", "pods")):
            shop.wire.deny(verb, resource)
    wanted = Write(shop.id("deployment", "workers"), "replicas")
    findings = by_what(await examined(opened(path, shop.namespace), wanted))
    watch = findings[f"list and watch deployments.apps in {shop.namespace}"]
    assert (watch.grade, watch.kind) == (Grade.NOTE, FailureKind.FORBIDDEN)
    assert "not watched" in watch.reason
    pods = findings[f"list pods in {shop.namespace}"]
    assert (pods.grade, pods.kind) == (Grade.NO, FailureKind.FORBIDDEN)
    write = findings[f"set replicas of {wanted.component}"]
    assert (write.grade, write.kind) == (Grade.NO, FailureKind.FORBIDDEN)
    assert "patch" in write.advice
    assert findings["get namespaces kube-system"].grade is Grade.NOTE


async def test_what_is_not_there_cannot_be_set(shop: Shop) -> None:
    absent = Write(shop.id("deployment", "absent"), "replicas")
    foreign = Write("kubernetes/teapot/shop/x", "replicas")
    found = await examined(opened(shop.kubeconfig, shop.namespace), absent, foreign)
    grades = {finding.write: (finding.grade, finding.kind) for finding in found.findings if finding.write}
    assert grades == {absent: (Grade.NO, FailureKind.NOT_FOUND), foreign: (Grade.NO, None)}


async def test_one_kind_that_may_not_be_listed_is_one_no(tmp_path: Path) -> None:
    options = KubernetesOptions(deny=(Denial("list", "statefulsets.apps"),))
    async with simulated(tmp_path, options=options) as shop:
        findings = by_what(await examined(opened(shop.kubeconfig)))
    assert findings["list and watch statefulsets.apps in shop"].kind is FailureKind.FORBIDDEN
    assert findings["list and watch deployments.apps in shop"].grade is Grade.YES


async def test_all_namespaces_are_asked_about_as_one(tmp_path: Path) -> None:
    async with simulated(tmp_path) as shop:
        connector = open_connector("kubernetes", Settings(kubeconfig=shop.kubeconfig, namespaces=("*",)), SystemClock())
        assert isinstance(connector, KubernetesConnector)
        findings = by_what(await examined(connector))
    assert findings["list and watch deployments.apps in all namespaces"].grade is Grade.YES


async def test_who_may_not_see_all_namespaces_is_told_to_name_them(tmp_path: Path) -> None:
    options = KubernetesOptions(deny=(Denial("list", "*", namespace="another"),))
    async with simulated(tmp_path, options=options) as shop:
        connector = open_connector("kubernetes", Settings(kubeconfig=shop.kubeconfig, namespaces=("*",)), SystemClock())
        seen = await connector.read()
        await connector.close()
        assert isinstance(seen, Unreachable)
        assert seen.kind is FailureKind.FORBIDDEN
        assert "namespaces" in seen.advice
        again = opened(shop.kubeconfig)
        assert isinstance(await again.read(), Snapshot)
        await again.close()


async def test_a_certificate_that_is_not_verified_is_told_of(tmp_path: Path) -> None:
    async with secure_cluster(tmp_path) as secure:
        findings = by_what(await examined(opened(secure.kubeconfig())))
        assert "verify the server's certificate" not in findings
        path = secure.kubeconfig({"server": secure.wire.url, "insecure-skip-tls-verify": True})
        findings = by_what(await examined(opened(path)))
    assert findings["verify the server's certificate"].grade is Grade.NOTE


async def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    wanted = Write("kubernetes/hpa/shop/api", "hpa.max")
    path = kubeconfig(tmp_path, f"http://127.0.0.1:{closed_port()}", {"token": "canary"})
    found = await examined(opened(path), wanted)
    login, write = found.findings
    assert (login.grade, login.kind) == (Grade.NO, FailureKind.REFUSED)
    assert login.advice
    assert (write.grade, write.write) == (Grade.UNKNOWN, wanted)
    assert "canary" not in repr(found)


async def test_a_server_that_answers_nonsense(tmp_path: Path) -> None:
    body = b'{"metadata": {"name": "kube-system", "uid": "uid-1"}}'  # to every question
    async with serving(answering(200, body)) as url:
        found = await examined(opened(kubeconfig(tmp_path, url)), Write("kubernetes/hpa/shop/api", "hpa.max"))
    assert (found.version, found.who) == ("", "")
    assert any(finding.grade is Grade.UNKNOWN for finding in found.findings)


async def test_what_is_behind_a_number_is_what_kubectl_prints(shop: Shop, tmp_path: Path) -> None:
    connector = opened(shop.kubeconfig, shop.namespace)
    asked = sorted(await counts(connector))[:8]
    assert len(asked) >= 5
    deadline = time.monotonic() + 30.0
    while wrong := await disagreements(connector, asked, tmp_path):
        assert time.monotonic() < deadline, wrong  # a real cluster's controllers are still at work at first
        asked = list(wrong)
    await connector.close()


async def counts(connector: KubernetesConnector) -> dict[tuple[str, str], float | None]:
    """Of each component and signal that is a field of one object."""
    seen = await connector.read()
    assert isinstance(seen, Snapshot)
    return {(one.id, each.name): each.value for one in seen.components for each in one.signals if each.name in COUNTS}


async def disagreements(
    connector: KubernetesConnector, asked: list[tuple[str, str]], folder: Path
) -> dict[tuple[str, str], str]:
    """Those for which kubectl prints something else than was read, and what."""
    read = await counts(connector)
    commands = [shlex.split(connector.behind(*one)) for one in asked]
    answers = await asyncio.gather(*(kubectl(command, None, folder) for command in commands))
    assert all(code == 0 for code, _ in answers), answers
    shown = {one: float(printed or 0) for one, (_, printed) in zip(asked, answers, strict=True)}  # a 0 is left out
    return {one: f"{value:g}, not {read[one]}" for one, value in shown.items() if value != read[one]}


async def test_everything_that_is_measured_has_something_behind_it(shop: Shop) -> None:
    connector = opened(shop.kubeconfig, shop.namespace)
    seen = await connector.read()
    await connector.close()
    assert isinstance(seen, Snapshot)
    nothing = [
        (one.id, signal.name)
        for one in seen.components
        for signal in one.signals
        if not connector.behind(one.id, signal.name).startswith("kubectl ")
    ]
    assert nothing == []


def test_what_is_behind_what_is_nothing() -> None:
    connector = open_connector("kubernetes-eu", Settings(context="eu"), SystemClock())
    assert isinstance(connector, KubernetesConnector)
    assert connector.behind("kubernetes-eu/teapot/shop/x", "ready") == ""
    assert connector.behind("kubernetes-eu", "ready") == ""
    command = connector.behind("kubernetes-eu/deployment/shop/it's", "ready")
    assert shlex.split(command)[:6] == ["kubectl", "--context", "eu", "-n", "shop", "get"]
    assert "it's" in shlex.split(command)
