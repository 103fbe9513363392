"""Every kubeconfig that lets kubectl in lets us in, and what keeps kubectl out keeps us out with a reason."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.kubernetes import login as kubernetes_login
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.snapshot import FailureKind, Seen, Snapshot, Unreachable
from tests.connectors.faults import closed_port
from tests.connectors.kubernetes_shop import kubectl
from tests.connectors.secure_cluster import CANARY, V1, SecureCluster, base64_of, secure_cluster

Way = Callable[[SecureCluster], str]


@pytest.fixture
async def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SecureCluster]:
    for name in ("KUBECONFIG", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    async with secure_cluster(tmp_path) as made:
        yield made


def opened(kubeconfig: str | None, **more: Any) -> KubernetesConnector:
    connector = open_connector("kubernetes", Settings(kubeconfig=kubeconfig, timeout=5.0, **more), SystemClock())
    assert isinstance(connector, KubernetesConnector)
    return connector


async def read_of(kubeconfig: str | None, **more: Any) -> Seen:
    connector = opened(kubeconfig, **more)
    try:
        return await connector.read()
    finally:
        await connector.close()


def through_host(cluster: SecureCluster, **more: Any) -> dict[str, Any]:
    """The cluster by a name that only a proxy knows."""
    return {**cluster.cluster, "server": f"https://cluster.example:{cluster.port}", **more}


def several_files(cluster: SecureCluster) -> str:
    """The context in one file, its user in another one in another folder, whose paths are relative to that folder."""
    other = cluster.folder / "other"
    other.mkdir()
    (other / "token").write_text(CANARY)
    users = [{"name": "me", "user": {"tokenFile": "token"}}]
    shadowed = [{"name": "sim", "cluster": {"server": "https://127.0.0.1:1"}}]
    (other / "users").write_text(json.dumps({"users": users, "clusters": shadowed, "current-context": "absent"}))
    first = cluster.kubeconfig(users=None)
    return os.pathsep.join((first, str(cluster.folder / "absent"), str(other / "users")))


WAYS: dict[str, Way] = {
    "a token": lambda c: c.kubeconfig(),
    "a token file": lambda c: c.kubeconfig(user={"tokenFile": "token"}),
    "a token file before a token": lambda c: c.kubeconfig(user={"tokenFile": "token", "token": "old"}),
    "a certificate as data": lambda c: c.kubeconfig(
        user={"client-certificate-data": base64_of(c.certificate), "client-key-data": base64_of(c.key)}
    ),
    "a certificate in files": lambda c: c.kubeconfig(
        user={"client-certificate": "cert.pem", "client-key": str(c.folder / "key.pem")}
    ),
    "a plug-in's token": lambda c: c.kubeconfig(user=c.plugin({"token": CANARY})),
    "a plug-in's certificate": lambda c: c.kubeconfig(
        user=c.plugin({"clientCertificateData": c.certificate.decode(), "clientKeyData": c.key.decode()})
    ),
    "an authority in a file": lambda c: c.kubeconfig({"server": c.wire.url, "certificate-authority": "ca.pem"}),
    "no verification": lambda c: c.kubeconfig({"server": c.wire.url, "insecure-skip-tls-verify": True}),
    "another name in the certificate": lambda c: c.kubeconfig(
        {**c.cluster, "server": f"https://localhost:{c.port}", "tls-server-name": "127.0.0.1"}
    ),
    "a proxy of the cluster": lambda c: c.kubeconfig(through_host(c, **{"proxy-url": c.proxy})),
    "a SOCKS proxy of the cluster": lambda c: c.kubeconfig(through_host(c, **{"proxy-url": c.socks})),
    "several files": several_files,
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_way_in_for_kubectl_is_one_for_us(way: str, secure: SecureCluster, tmp_path: Path) -> None:
    places = WAYS[way](secure)
    code, printed = await kubectl(["kubectl", "get", "deployments.apps", "-o", "name"], places, tmp_path)
    assert code == 0, printed
    seen = await read_of(places)  # the namespace is the context's
    assert isinstance(seen, Snapshot), seen
    ours = {one.id for one in seen.components}
    assert {f"kubernetes/deployment/shop/{line.split('/')[1]}" for line in printed.split()} <= ours
    assert CANARY not in repr(seen)
    assert len(secure.proxied) >= 2 if "proxy" in way else not secure.proxied


async def test_the_environments_files_and_proxy_are_taken(
    secure: SecureCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure.kubeconfig(through_host(secure))
    monkeypatch.setenv("KUBECONFIG", str(secure.folder / "config"))
    monkeypatch.setenv("HTTPS_PROXY", secure.proxy.replace("//", f"//me:{CANARY}@"))
    assert isinstance(await read_of(None), Snapshot)
    assert all(
        "Proxy-Authorization: Basic " in head or "proxy-authorization: Basic " in head for head in secure.proxied
    )
    monkeypatch.setenv("NO_PROXY", ".example")
    seen = await read_of(None)
    assert isinstance(seen, Unreachable)  # the name is nobody's without the proxy
    assert seen.kind is FailureKind.NAME
    assert CANARY not in repr(seen)


def encrypted(cluster: SecureCluster) -> str:
    key = load_pem_private_key(cluster.key, None)
    secret = BestAvailableEncryption(CANARY.encode())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
    return cluster.kubeconfig(
        user={"client-certificate-data": base64_of(cluster.certificate), "client-key-data": base64_of(pem)}
    )


def authority_of_others(cluster: SecureCluster) -> str:
    pem = trustme.CA().cert_pem.bytes()
    return cluster.kubeconfig({**cluster.cluster, "certificate-authority-data": base64_of(pem)})


NO_WAYS: dict[str, tuple[Way, FailureKind, str]] = {
    "a token that ended": (lambda c: c.kubeconfig(user={"token": "old"}), FailureKind.EXPIRED, "401"),
    "nobody": (lambda c: c.kubeconfig(user={}), FailureKind.EXPIRED, "401"),
    "an unknown authority": (authority_of_others, FailureKind.TLS, "certificate"),
    "another host's certificate": (
        lambda c: c.kubeconfig({**c.cluster, "server": f"https://localhost:{c.port}"}),
        FailureKind.TLS,
        "localhost",
    ),
    "no authority": (lambda c: c.kubeconfig({"server": c.wire.url}), FailureKind.TLS, "certificate"),
    "an authority and no verification": (
        lambda c: c.kubeconfig({**c.cluster, "insecure-skip-tls-verify": True}),
        FailureKind.TLS,
        "mistake",
    ),
    "an authority that is none": (
        lambda c: c.kubeconfig({**c.cluster, "certificate-authority-data": base64_of(b"hello")}),
        FailureKind.TLS,
        "PEM",
    ),
    "a file that is not there": (
        lambda c: c.kubeconfig({"server": c.wire.url, "certificate-authority": "absent.pem"}),
        FailureKind.NOT_FOUND,
        "absent.pem",
    ),
    "a token file that is not there": (
        lambda c: c.kubeconfig(user={"tokenFile": "absent"}),
        FailureKind.NOT_FOUND,
        "absent",
    ),
    "a key with a passphrase": (encrypted, FailureKind.TLS, "passphrase"),
    "a key of something else": (
        lambda c: c.kubeconfig(
            user={
                "client-certificate-data": base64_of(c.certificate),
                "client-key-data": base64_of(c.authority.issue_cert("x").private_key_pem.bytes()),
            }
        ),
        FailureKind.TLS,
        "cannot be used",
    ),
    "a certificate without a key": (
        lambda c: c.kubeconfig(user={"client-certificate-data": base64_of(c.certificate)}),
        FailureKind.TLS,
        "no key",
    ),
    "a plug-in that fails": (
        lambda c: c.kubeconfig(user={"exec": {**c.plugin({})["exec"], "command": "false"}}),
        FailureKind.EXPIRED,
        "exited 1",
    ),
    "a plug-in that is not there": (
        lambda c: c.kubeconfig(user={"exec": {**c.plugin({})["exec"], "command": "seawall-no-such-plugin"}}),
        FailureKind.NOT_FOUND,
        "seawall-no-such-plugin",
    ),
    "a plug-in of another version": (
        lambda c: c.kubeconfig(user=c.plugin({"token": CANARY}, apiVersion=f"{V1}beta1")),
        FailureKind.PROTOCOL,
        "answered",
    ),
    "an auth-provider": (
        lambda c: c.kubeconfig(user={"auth-provider": {"name": "gcp", "config": {"access-token": CANARY}}}),
        FailureKind.EXPIRED,
        "auth-provider gcp",
    ),
    "a context that is not there": (
        lambda c: c.kubeconfig(current="prod"),
        FailureKind.NOT_FOUND,
        "prod",
    ),
    "a user that is not there": (lambda c: c.kubeconfig(users=[]), FailureKind.NOT_FOUND, "me"),
    "a token that is a number": (lambda c: c.kubeconfig(user={"token": 12345}), FailureKind.PROTOCOL, "token"),
    "acting as somebody": (
        lambda c: c.kubeconfig(user={"token": CANARY, "as": "bob", "as-groups": ["a", "b"]}),
        FailureKind.FORBIDDEN,
        "impersonate",
    ),
}


@pytest.mark.parametrize("way", NO_WAYS)
async def test_what_keeps_kubectl_out_is_told(way: str, secure: SecureCluster, tmp_path: Path) -> None:
    make, kind, words = NO_WAYS[way]
    places = make(secure)
    code, printed = await kubectl(["kubectl", "get", "deployments.apps", "-o", "name"], places, tmp_path)
    assert code != 0, printed
    seen = await read_of(places)
    assert isinstance(seen, Unreachable)
    assert seen.kind is kind, seen
    assert words in seen.reason
    assert seen.advice
    assert CANARY not in repr(seen)


async def test_a_socks_proxy_is_told_who_we_are(secure: SecureCluster) -> None:
    proxy = secure.socks.replace("//", f"//me:{CANARY}%2F@")
    assert isinstance(await read_of(secure.kubeconfig(through_host(secure, **{"proxy-url": proxy}))), Snapshot)
    assert set(secure.proxied) == {f"me {CANARY}/ cluster.example"}


async def test_a_socks_proxy_that_is_not_there_keeps_its_password(secure: SecureCluster) -> None:
    seen = await read_of(secure.kubeconfig({**secure.cluster, "proxy-url": f"socks5://me:{CANARY}@127.0.0.1:1"}))
    assert isinstance(seen, Unreachable)
    assert (seen.kind, "refused" in seen.reason) == (FailureKind.REFUSED, True), seen
    assert CANARY not in repr(seen)


async def test_a_proxy_of_another_kind_is_refused(secure: SecureCluster) -> None:
    seen = await read_of(secure.kubeconfig({**secure.cluster, "proxy-url": f"ftp://me:{CANARY}@127.0.0.1:1"}))
    assert isinstance(seen, Unreachable)
    assert (seen.kind, "ftp" in seen.reason) == (FailureKind.PROTOCOL, True), seen
    assert CANARY not in repr(seen)


async def test_a_configured_context_is_taken_before_the_current_one(secure: SecureCluster) -> None:
    contexts = [{"name": name, "context": {"cluster": name, "user": "me"}} for name in ("sim", "prod")]
    clusters = [{"name": "sim", "cluster": secure.cluster}]
    path = secure.kubeconfig(contexts=contexts, clusters=clusters, current="prod")
    assert isinstance(await read_of(path, context="sim", namespaces=("shop",)), Snapshot)


async def test_in_a_pod_the_service_account_is_taken_and_its_token_read_again(
    secure: SecureCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = secure.folder / "account"
    account.mkdir()
    (account / "ca.crt").write_bytes(secure.pem)
    (account / "namespace").write_text("shop")
    (account / "token").write_text(secure.wire.token)
    monkeypatch.setattr(kubernetes_login, "ACCOUNT", str(account))
    monkeypatch.setenv("KUBECONFIG", str(secure.folder / "absent"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(secure.port))
    connector = opened(None)
    seen = await connector.read()
    assert isinstance(seen, Snapshot)
    assert any(one.id == "kubernetes/deployment/shop/api" for one in seen.components)
    (account / "token").write_text(secure.wire.renew_token())
    assert isinstance(await connector.read(), Snapshot)  # the old one is refused; the new one is at its place
    await connector.close()


async def test_a_plug_in_runs_once_and_again_when_what_it_gave_is_refused(secure: SecureCluster) -> None:
    runs, token = secure.folder / "runs", secure.folder / "token"
    code = (
        f"open({str(runs)!r}, 'a').write('x'); import json;"
        f"print(json.dumps({{'apiVersion': {V1!r}, 'kind': 'ExecCredential',"
        f" 'status': {{'token': open({str(token)!r}).read().strip()}}}}))"
    )
    path = secure.kubeconfig(user={"exec": {"apiVersion": V1, "command": sys.executable, "args": ["-c", code]}})
    connector = opened(path)
    for _ in range(3):
        assert isinstance(await connector.read(), Snapshot)
    assert runs.read_text() == "x"
    token.write_text(secure.wire.renew_token())
    assert isinstance(await connector.read(), Snapshot)
    assert runs.read_text() == "xx"
    await connector.close()


async def test_a_plug_in_is_not_asked_again_because_a_server_is_away(secure: SecureCluster) -> None:
    runs = secure.folder / "runs"
    code = (
        f"open({str(runs)!r}, 'a').write('x');"
        f"print({json.dumps({'apiVersion': V1, 'kind': 'ExecCredential', 'status': {'token': CANARY}})!r})"
    )
    user = {"exec": {"apiVersion": V1, "command": sys.executable, "args": ["-c", code]}}
    connector = opened(secure.kubeconfig({**secure.cluster, "server": f"https://127.0.0.1:{closed_port()}"}, user))
    for _ in range(3):
        seen = await connector.read()
        assert isinstance(seen, Unreachable)
        assert seen.kind is FailureKind.REFUSED
    assert runs.read_text() == "x"
    await connector.close()
