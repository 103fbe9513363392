"""A real Kubernetes API server on loopback: etcd, kube-apiserver with RBAC and kube-controller-manager, no nodes.

``python -m tests.real.kubernetes_server`` (or ``make kubernetes``) builds the programs once, from their sources with
Go's own tools: some ten minutes and 4 GB, which no test asks for by itself. Where they have been built, the tests that
want a real cluster start one. Pods are made and stay pending, because there is no kubelet.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE / "kubernetes_build"
PROGRAMS = HERE.parents[1] / ".servers" / "kubernetes"
BUILT = {
    "etcd": "./etcd",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}
PATIENCE = 60.0  # wall seconds for a start on a busy machine


def built() -> bool:
    """Whether the programs are there."""
    return all((PROGRAMS / name).is_file() for name in BUILT)


def build() -> None:
    """Builds what is missing. Raises CalledProcessError, and RuntimeError where Go is not installed."""
    if shutil.which("go") is None:
        raise RuntimeError("building Kubernetes needs Go 1.24 or later")
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    for name, package in BUILT.items():
        if not (PROGRAMS / name).is_file():
            sys.stderr.write(f"building {name}\n")
            fresh = PROGRAMS / f".{name}.{os.getpid()}"
            subprocess.run(["go", "build", "-o", str(fresh), package], check=True, cwd=SOURCES)
            fresh.replace(PROGRAMS / name)


@contextmanager
def start_kubernetes(folder: Path) -> Iterator[str]:
    """The path of an administrator's kubeconfig of a fresh cluster; everything is killed when the block ends."""
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f"{token},admin,1,system:masters\n")
    key = folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, stderr=subprocess.DEVNULL)
    store, peers, secure = (_free_port() for _ in range(3))
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(_kubeconfig(secure, token)))
    with ExitStack() as ending:
        for name, arguments in (
            ("etcd", _etcd(folder, store, peers)),
            ("kube-apiserver", _apiserver(folder, store, secure, key)),
        ):
            ending.enter_context(_running(name, arguments, folder))
        _await_ready(secure, token, folder)
        manager = [
            f"--kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={key}",
            "--leader-elect=false",
            "--secure-port=0",  # its own port is a fixed one, which another cluster's may hold
        ]
        ending.enter_context(_running("kube-controller-manager", manager, folder))
        yield str(kubeconfig)


def _etcd(folder: Path, port: int, peers: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _apiserver(folder: Path, store: int, secure: int, key: Path) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--secure-port={secure}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'certificates'}",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=RBAC",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--disable-admission-plugins=ServiceAccount",
    ]


def _kubeconfig(port: int, token: str) -> dict[str, object]:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
        "current-context": "real",
    }


@contextmanager
def _running(name: str, arguments: list[str], folder: Path) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([str(PROGRAMS / name), *arguments], stdout=log, stderr=log, cwd=folder)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def _await_ready(port: int, token: str, folder: Path) -> None:
    trusting = ssl._create_unverified_context()
    asked = urllib.request.Request(f"https://127.0.0.1:{port}/readyz", headers={"Authorization": f"Bearer {token}"})
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(asked, timeout=2, context=trusting) as answer:
                if answer.status == 200:
                    return
        except OSError:  # not yet: refused, or 500 with what is missing
            time.sleep(0.2)
    raise RuntimeError(f"kube-apiserver was not ready after {PATIENCE:.0f} s; see {folder / 'kube-apiserver.log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        build()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
