"""``kubectl logs``, ``top``, ``events``, and what cannot be simulated said in so many words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.simulator.sim_cluster import Cluster, served
from tests.connectors.simulator.sim_kubectl import DEADLINE, FOUND, VERSIONS, Command, client, ended

pytestmark = FOUND


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    cluster = Cluster()
    cluster.run(60)
    async with served(cluster):
        yield cluster


@VERSIONS
async def test_every_way_to_read_a_log(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    assert "level=info msg=working" in await kubectl("logs", "deploy/api")
    name = (await kubectl("get", "pods", "-l", "app=api", "-o", "name")).split()[0]
    lines = (await kubectl("logs", name)).splitlines()
    assert len([line for line in lines if line.startswith("level=info msg=working")]) == 12  # one every 5 s
    assert (await kubectl("logs", name, "--tail=2")).count("\n") == 2
    assert (await kubectl("logs", name, "--since=11s")).count("\n") == 3
    stamped = (await kubectl("logs", name, "--tail=1", "--timestamps")).split()[0]
    assert re.fullmatch(r"2025-10-09T08:54:20\.\d{9}Z", stamped)
    labelled = (await kubectl("logs", "-l", "app=web", "--tail=1", "--prefix", "-c", "web")).splitlines()
    assert len(labelled) == 2
    none = await kubectl("logs", "deploy/web", "-p", code=1)
    assert 'previous terminated container "web" in pod' in none
    assert "container nginx is not valid for pod" in await kubectl("logs", "deploy/web", "-c", "nginx", code=1)
    for words in (("exec", "deploy/web", "--", "date"), ("port-forward", "deploy/web", "0:3000")):
        assert "the containers of this cluster are simulated" in await kubectl(*words, code=1)
    assert "the containers of this cluster are simulated" in await kubectl("attach", "deploy/web", code=1)


async def test_a_log_is_followed_until_its_pod_is_gone(cluster: Cluster, kubectl: Command) -> None:
    name = (await kubectl("get", "pods", "-l", "app=web", "-o", "name")).split()[0]
    process = await kubectl.start("logs", "-f", "--tail=1", name)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DEADLINE):
            assert (await process.stdout.readline()).startswith(b"level=info msg=working")
            cluster.run(5)
            assert (await process.stdout.readline()).startswith(b"level=info msg=working")
            await kubectl("delete", name, "--wait=false")
            cluster.run(10)
            await process.wait()
    finally:
        await ended(process)
    assert process.returncode == 0


async def test_the_log_of_a_crash_and_of_what_has_not_begun(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("set", "env", "deploy/web", "CRASH=1")
    cluster.run(30)
    crashed = (await kubectl("get", "pods", "-l", "app=web")).splitlines()
    (row,) = [line for line in crashed if "CrashLoopBackOff" in line]
    assert "level=error msg=exiting code=1" in await kubectl("logs", row.split()[0])
    assert "level=error msg=exiting code=1" in await kubectl("logs", "-p", row.split()[0])
    await kubectl("run", "fresh", "--image=busybox")
    cluster.run(1)
    waiting = await kubectl("logs", "fresh", code=1)
    assert 'container "fresh" in pod "fresh" is waiting to start: ContainerCreating' in waiting
    await kubectl("run", "torn", "--image=busybox:broken")
    cluster.run(10)
    assert "trying and failing to pull image" in await kubectl("logs", "torn", code=1)


async def test_an_out_of_memory_kill_is_told_by_events_and_not_by_the_log(cluster: Cluster, kubectl: Command) -> None:
    while cluster.wire.workloads()["api"].ready == 5:
        cluster.run(1, growth=2**21)
    cluster.run(3)
    rows = (await kubectl("get", "pods", "-l", "app=api")).splitlines()
    (killed,) = [line.split()[0] for line in rows if "0/1" in line]
    assert "exiting" not in await kubectl("logs", "-p", killed)
    assert "OOMKilling" in await kubectl("events", f"--for=pod/{killed}")


@VERSIONS
async def test_top_and_events(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    nodes = (await kubectl("top", "nodes")).splitlines()
    assert len(nodes) == 5
    assert "%" in nodes[1]
    assert "api" in await kubectl("top", "pods", "--containers", "--sort-by=memory", "-l", "app=api")
    await kubectl("scale", "deploy/web", "--replicas=3")
    cluster.run(62)
    events = await kubectl("events", "--for=deploy/web")
    assert re.search(r"ScalingReplicaSet +Deployment/web +Scaled up replica set web-\w+ from 2 to 3", events)
    told = await kubectl("get", "events", "--sort-by=.lastTimestamp")
    assert all(word in told for word in ("Scheduled", "Pulled", "Created", "Started", "SuccessfulCreate"))
