"""A real cluster for tests: the one that ``SEAWALL_TEST_KUBECONFIG`` names, or one that is started where its programs
were built (``make kubernetes``). The tests have a namespace of their own in it.

A test needs there what the simulated shop has: a deployment ``api`` with an autoscaler (5 to 20 pods, 70 % CPU), and a
deployment ``workers`` without one. The pods only pause. The namespace goes when the tests end, with all in it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.real.kubernetes_server import built, start_kubernetes

VARIABLE = "SEAWALL_TEST_KUBECONFIG"
IMAGE = "registry.k8s.io/pause:3.9"
LOOKER = "looker"


@contextmanager
def a_real_cluster(folder: Path) -> Iterator[str]:
    """The path of its kubeconfig; the test is left out where none is named and none can be started."""
    if path := os.environ.get(VARIABLE):
        yield path
    elif built():
        with start_kubernetes(folder) as path:
            yield path
    else:
        pytest.skip(f"no real Kubernetes: {VARIABLE} is not set, and `make kubernetes` was not run")


@contextmanager
def shop_namespace(kubeconfig: str) -> Iterator[str]:
    """The name of a new namespace, furnished."""
    from kubernetes import client, config

    api = config.new_client_from_config(kubeconfig)
    name = f"seawall-test-{secrets.token_hex(4)}"
    core = client.CoreV1Api(api)
    core.create_namespace({"metadata": {"name": name}}, _request_timeout=10)
    try:
        apps = client.AppsV1Api(api)
        for deployment in ("api", "workers"):
            apps.create_namespaced_deployment(name, _deployment(deployment), _request_timeout=10)
        autoscaling = client.AutoscalingV2Api(api)
        autoscaling.create_namespaced_horizontal_pod_autoscaler(name, _autoscaler(), _request_timeout=10)
        yield name
    finally:
        core.delete_namespace(name, _request_timeout=10)


def kubeconfig_that_only_looks(kubeconfig: str, namespace: str, path: Path) -> str:
    """A kubeconfig at ``path`` for an account that may get and list there what a reading has, and no more."""
    from kubernetes import client, config

    api = config.new_client_from_config(kubeconfig)
    core, rbac = client.CoreV1Api(api), client.RbacAuthorizationV1Api(api)
    core.create_namespaced_service_account(namespace, {"metadata": {"name": LOOKER}}, _request_timeout=10)
    rbac.create_namespaced_role(namespace, _role(), _request_timeout=10)
    rbac.create_namespaced_role_binding(namespace, _binding(namespace), _request_timeout=10)
    wanted = {"spec": {"audiences": [], "expirationSeconds": 600}}
    token = core.create_namespaced_service_account_token(LOOKER, namespace, wanted, _request_timeout=10).status.token
    host = api.configuration
    trust = {"insecure-skip-tls-verify": True} if not host.verify_ssl else {}
    if host.verify_ssl and host.ssl_ca_cert:
        trust = {"certificate-authority": host.ssl_ca_cert}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": LOOKER,
        "contexts": [{"name": LOOKER, "context": {"cluster": "real", "user": LOOKER}}],
        "clusters": [{"name": "real", "cluster": {"server": host.host, **trust}}],
        "users": [{"name": LOOKER, "user": {"token": token}}],
    }
    path.write_text(json.dumps(document))
    return str(path)


def _role() -> dict[str, Any]:
    resources = {
        "": ["events", "resourcequotas"],
        "apps": ["deployments", "statefulsets", "daemonsets"],
        "autoscaling": ["horizontalpodautoscalers"],
        "batch": ["jobs", "cronjobs"],
        "policy": ["poddisruptionbudgets"],
    }
    verbs = ["get", "list"]
    rules = [{"apiGroups": [group], "resources": names, "verbs": verbs} for group, names in resources.items()]
    return {"metadata": {"name": LOOKER}, "rules": rules}


def _binding(namespace: str) -> dict[str, Any]:
    return {
        "metadata": {"name": LOOKER},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": LOOKER},
        "subjects": [{"kind": "ServiceAccount", "name": LOOKER, "namespace": namespace}],
    }


def _deployment(name: str) -> dict[str, Any]:
    container = {"name": name, "image": IMAGE, "resources": {"requests": {"cpu": "1m"}}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def _autoscaler() -> dict[str, Any]:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
        "minReplicas": 5,
        "maxReplicas": 20,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    return {"metadata": {"name": "api"}, "spec": spec}
