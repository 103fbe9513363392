"""Rights and log-ins as kubectl sees them: the deny list, tokens that end, the exec plug-in, certificates."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import trustme

from connectors.simulator.kubernetes.options import Denial, KubernetesOptions
from tests.connectors.simulator.sim_cluster import Cluster, served
from tests.connectors.simulator.sim_kubectl import CLIENTS, ENDS, FOUND, VERSIONS, client

pytestmark = FOUND
DENIED = (
    Denial("delete", "pods"),
    Denial("patch", "deployments/scale", namespace="shop"),
    Denial("*", "secrets"),
    Denial("patch", "deployments", namespace="shop", name="api"),
)


@VERSIONS
async def test_what_is_denied_is_refused_and_told_before(tmp_path: Path, binary: Path) -> None:
    cluster = Cluster(options=KubernetesOptions(deny=DENIED))
    async with served(cluster):
        kubectl = client(cluster, tmp_path, binary)
        assert await kubectl("auth", "can-i", "delete", "pods", code=1) == "no\n"
        assert await kubectl("auth", "can-i", "get", "pods") == "yes\n"
        assert (await kubectl("auth", "can-i", "patch", "deploy", "--subresource=scale", code=1)).startswith("no")
        assert await kubectl("auth", "can-i", "patch", "deploy/web") == "yes\n"
        assert (await kubectl("auth", "can-i", "patch", "deploy/api", code=1)).startswith("no")
        rules = {line.split()[0]: line for line in (await kubectl("auth", "can-i", "--list")).splitlines()}
        assert "secrets" not in rules
        assert "delete " not in rules["pods"]
        assert "get" in rules["pods"]
        whoami = await kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
        assert whoami == "seawall"
        refused = await kubectl("scale", "deploy", "web", "--replicas=3", code=1)
        assert (
            'deployments.apps "web" is forbidden: User "seawall" cannot patch resource "deployments/scale" '
            'in API group "apps" in the namespace "shop"'
        ) in refused
        assert "cannot list resource" in await kubectl("get", "secrets", code=1)


def _secure(**options: object) -> tuple[Cluster, trustme.CA]:
    """A cluster behind TLS, and its authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    pem = authority.cert_pem.bytes().decode()
    return Cluster(options=KubernetesOptions(tls=context, authority=pem, **options)), authority  # type: ignore[arg-type]


@ENDS
async def test_nobody_acts_as_somebody_else(tmp_path: Path, binary: Path) -> None:
    cluster, _ = _secure()
    async with served(cluster):
        refused = await client(cluster, tmp_path, binary)("get", "pods", "--as=bob", code=1)
    assert 'users "bob" is forbidden: User "seawall" cannot impersonate resource "users" in API group ""' in refused


@ENDS
async def test_a_token_ends_and_a_new_one_lets_in(tmp_path: Path, binary: Path) -> None:
    cluster, _ = _secure(token_seconds=600.0)
    async with served(cluster):
        kubectl = client(cluster, tmp_path, binary)
        assert "deployment.apps/api" in await kubectl("get", "deploy", "-o", "name")
        cluster.time.now += 601
        assert "must be logged in" in await kubectl("get", "deploy", code=1)
        cluster.wire.renew_token()
        kubectl.point(cluster)
        assert "deployment.apps/api" in await kubectl("get", "deploy", "-o", "name")


@ENDS
async def test_the_plug_in_logs_in_again_by_itself(tmp_path: Path, binary: Path) -> None:
    cluster, _ = _secure(token_seconds=600.0, exec_plugin=True)
    async with served(cluster):
        kubectl = client(cluster, tmp_path, binary)
        assert "token:" not in cluster.wire.kubeconfig()
        before = cluster.wire.token
        assert "deployment.apps/api" in await kubectl("get", "deploy", "-o", "name")
        cluster.time.now += 601
        assert "deployment.apps/api" in await kubectl("get", "deploy", "-o", "name")
        assert cluster.wire.token != before


async def test_a_certificate_of_the_authority_lets_in(tmp_path: Path) -> None:
    cluster, authority = _secure()
    async with served(cluster):
        kubectl = client(cluster, tmp_path, CLIENTS[-1])
        ours = authority.issue_cert("somebody.example")
        (tmp_path / "cert.pem").write_bytes(ours.cert_chain_pems[0].bytes())
        (tmp_path / "key.pem").write_bytes(ours.private_key_pem.bytes())
        by_certificate = ("client-certificate: cert.pem", "client-key: key.pem")
        text = cluster.wire.kubeconfig().replace(f"token: {cluster.wire.token}", "\n    ".join(by_certificate))
        (tmp_path / "kubeconfig").write_text(text)
        assert "deployment.apps/api" in await kubectl("get", "deploy", "-o", "name")
        (tmp_path / "kubeconfig").write_text(cluster.wire.kubeconfig().replace("token: ", "token: x"))
        assert "must be logged in" in await kubectl("get", "deploy", code=1)


async def test_roles_are_kept_and_shown(tmp_path: Path) -> None:
    cluster = Cluster()
    async with served(cluster):
        kubectl = client(cluster, tmp_path, CLIENTS[-1])
        await kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
        await kubectl("create", "rolebinding", "readers", "--role=reader", "--user=jo")
        assert json.loads(await kubectl("get", "role", "reader", "-o", "jsonpath={.rules[0].verbs}")) == ["get", "list"]
        assert "Role/reader" in await kubectl("get", "rolebinding")
