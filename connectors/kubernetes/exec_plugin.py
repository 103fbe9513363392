"""Credential plug-ins (``exec``): a command that prints a token or a certificate, as cloud clusters have it.

The official client lets one inherit the terminal's input, waits for it without end, and logs its failure instead of
raising it. Here its input is closed, it and its children end at the deadline, what it may print is bounded, and what it
gave is kept until it ends or is refused: asking a cloud for a token takes seconds.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from connectors.failure import Failed, one_line
from connectors.kubernetes.kubeconfig import Cluster, Plugin
from console.model.snapshot import FailureKind

DEADLINE = 10.0  # wall seconds; they often ask a cloud's API
LARGEST = 1 << 20  # bytes of an answer
EARLY = 30.0  # wall seconds before their end in which credentials are no longer used
VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None  # PEM
    client_key_data: str | None = None
    expiration_timestamp: str | None = None


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    status: _Status
    api_version: str = ""


_ANSWER = msgspec.json.Decoder(_Answer)  # learnt while this module is imported: see answer.py


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What a plug-in gave. ``expires`` is in wall seconds since the epoch; None: when they are refused."""

    token: str | None
    certificate: str | None
    key: str | None
    expires: float | None


class Plugins:
    """What plug-ins gave, for as long as it is good. For one connector, in whichever thread logs in."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._lock = threading.Lock()
        self._kept: dict[bytes, Credentials] = {}

    def credentials(self, plugin: Plugin, cluster: Cluster, folder: Path) -> Credentials:
        """Kept ones, or new ones; Failed where the plug-in gives none."""
        key = msgspec.json.encode((plugin, cluster.server, str(folder)))
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or (kept.expires is not None and self._wall() > kept.expires - EARLY):
            kept = credentials_from(plugin, cluster, folder)
            with self._lock:
                self._kept[key] = kept
        return kept

    def forget(self) -> None:
        """They were refused."""
        with self._lock:
            self._kept.clear()


def credentials_from(plugin: Plugin, cluster: Cluster, folder: Path) -> Credentials:
    """Runs the command. Failed: EXPIRED where it gives no credentials, TIMED_OUT after ``DEADLINE``."""
    name = one_line(plugin.command, 80)
    if plugin.interactive_mode == "Always":
        raise Failed(FailureKind.EXPIRED, f"credential plug-in {name} needs a terminal", advice=f"log in with {name}")
    if plugin.api_version not in VERSIONS:
        reason = f"credential plug-in {name}: apiVersion {one_line(plugin.api_version, 60) or 'is missing'}"
        raise Failed(FailureKind.PROTOCOL, reason, advice=f"renew the kubeconfig: {VERSIONS[0]} is what it should be")
    command = str(folder / plugin.command) if os.sep in plugin.command else plugin.command
    environment = {**os.environ, **{one.name: one.value for one in plugin.env or ()}}
    environment["KUBERNETES_EXEC_INFO"] = _exec_info(plugin, cluster)
    return _credentials(_output_of([command, *(plugin.args or ())], environment, plugin), plugin)


def _credentials(output: bytes, plugin: Plugin) -> Credentials:
    name = one_line(plugin.command, 80)
    try:
        answer = _ANSWER.decode(output)
        status = answer.status
        expires = (
            datetime.fromisoformat(status.expiration_timestamp).timestamp() if status.expiration_timestamp else None
        )
    except (msgspec.DecodeError, ValueError):  # whose text would quote the answer
        raise Failed(FailureKind.EXPIRED, f"credential plug-in {name} did not answer as one") from None
    if answer.api_version and answer.api_version != plugin.api_version:
        said = one_line(answer.api_version, 60)
        raise Failed(FailureKind.PROTOCOL, f"credential plug-in {name} answered {said}, not {plugin.api_version}")
    if not status.token and not (status.client_certificate_data and status.client_key_data):
        raise Failed(
            FailureKind.EXPIRED, f"credential plug-in {name} gave no credentials", advice=f"log in with {name}"
        )
    return Credentials(status.token, status.client_certificate_data, status.client_key_data, expires)


def _exec_info(plugin: Plugin, cluster: Cluster) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.provide_cluster_info:
        spec["cluster"] = {key: value for key, value in _told(cluster).items() if value is not None}
    return json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


def _told(cluster: Cluster) -> dict[str, Any]:
    """A cluster as a plug-in is told of it: the authority as data, and its own extension as ``config``."""
    authority = cluster.certificate_authority_data
    if not authority and cluster.certificate_authority:
        authority = base64.b64encode(Path(cluster.certificate_authority).read_bytes()).decode()
    extensions = {one.name: one.extension for one in cluster.extensions or ()}
    return {
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": authority,
        "proxy-url": cluster.proxy_url,
        "disable-compression": cluster.disable_compression,
        "config": extensions.get("client.authentication.k8s.io/exec"),
    }


def _output_of(command: list[str], environment: Mapping[str, str], plugin: Plugin) -> bytes:
    """What it printed. Into a file, for a pipe that nobody reads stops it and one that is read has no bound."""
    name = one_line(plugin.command, 80)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaint,
                start_new_session=True,  # its children end with it
            )
        except OSError as error:
            advice = one_line(plugin.install_hint or "") or "install it, or mend the kubeconfig"
            raise Failed(
                FailureKind.NOT_FOUND, f"credential plug-in {name}: {error.strerror}", advice=advice
            ) from error
        try:
            code = process.wait(DEADLINE)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            reason = f"credential plug-in {name} took longer than {DEADLINE:g} s"
            raise Failed(FailureKind.TIMED_OUT, reason) from error
        if code != 0:
            reason = (
                f"credential plug-in {name} exited {code}: {one_line(_start_of(complaint).decode(errors='replace'))}"
            )
            raise Failed(FailureKind.EXPIRED, reason, advice=f"log in with {name}")
        return _start_of(output)


def _start_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(LARGEST)
