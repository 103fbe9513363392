"""kubectl making and deleting objects; newer ones send these bodies as protobuf. Every version found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.connectors.simulator.sim_cluster import Cluster
from tests.connectors.simulator.sim_kubectl import CLIENTS, ENDS, FOUND, VERSIONS, client

pytestmark = FOUND


@VERSIONS
async def test_what_typed_clients_create_is_as_they_said(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    assert await kubectl("create", "configmap", "made", "--from-literal=a=b") == "configmap/made created\n"
    assert await kubectl("get", "cm", "made", "-o", "jsonpath={.data.a}") == "b"
    scaled = await kubectl("autoscale", "deploy", "workers", "--min=2", "--max=9", "--cpu-percent=70")
    assert scaled == "horizontalpodautoscaler.autoscaling/workers autoscaled\n"
    hpa = json.loads(await kubectl("get", "hpa", "workers", "-o", "json"))["spec"]
    assert (hpa["minReplicas"], hpa["maxReplicas"]) == (2, 9)
    assert hpa["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    await kubectl("create", "deployment", "side", "--image=nginx:1", "--replicas=0", "--port=80")
    side = json.loads(await kubectl("get", "deploy", "side", "-o", "json"))["spec"]
    assert (side["replicas"], side["strategy"]["type"]) == (0, "RollingUpdate")
    assert side["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    await kubectl("create", "secret", "generic", "hidden", "--from-literal=a=b")
    assert await kubectl("get", "secret", "hidden", "-o", "jsonpath={.data.a}") == "Yg=="
    await kubectl("create", "quota", "few", "--hard=pods=50,cpu=40")
    assert json.loads(await kubectl("get", "quota", "few", "-o", "jsonpath={.spec.hard}")) == {
        "cpu": "40",
        "pods": "50",
    }
    await kubectl("create", "pdb", "web", "--selector=app=web", "--max-unavailable=50%")
    assert await kubectl("get", "pdb", "web", "-o", "jsonpath={.spec.maxUnavailable}") == "50%"
    await kubectl("create", "service", "clusterip", "side", "--tcp=80:8080")
    ports = json.loads(await kubectl("get", "svc", "side", "-o", "jsonpath={.spec.ports}"))
    assert ports == [{"name": "80-8080", "port": 80, "protocol": "TCP", "targetPort": 8080}]
    await kubectl("create", "role", "reader", "--verb=get", "--resource=pods")
    assert "pods       []" in await kubectl("describe", "role", "reader")
    assert "already exists" in await kubectl("create", "configmap", "made", code=1)


@ENDS
async def test_a_namespace_goes_with_what_is_in_it(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    await kubectl("create", "namespace", "trial")
    await kubectl("create", "configmap", "x", "-n", "trial")
    await kubectl("create", "deployment", "y", "-n", "trial", "--image=a:1")
    cluster.run(2)
    assert "y-" in await kubectl("get", "pods", "-n", "trial")
    assert await kubectl("delete", "ns", "trial", "--wait=false") == 'namespace "trial" deleted\n'
    assert "Terminating" in await kubectl("get", "ns", "trial")
    refused = await kubectl("create", "configmap", "z", "-n", "trial", code=1)
    assert "because it is being terminated" in refused
    await kubectl("wait", "--for=delete", "ns/trial", "--timeout=20s", meanwhile=lambda: cluster.run(1))
    assert "NotFound" in await kubectl("get", "ns", "trial", code=1)
    assert "may not be deleted" in await kubectl("delete", "ns", "default", code=1)


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
async def test_dependents_go_after_before_or_not(cluster: Cluster, tmp_path: Path, cascade: str) -> None:
    kubectl = client(cluster, tmp_path, CLIENTS[-1])
    delete = ("delete", "deploy", "web", f"--cascade={cascade}", "--timeout=20s")
    assert await kubectl(*delete, meanwhile=lambda: cluster.run(1)) == 'deployment.apps "web" deleted\n'
    if cascade == "background":
        cluster.run(10)
    left = (await kubectl("get", "rs,pods", "-l", "app=web", "-o", "name")).split()
    assert len(left) == (3 if cascade == "orphan" else 0)


async def test_a_pod_is_killed_at_once_by_force_only(cluster: Cluster, tmp_path: Path) -> None:
    kubectl = client(cluster, tmp_path, CLIENTS[-1])
    first, second = (await kubectl("get", "pods", "-l", "app=web", "-o", "name")).split()
    await kubectl("delete", first, "--wait=false")
    assert "Terminating" in await kubectl("get", first)
    assert "force deleted" in await kubectl("delete", second, "--grace-period=0", "--force")
    assert "NotFound" in await kubectl("get", second, code=1)
