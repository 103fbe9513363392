"""``kubectl rollout`` on deployments, by every kubectl on the machine: followed, listed, undone, paused."""

from __future__ import annotations

import json
from pathlib import Path

from tests.connectors.simulator.sim_cluster import Cluster
from tests.connectors.simulator.sim_kubectl import FOUND, VERSIONS, Command, client

pytestmark = FOUND


@VERSIONS
async def test_restart_status_history_and_undo(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    image = ("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[*].image}")
    first = await kubectl(*image)
    assert await kubectl("set", "image", "deploy/web", "web=shop/web:3") == "deployment.apps/web image updated\n"
    await kubectl("annotate", "deploy/web", "kubernetes.io/change-cause=three")
    status = await kubectl("rollout", "status", "deploy/web", meanwhile=lambda: cluster.run(2))
    assert "Waiting for deployment" in status
    assert status.endswith('deployment "web" successfully rolled out\n')
    history = (await kubectl("rollout", "history", "deploy/web")).split()
    assert history[-6:] == ["REVISION", "CHANGE-CAUSE", "1", "<none>", "2", "three"]
    assert "shop/web:3" in await kubectl("rollout", "history", "deploy/web", "--revision=2")
    assert await kubectl("rollout", "undo", "deploy/web") == "deployment.apps/web rolled back\n"
    await kubectl("rollout", "status", "deploy/web", meanwhile=lambda: cluster.run(5))
    assert await kubectl(*image) == first
    assert (await kubectl("rollout", "history", "deploy/web")).split()[3:] == ["2", "three", "3", "<none>"]
    assert await kubectl("rollout", "restart", "deploy/web") == "deployment.apps/web restarted\n"
    await kubectl("rollout", "status", "deploy/web", meanwhile=lambda: cluster.run(5))
    assert cluster.wire.workloads()["web"].ready == 2


async def test_a_paused_rollout_waits_and_a_resumed_one_goes_on(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("rollout", "pause", "deploy/web")
    await kubectl("set", "image", "deploy/web", "web=shop/web:3")
    cluster.run(90)
    assert len((await kubectl("get", "rs", "-l", "app=web", "-o", "name")).split()) == 1
    assert 'error: deployments.apps "web" is already paused' in await kubectl("rollout", "pause", "deploy/web", code=1)
    await kubectl("scale", "deploy/web", "--replicas=3")
    cluster.run(90)
    assert cluster.wire.workloads()["web"].ready == 3
    assert "DeploymentPaused" in await kubectl("describe", "deploy", "web")
    await kubectl("rollout", "resume", "deploy/web")
    cluster.run(1)
    status = await kubectl("rollout", "status", "deploy/web", meanwhile=lambda: cluster.run(5))
    assert "successfully rolled out" in status
    assert len((await kubectl("get", "rs", "-l", "app=web", "-o", "name")).split()) == 2


async def test_an_image_that_is_not_there_stops_a_rollout_and_undo_heals_it(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("patch", "deploy", "web", "-p", '{"spec":{"progressDeadlineSeconds":60}}')
    await kubectl("set", "image", "deploy/web", "web=shop/web:broken")
    cluster.run(30)
    assert "ImagePullBackOff" in await kubectl("get", "pods", "-l", "app=web")
    assert cluster.wire.workloads()["web"].ready == 2
    late = await kubectl("rollout", "status", "deploy/web", code=1, meanwhile=lambda: cluster.run(5))
    assert late.endswith('error: deployment "web" exceeded its progress deadline\n')
    described = await kubectl("describe", "pods", "-l", "app=web")
    assert 'Back-off pulling image "shop/web:broken"' in described
    await kubectl("rollout", "undo", "deploy/web")
    cluster.run(10)
    assert "successfully" in await kubectl("rollout", "status", "deploy/web", meanwhile=lambda: cluster.run(5))


async def test_a_crash_loop_backs_off_as_documented(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("set", "env", "deploy/workers", "CRASH=1")
    starts = []
    for second in range(500):
        cluster.run(1)
        pods = json.loads(await kubectl("get", "pods", "-l", "app=workers", "-o", "json")) if second == 499 else {}
        starts.append(cluster.wire.workloads()["workers"].ready)
    assert min(starts) == 3  # the rollout does not go on
    looping = [pod for pod in pods["items"] if pod["status"]["containerStatuses"][0]["restartCount"]]
    assert len(looping) == 2  # one instead of an old one, one of surge
    for pod in looping:
        container = pod["status"]["containerStatuses"][0]
        assert container["restartCount"] == 6  # at once, then after 10, 20, 40, 80 and 160 s; the next after 300 s
        assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert container["state"]["waiting"]["message"].startswith("back-off 5m0s restarting failed container=workers")
        assert container["lastState"]["terminated"]["exitCode"] == 1
    events = await kubectl("events", "--types=Warning")
    assert "Back-off restarting failed container workers in pod" in events
    assert "CrashLoopBackOff" in await kubectl("get", "pods", "-l", "app=workers")
