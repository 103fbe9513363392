"""The kubeconfig of a simulated cluster: context and cluster ``sim``, with a token or the plug-in that gets one."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

from connectors.simulator.kubernetes.options import KubernetesOptions
from connectors.simulator.kubernetes.tokens import USER

_PLUGIN = Path(__file__).with_name("credential.py")
_TEMPLATE = """\
apiVersion: v1
kind: Config
clusters:
- name: sim
  cluster:
    server: {url}{authority}
users:
- name: {user}
  user:
{login}
contexts:
- name: sim
  context:
    cluster: sim
    user: {user}
    namespace: {namespace}
current-context: sim
"""
_EXEC = """\
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: {command}
      args: {arguments}
      interactiveMode: Never
      provideClusterInfo: true"""


def kubeconfig(url: str, token: str, namespace: str, options: KubernetesOptions) -> str:
    """The file's text, YAML."""
    login = f"    token: {token}"
    if options.exec_plugin:
        arguments = json.dumps([str(_PLUGIN), url])  # JSON is YAML
        login = _EXEC.format(command=json.dumps(sys.executable), arguments=arguments)
    authority = ""
    if options.authority:
        data = base64.b64encode(options.authority.encode()).decode()
        authority = f"\n    certificate-authority-data: {data}"
    return _TEMPLATE.format(url=url, authority=authority, user=USER, login=login, namespace=namespace)
