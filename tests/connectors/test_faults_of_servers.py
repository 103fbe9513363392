"""What servers say of themselves and of us: an ended certificate, refused credentials, too many requests, a storm."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connectors import Connector
from connectors.kafka import open_connector as open_kafka
from connectors.kubernetes import open_connector as open_kubernetes
from connectors.prometheus import open_connector as open_prometheus
from connectors.redis import open_connector as open_redis
from connectors.secret import Secret
from connectors.settings import kafka, kubernetes, prometheus, redis
from console.clock import SystemClock
from console.model.snapshot import FailureKind, Unreachable
from tests.connectors.faults import answering, serving
from tests.connectors.probe_servers import serving_securely

CLOCK = SystemClock()
SYSTEMS = ("prometheus", "kafka", "redis", "kubernetes")
CANARY = "canary-4f1c2e"


def kubeconfig(directory: Path, server: str, authority: Path | None = None) -> str:
    trusted = f"certificate-authority: {authority}" if authority else ""
    path = directory / "kubeconfig"
    path.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: it
contexts: [{{name: it, context: {{cluster: it, user: me}}}}]
users: [{{name: me, user: {{token: {CANARY}}}}}]
clusters:
- name: it
  cluster:
    server: {server}
    {trusted}
"""
    )
    return str(path)


def opened(system: str, url: str, directory: Path, authority: Path | None = None) -> Connector:
    """A connector with a secret, on ``url``; with TLS where it is https."""
    place, secure, ca = urlsplit(url).netloc, url.startswith("https"), str(authority or "")
    secret = Secret("env:CANARY")
    match system:
        case "prometheus":
            return open_prometheus(system, prometheus.Settings(url=url, token=secret, ca_file=ca), CLOCK, ())
        case "kafka":
            of_kafka = kafka.Settings(bootstrap=(place,), user="me", password=secret, tls=secure, ca_file=ca)
            return open_kafka(system, of_kafka, CLOCK)
        case "redis":
            scheme = "rediss" if secure else "redis"
            of_redis = redis.Settings(url=f"{scheme}://{place}/0", user="me", password=secret, ca_file=ca)
            return open_redis(system, of_redis, CLOCK)
    of_kubernetes = kubernetes.Settings(kubeconfig=kubeconfig(directory, url, authority), namespaces=("shop",))
    return open_kubernetes(system, of_kubernetes, CLOCK)


@asynccontextmanager
async def failing(connector: Connector) -> AsyncIterator[Unreachable]:
    """What a reading of a sick server says. Its credentials are nowhere in it."""
    try:
        seen = await connector.read()
        assert isinstance(seen, Unreachable), seen
        assert CANARY not in repr(seen)
        assert seen.advice
        yield seen
    finally:
        await connector.close()


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CANARY", CANARY)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_certificate_that_has_ended_is_told_as_such(system: str, tmp_path: Path) -> None:
    ended = datetime.now(UTC) - timedelta(hours=1)
    async with (
        serving_securely(tmp_path, ended) as (port, authority),
        failing(opened(system, f"https://localhost:{port}", tmp_path, authority)) as seen,
    ):
        assert seen.kind is FailureKind.TLS
        assert "certificate has expired" in seen.reason


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_strangers_certificate_is_not_trusted(system: str, tmp_path: Path) -> None:
    async with (
        serving_securely(tmp_path) as (port, _),
        failing(opened(system, f"https://localhost:{port}", tmp_path)) as seen,
    ):
        assert seen.kind is FailureKind.TLS
        assert "verify failed" in seen.reason


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_server_that_speaks_no_tls_is_a_tls_failure(system: str, tmp_path: Path) -> None:
    async with (
        serving(answering(200, b"{}")) as url,
        failing(opened(system, url.replace("http://", "https://"), tmp_path)) as seen,
    ):
        assert seen.kind in (FailureKind.TLS, FailureKind.TIMED_OUT), seen


@pytest.mark.parametrize("system", ["prometheus", "kubernetes"])
@pytest.mark.parametrize(
    ("status", "headers", "kind", "retry_after"),
    [
        (401, {}, FailureKind.EXPIRED, None),
        (403, {}, FailureKind.FORBIDDEN, None),
        (429, {"Retry-After": "7"}, FailureKind.THROTTLED, 7.0),
        (429, {"Retry-After": "soon"}, FailureKind.THROTTLED, None),
        (429, {}, FailureKind.THROTTLED, None),
        (503, {}, FailureKind.PROTOCOL, None),
        (503, {"Retry-After": "3"}, FailureKind.THROTTLED, 3.0),
        (504, {}, FailureKind.TIMED_OUT, None),
    ],
)
async def test_an_http_status_says_what_to_do_and_when(
    system: str,
    status: int,
    headers: dict[str, str],
    kind: FailureKind,
    retry_after: float | None,
    tmp_path: Path,
) -> None:
    async with serving(answering(status, b"{}", headers)) as url, failing(opened(system, url, tmp_path)) as seen:
        assert (seen.kind, seen.retry_after) == (kind, retry_after)
