"""Nothing secret in any output: a canary in every kind of credential, and servers that say back whatever they hear.

A server's error message is shown to people, and a broken or curious server may put into it what it was sent: its
answers are the likeliest way for a password onto a screen.
"""

from __future__ import annotations

import base64
import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.console.test_cli import seawall

CANARY = "canary7f3a"
HEARD = 1 << 16
KINDS = (
    "bearer", "basic", "header", "keyfile", "plain", "scram", "oauth", "granted", "redis", "sentinel", "probe", "token",
    "exec", "userpass",
)  # fmt: skip
VERBS = (
    ("status",), ("status", "--json"), ("doctor",), ("doctor", "--json"), ("query", "*.*", "--json"),
    ("config", "show"), ("config", "show", "--json"), ("config", "validate"),
)  # fmt: skip


class Mirror(socketserver.BaseRequestHandler):
    """Answers each request with the request: as a page of HTTP, an error of RESP, or raw."""

    def handle(self) -> None:
        while heard := self.request.recv(HEARD):
            if heard.startswith((b"GET", b"POST", b"HEAD")):
                self.request.sendall(
                    b"HTTP/1.1 500 %s\r\nContent-Length: %d\r\n\r\n%s" % (flat(heard), len(heard), heard)
                )
            elif heard.startswith(b"*"):
                self.request.sendall(b"-ERR unknown command %s\r\n" % flat(heard))
            else:
                self.request.sendall(heard)


def flat(heard: bytes) -> bytes:
    return b" ".join(heard.split())[:1000]


class Mirrors(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is none of ours."""


@pytest.fixture(scope="module")
def mirror() -> Iterator[int]:
    with Mirrors(("127.0.0.1", 0), Mirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def secret(kind: str) -> str:
    return f"{CANARY}-{kind}-value"


def kubeconfig(folder: Path, kind: str, user: object, port: int) -> Path:
    path = folder / f"{kind}.kubeconfig"
    path.write_text(
        json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "u", "user": user}],
        })
    )  # fmt: skip
    path.chmod(0o600)
    return path


def key_pair(folder: Path) -> tuple[Path, Path]:
    """A certificate, and its key sealed with another word than the canary."""
    pair = trustme.CA().issue_cert("client.example")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    pair.cert_chain_pems[0].write_to_path(str(certificate))
    loaded = serialization.load_pem_private_key(pair.private_key_pem.bytes(), None)
    sealed = serialization.BestAvailableEncryption(b"another word")
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(loaded.private_bytes(serialization.Encoding.PEM, form, sealed))
    key.chmod(0o600)
    return certificate, key


def config(folder: Path, port: int) -> str:
    """Every kind of credential on a source of its own, all behind one port."""
    files = {}
    for kind in KINDS:
        files[kind] = folder / f"{kind}.secret"
        files[kind].write_text(secret(kind))
        files[kind].chmod(0o600)
    reference = {kind: f'"file:{path}"' for kind, path in files.items()}
    certificate, key = key_pair(folder)
    status = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": secret("exec")},
    }
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "interactiveMode": "Never",
        "args": ["-c", f"print({json.dumps(json.dumps(status))})"], "env": [{"name": "TOKEN", "value": secret("exec")}],
    }  # fmt: skip
    users = {
        "token": {"token": secret("token")},
        "exec": {"exec": plugin},
        "userpass": {"username": "ann", "password": secret("userpass")},
    }
    url, host = f'url = "http://127.0.0.1:{port}"', f'"127.0.0.1:{port}"'
    sasl = f'bootstrap = [{host}]\nuser = "ann"\npassword = '
    oauth = f'bootstrap = [{host}]\nmechanism = "OAUTHBEARER"\n'
    tables = {
        "prometheus": f"{url}\ntoken = {reference['bearer']}",
        "prometheus-basic": f'{url}\nuser = "ann"\npassword = {reference["basic"]}',
        "prometheus-header": f"{url}\nheaders = {{X-Key = {reference['header']}}}",
        "prometheus-mtls": f'url = "https://127.0.0.1:{port}"\ncert_file = "{certificate}"\nkey_file = "{key}"\n'
        f"key_password = {reference['keyfile']}",
        "kafka": f'{sasl}{reference["plain"]}\nmechanism = "PLAIN"',
        "kafka-scram": f'{sasl}{reference["scram"]}\nmechanism = "SCRAM-SHA-512"',
        "kafka-oauth": f"{oauth}token = {reference['oauth']}",
        "kafka-granted": f'{oauth}token_url = "http://127.0.0.1:{port}/token"\nclient_id = "ann"\n'
        f"client_secret = {reference['granted']}",
        "redis": f'url = "redis://127.0.0.1:{port}/0"\nuser = "ann"\npassword = {reference["redis"]}',
        "redis-watched": f'sentinels = [{host}]\nmaster = "m"\nsentinel_user = "ann"\n'
        f"sentinel_password = {reference['sentinel']}",
        **{
            f"kubernetes-{kind}": f'kubeconfig = "{kubeconfig(folder, kind, user, port)}"'
            for kind, user in users.items()
        },
        "probe": f'checks = {{api = {{http = "http://127.0.0.1:{port}/", token = {reference["probe"]}}}}}',
    }
    ids = ["prometheus/a", "kafka/cluster", "redis/cache", "kubernetes-token/deployment/shop/api", "probe/api"]
    lines = [f"[environments.test.{name}]\n{body}\ntimeout = 1.0\n" for name, body in tables.items()]
    lines += [f'[[components]]\nalias = "a{place}"\nlayer = "l"\nid = "{each}"\n' for place, each in enumerate(ids)]
    return "\n".join(["[environments.test]\ninterval = 0.2\n", *lines])


def shapes(kind: str) -> Iterator[str]:
    """The secret as it is, and as HTTP's basic authentication and Redis's URL would have it."""
    word = secret(kind)
    yield word
    yield base64.b64encode(word.encode()).decode().rstrip("=")
    yield base64.b64encode(f"ann:{word}".encode()).decode().rstrip("=")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, mirror: int) -> Path:
    made = tmp_path_factory.mktemp("canary")
    (made / "seawall.toml").write_text(config(made, mirror))
    return made


@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_no_verb_lets_a_secret_out_whatever_a_server_says(folder: Path, arguments: tuple[str, ...]) -> None:
    done = seawall(folder, *arguments)
    told = done.out + done.err
    assert "Traceback" not in done.err
    assert all(line.isprintable() for line in done.out.splitlines())
    for kind in KINDS:
        for shape in shapes(kind):
            assert shape not in told, kind


def test_nor_where_nobody_listens(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(config(tmp_path, 1))
    done = seawall(tmp_path, "doctor", "--json")
    assert done.code in (1, 3)
    assert CANARY not in done.out + done.err


def test_the_mirror_does_say_back_what_it_hears(folder: Path) -> None:
    """Else the tests above would prove nothing: what is no secret comes back, and is shown."""
    findings = json.loads(seawall(folder, "doctor", "--json").out)["sources"]
    reasons = " ".join(each["reason"] for source in findings for each in source["findings"])
    assert "HTTP/1.1" in reasons or "user-agent" in reasons.lower() or "ERR" in reasons
