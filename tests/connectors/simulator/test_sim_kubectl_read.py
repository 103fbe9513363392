"""kubectl looking: what is served, explained, and shown in each of its forms. Both ends of the versions found."""

from __future__ import annotations

import json
from pathlib import Path

from tests.connectors.simulator.sim_cluster import Cluster, served
from tests.connectors.simulator.sim_kubectl import CLIENTS, ENDS, FOUND, Command

pytestmark = FOUND


@ENDS
async def test_what_is_served_and_explained(tmp_path: Path, binary: Path) -> None:
    async with served(cluster := Cluster()):
        kubectl = Command(tmp_path, binary)
        kubectl.point(cluster)
        kinds = {line.split()[-1] for line in (await kubectl("api-resources", "--no-headers")).splitlines()}
        assert kinds >= {"Deployment", "Secret", "Role", "HorizontalPodAutoscaler", "SelfSubjectReview"}
        versions = (await kubectl("api-versions")).split()
        assert {"apps/v1", "autoscaling/v1", "autoscaling/v2", "policy/v1", "v1"} <= set(versions)
        assert cluster.wire.url in await kubectl("cluster-info")
        assert "Server Version: v1." in await kubectl("version")
        explained = await kubectl("explain", "deployment.spec.strategy")
        assert "FIELD: strategy <DeploymentStrategy>" in explained
        assert "How a Deployment replaces its pods." in explained
        hpa = await kubectl("explain", "hpa.spec")
        assert "maxReplicas\t<integer> -required-" in hpa
        assert "targetCPUUtilizationPercentage" in await kubectl("explain", "hpa.spec", "--api-version=autoscaling/v1")
        assert "containerPort" in await kubectl("explain", "pods", "--recursive")


@ENDS
async def test_the_forms_of_an_answer(tmp_path: Path, binary: Path) -> None:
    cluster = Cluster()
    cluster.run(5)
    async with served(cluster):
        kubectl = Command(tmp_path, binary)
        kubectl.point(cluster)
        columns = "custom-columns=N:.metadata.name,P:.status.phase"
        rows = (await kubectl("get", "pods", "-l", "app=web", "-o", columns, "--no-headers")).splitlines()
        assert [row.split()[1] for row in rows] == ["Running", "Running"]
        by_name = (
            "get",
            "pods",
            "-A",
            "--field-selector=status.phase=Running",
            "--sort-by=.metadata.name",
            "-o",
            "name",
        )
        names = (await kubectl(*by_name)).split()
        assert names == sorted(names)
        assert "app=web" in await kubectl("get", "pods", "-l", "app in (web)", "--show-labels")
        assert len((await kubectl("get", "deploy", "--chunk-size=1", "-o", "name")).split()) >= 4
        assert json.loads(await kubectl("get", "--raw", "/apis/apps/v1/namespaces/shop/deployments/api"))["kind"]
        assert await kubectl("get", "--raw", "/readyz") == "ok"
        for kind in ("deploy", "rs", "svc", "cm", "hpa", "pdb", "ns", "nodes"):
            assert "Name:" in await kubectl("describe", kind)
        met = "deployment.apps/api condition met\n"
        assert await kubectl("wait", "--for=condition=Available", "deploy/api", "--timeout=5s") == met
        assert await kubectl("wait", "--for=jsonpath={.spec.replicas}=5", "deploy/api", "--timeout=5s") == met


async def test_new_objects_only(tmp_path: Path) -> None:
    async with served(cluster := Cluster()):
        kubectl = Command(tmp_path, CLIENTS[-1])
        kubectl.point(cluster)
        assert await kubectl("get", "deploy", "--watch-only", "--request-timeout=1s") == ""
