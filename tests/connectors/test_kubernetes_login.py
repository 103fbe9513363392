"""Kubeconfigs as people have them, and credential plug-ins that hang, ask, fail or answer nonsense."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.failure import Failed
from connectors.kubernetes import exec_plugin
from connectors.kubernetes.login import log_in
from console.model.snapshot import FailureKind
from tests.connectors.small_cluster import kubeconfig

SERVER = "http://127.0.0.1:1"
EXPIRES = "2031-01-01T00:00:00Z"
V1 = "client.authentication.k8s.io/v1"


def plugin(code: str, **more: Any) -> dict[str, Any]:
    return {"exec": {"apiVersion": V1, "command": sys.executable, "args": ["-c", code], **more}}


def printing(status: dict[str, Any]) -> str:
    return f"print({json.dumps(json.dumps({'kind': 'ExecCredential', 'status': status}))})"


def token_of(path: str) -> str:
    return str(log_in(path, None).configuration.api_key["BearerToken"])


def test_a_token(tmp_path: Path) -> None:
    login = log_in(kubeconfig(tmp_path, SERVER), None)
    assert (login.context, login.configuration.host, login.expires) == ("sim", SERVER, None)
    assert login.configuration.api_key["BearerToken"] == "Bearer good"


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path, SERVER))
    assert log_in(None, None).context == "sim"


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Failed, match="no kubeconfig") as raised:
        log_in(None, None)
    assert raised.value.kind is FailureKind.NOT_FOUND


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="prod") as raised:
        log_in(kubeconfig(tmp_path, SERVER), "prod")
    assert raised.value.kind is FailureKind.NOT_FOUND


@pytest.mark.parametrize("text", ["{oops", "[]", "a: b", "contexts: 3\ncurrent-context: x"])
def test_a_file_that_is_no_kubeconfig(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(Failed):
        log_in(str(path), None)


def test_a_plugins_token_and_its_end(tmp_path: Path) -> None:
    code = printing({"token": "fresh", "expirationTimestamp": EXPIRES})
    login = log_in(kubeconfig(tmp_path, SERVER, plugin(code)), None)
    assert login.configuration.api_key["BearerToken"] == "Bearer fresh"
    assert login.expires == datetime(2031, 1, 1, tzinfo=UTC).timestamp()


def test_a_plugin_is_told_about_the_cluster_and_given_its_environment(tmp_path: Path) -> None:
    code = (
        "import json, os; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "token = f\"{os.environ['ROLE']} {info['spec']['cluster']['server']} {info['spec']['interactive']}\";"
        "print(json.dumps({'status': {'token': token}}))"
    )
    user = plugin(code, provideClusterInfo=True, env=[{"name": "ROLE", "value": "oncall"}])
    assert token_of(kubeconfig(tmp_path, SERVER, user)) == f"Bearer oncall {SERVER} False"


def test_a_plugins_input_is_closed(tmp_path: Path) -> None:
    code = "import sys, json; print(json.dumps({'status': {'token': repr(sys.stdin.read())}}))"
    assert token_of(kubeconfig(tmp_path, SERVER, plugin(code))) == "Bearer ''"


def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "DEADLINE", 0.5)
    code = "import subprocess; subprocess.run(['sleep', '60'])"
    started = time.monotonic()
    with pytest.raises(Failed) as raised:
        log_in(kubeconfig(tmp_path, SERVER, plugin(code)), None)
    assert raised.value.kind is FailureKind.TIMED_OUT
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("user", "kind", "words"),
    [
        (plugin("import sys; sys.exit('please log in')"), FailureKind.EXPIRED, "exited 1: please log in"),
        (plugin("print('hello')"), FailureKind.EXPIRED, "did not answer as one"),
        (plugin(printing({})), FailureKind.EXPIRED, "no credentials"),
        (plugin("", interactiveMode="Always"), FailureKind.EXPIRED, "needs a terminal"),
        (
            {"exec": {"apiVersion": V1, "command": "seawall-no-such-plugin"}},
            FailureKind.NOT_FOUND,
            "No such file",
        ),
        (
            {"exec": {"apiVersion": V1.replace("v1", "v1alpha1"), "command": "true"}},
            FailureKind.PROTOCOL,
            "v1alpha1",
        ),
    ],
)
def test_a_plugin_that_gives_nothing(user: dict[str, Any], kind: FailureKind, words: str, tmp_path: Path) -> None:
    with pytest.raises(Failed, match=words) as raised:
        log_in(kubeconfig(tmp_path, SERVER, user), None)
    assert raised.value.kind is kind
