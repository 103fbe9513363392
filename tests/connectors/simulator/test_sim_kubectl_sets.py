"""Stateful sets, daemon sets, jobs and cron jobs, made and followed by every kubectl on the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connectors.simulator.tick import Pods
from tests.connectors.simulator.sim_cluster import Cluster
from tests.connectors.simulator.sim_kubectl import FOUND, VERSIONS, Command, client

pytestmark = FOUND


def _template(name: str, image: str, **spec: object) -> dict[str, Any]:
    containers = [{"name": name, "image": image}]
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers, **spec}}


def _set(kind: str, name: str, **spec: object) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": _template(name, f"shop/{name}:1"), **spec},
    }


async def _created(kubectl: Command, *objects: dict[str, Any]) -> None:
    for number, obj in enumerate(objects):
        path = kubectl.folder / f"{number}.json"
        path.write_text(json.dumps(obj))
        await kubectl("create", "-f", str(path))


@VERSIONS
async def test_sets_roll_and_go_back(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    replica = _set("StatefulSet", "ledger", replicas=2, serviceName="ledger")
    await _created(kubectl, replica, _set("DaemonSet", "agent"))
    for name in ("sts/ledger", "ds/agent"):
        await kubectl("rollout", "status", name, meanwhile=lambda: cluster.run(5))
        container = name.split("/")[1]
        await kubectl("set", "image", name, f"{container}=shop/{container}:2")
        status = await kubectl("rollout", "status", name, meanwhile=lambda: cluster.run(5))
        assert "successfully rolled out" in status or "roll" in status
        history = (await kubectl("rollout", "history", name)).split()
        assert history[-4:] == ["1", "<none>", "2", "<none>"]
        assert "rolled back" in await kubectl("rollout", "undo", name)
        cluster.run(1)
        await kubectl("rollout", "status", name, meanwhile=lambda: cluster.run(5))
        image = await kubectl("get", name, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
        assert image == f"shop/{container}:1"
        assert "restarted" in await kubectl("rollout", "restart", name)
    assert await kubectl("get", "pods", "-l", "app=agent", "--no-headers", "-o", "name")
    assert "daemonset.apps/agent" in await kubectl("get", "all")
    assert "Pods Status" in await kubectl("describe", "sts,ds")


async def test_a_stateful_set_is_made_in_order_and_scaled_in_reverse(cluster: Cluster, kubectl: Command) -> None:
    await _created(kubectl, _set("StatefulSet", "ledger", replicas=3, serviceName="ledger"))
    seen: list[list[str]] = []
    for _ in range(200):
        cluster.run(1)
        pods = json.loads(await kubectl("get", "pods", "-l", "app=ledger", "-o", "json"))["items"]
        names = sorted(pod["metadata"]["name"].rsplit("-", 1)[1] for pod in pods)
        if not seen or seen[-1] != names:
            seen.append(names)
        if cluster.wire.workloads()["ledger"].ready == 3:
            break
    assert seen == [["0"], ["0", "1"], ["0", "1", "2"]]
    await kubectl("scale", "sts/ledger", "--replicas=1")
    cluster.run(1)
    left = json.loads(await kubectl("get", "pods", "-l", "app=ledger", "-o", "json"))["items"]
    leaving = [pod["metadata"]["name"] for pod in left if "deletionTimestamp" in pod["metadata"]]
    assert leaving == ["ledger-2"]
    cluster.run(30)
    assert cluster.wire.workloads()["ledger"] == Pods(1, 0, 1)


async def test_jobs_end_well_or_badly_and_go_when_their_time_is_over(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("create", "job", "good", "--image=busybox", "--", "sh", "-c", "sleep 20")
    await kubectl("create", "job", "bad", "--image=busybox", "--", "sh", "-c", "exit 3")
    patch = '{"spec":{"backoffLimit":1,"ttlSecondsAfterFinished":60}}'
    await kubectl("patch", "job", "bad", "-p", patch)
    cluster.run(10)
    assert "Running" in await kubectl("get", "job", "good")
    cluster.run(40)
    await kubectl("wait", "--for=condition=complete", "job/good", "--timeout=5s")
    assert "1/1" in await kubectl("get", "job", "good")
    assert "BackoffLimitExceeded" in await kubectl("describe", "job", "bad")
    assert "Completed" in await kubectl("get", "pods", "-l", "job-name=good")
    assert "Error" in await kubectl("get", "pods", "-l", "job-name=bad")
    cluster.run(60)
    assert "NotFound" in await kubectl("get", "job", "bad", code=1)


async def test_a_cron_job_runs_each_minute_unless_it_is_suspended(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("create", "cronjob", "report", "--image=busybox", "--schedule=*/1 * * * *", "--", "date")
    cluster.run(190)
    jobs = (await kubectl("get", "jobs", "-o", "name")).split()
    assert len(jobs) == 3
    assert "report" in await kubectl("get", "cronjobs")
    await kubectl("patch", "cronjob", "report", "-p", '{"spec":{"suspend":true}}')
    cluster.run(190)
    assert (await kubectl("get", "jobs", "-o", "name")).split() == jobs
    assert "created" in await kubectl("create", "job", "now", "--from=cronjob/report")
    refused = await kubectl("create", "cronjob", "bad", "--image=busybox", "--schedule=often", code=1)
    assert "spec.schedule: Invalid value" in refused
    assert "True" in await kubectl("describe", "cronjob", "report")
