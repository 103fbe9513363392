"""Where the cluster is and who we are there: kubectl's own rules, with two differences.

The context is pinned when it is first read, so ``kubectl config use-context`` in another window does not turn this
console to another cluster. And a credential plug-in (``exec``) runs here: the official client lets it inherit the
terminal's input, waits for it without end, and logs its failure instead of raising it.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.failure import Failed, one_line
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from kubernetes.client import Configuration

PLUGIN_DEADLINE = 10.0  # wall seconds; they often ask a cloud's API


@dataclass(frozen=True, slots=True)
class Login:
    """A client configuration, the context it is of, and the wall time at which its credentials end."""

    configuration: Configuration
    context: str
    expires: float | None
    namespace: str = "default"


def log_in(kubeconfig: str | None, context: str | None) -> Login:
    """Reads the kubeconfig, or the pod's own account where there is none; Failed says what is missing.

    ``kubeconfig`` None: ``$KUBECONFIG``, else ``~/.kube/config``. ``context`` None: the file's current one.
    """
    import yaml  # type: ignore[import-untyped]
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException

    configuration = Configuration()
    places = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    try:
        if not _present(places) and os.environ.get("KUBERNETES_SERVICE_HOST"):
            return _of_the_pod(configuration)
        return _of_a_file(configuration, places, context)
    except ConfigException as error:
        raise Failed(FailureKind.NOT_FOUND, f"kubeconfig {places}: {one_line(str(error))}") from error
    except (yaml.YAMLError, ValueError, KeyError, TypeError) as error:
        raise Failed(FailureKind.PROTOCOL, f"kubeconfig {places}: {one_line(str(error))}") from error
    except OSError as error:
        raise Failed(FailureKind.NOT_FOUND, f"kubeconfig {places}: {error.strerror}") from error


def _present(places: str) -> bool:
    return any(Path(place).expanduser().exists() for place in places.split(os.pathsep) if place)


def _of_the_pod(configuration: Configuration) -> Login:
    from kubernetes.config import load_incluster_config

    load_incluster_config(client_configuration=configuration)
    return Login(configuration, "in-cluster", None)


def _of_a_file(configuration: Configuration, places: str, context: str | None) -> Login:
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

    merged = KubeConfigMerger(places)
    if merged.config is None:
        raise Failed(FailureKind.NOT_FOUND, f"no kubeconfig at {places}", advice="set kubeconfig, or $KUBECONFIG")
    chosen = context or merged.config.value.get("current-context") or ""
    if not chosen:
        raise Failed(FailureKind.NOT_FOUND, f"kubeconfig {places} has no current context", advice="set context")
    expires = _run_plugin(merged.config, chosen)
    KubeConfigLoader(merged.config, active_context=chosen, config_base_path=None).load_and_set(configuration)
    return Login(configuration, chosen, expires)


def _run_plugin(config: Any, context: str) -> float | None:
    """Puts a plug-in's credentials in its place in the merged config (the client's own nodes); when they end."""
    of_context = config["contexts"].get_with_name(context)["context"].value
    user = config["users"].get_with_name(of_context.get("user", ""), safe=True) if "users" in config else None
    if user is None or "exec" not in user["user"]:
        return None
    cluster = config["clusters"].get_with_name(of_context["cluster"])["cluster"].value
    plugin = user["user"]["exec"].value
    folder = Path(user["user"].path or ".").resolve().parent
    status = credentials_from(plugin, cluster, folder)
    target = user["user"].value
    del target["exec"]
    if "token" in status:
        target["token"] = status["token"]
    for theirs, ours in (("clientCertificateData", "client-certificate"), ("clientKeyData", "client-key")):
        if theirs in status:
            target[f"{ours}-data"] = base64.b64encode(status[theirs].encode()).decode()
    expires = status.get("expirationTimestamp")
    return datetime.fromisoformat(expires).timestamp() if expires else None


def credentials_from(plugin: Mapping[str, Any], cluster: Mapping[str, Any], folder: Path) -> Mapping[str, str]:
    """Runs a client.authentication.k8s.io plug-in with its input closed; the ``status`` of its answer.

    Failed: EXPIRED where it gives no credentials, TIMED_OUT after ``PLUGIN_DEADLINE``.
    """
    name = str(plugin.get("command", ""))
    if plugin.get("interactiveMode") == "Always":
        raise Failed(FailureKind.EXPIRED, f"credential plug-in {name} needs a terminal", advice=f"log in with {name}")
    command = str(folder / name) if os.sep in name else name  # a relative path is relative to the kubeconfig
    environment = {**os.environ, **{one["name"]: one["value"] for one in plugin.get("env") or ()}}
    environment["KUBERNETES_EXEC_INFO"] = _exec_info(plugin, cluster)
    output = _output_of([command, *(plugin.get("args") or ())], environment, name)
    try:
        status = json.loads(output)["status"]
        if "token" in status or "clientCertificateData" in status:
            return {key: str(value) for key, value in status.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(FailureKind.EXPIRED, f"credential plug-in {name} did not answer as one") from error
    raise Failed(FailureKind.EXPIRED, f"credential plug-in {name} gave no credentials")


def _exec_info(plugin: Mapping[str, Any], cluster: Mapping[str, Any]) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        extensions = {one["name"]: one["extension"] for one in cluster.get("extensions") or ()}
        told = {key: value for key, value in cluster.items() if key != "extensions"}
        spec["cluster"] = {**told, "config": extensions.get("client.authentication.k8s.io/exec")}
    return json.dumps({"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": spec})


def _output_of(command: list[str], environment: Mapping[str, str], name: str) -> str:
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # its children end with it
        )
    except OSError as error:
        raise Failed(FailureKind.NOT_FOUND, f"credential plug-in {name}: {error.strerror}") from error
    try:
        output, complaint = process.communicate(timeout=PLUGIN_DEADLINE)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        reason = f"credential plug-in {name} took longer than {PLUGIN_DEADLINE:g} s"
        raise Failed(FailureKind.TIMED_OUT, reason) from error
    if process.returncode != 0:
        reason = f"credential plug-in {name} exited {process.returncode}: {one_line(complaint)}"
        raise Failed(FailureKind.EXPIRED, reason, advice=f"log in with {name}")
    return output
