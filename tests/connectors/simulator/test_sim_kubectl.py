"""kubectl, every version that is on the machine, against the wire.

The command may be a dispatcher that picks a client by the server's version, so the versioned binaries beside it are
called by name too.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.connectors.simulator.sim_cluster import Cluster, served


def _clients() -> list[Path]:
    """The kubectl on the path, and its versioned neighbours from 1.29 on."""
    found = shutil.which("kubectl")
    if found is None:
        return []
    neighbours = sorted(Path(found).resolve().parent.glob("kubectl.1.*"))
    return [Path(found), *(path for path in neighbours if int(path.name.rsplit(".", 1)[1]) >= 29)]


CLIENTS = _clients()
pytestmark = pytest.mark.skipif(not CLIENTS, reason="left out: kubectl is not on this machine")
DEADLINE = 30.0  # wall seconds for one command on a busy machine
VERSIONS = pytest.mark.parametrize("binary", CLIENTS, ids=lambda path: path.name)


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One binary, pointed at the cluster. Its caches live in the test's folder."""

    cluster: Cluster
    folder: Path
    binary: Path

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """The process, its errors in its output."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "KUBECACHEDIR": str(self.folder / "cache"),
        }
        return await asyncio.create_subprocess_exec(
            self.binary,
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def __call__(self, *arguments: str, code: int = 0) -> str:
        """What it printed; asserts how it ended."""
        process = await self.start(*arguments)
        try:
            async with asyncio.timeout(DEADLINE):
                printed, _ = await process.communicate()
        finally:
            await _ended(process)
        text = printed.decode()
        assert process.returncode == code, text
        return text


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster()
    cluster.run(15)
    async with served(cluster):
        (tmp_path / "kubeconfig").write_text(cluster.wire.kubeconfig())
        yield cluster


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    return Kubectl(cluster, tmp_path, CLIENTS[0])


@VERSIONS
async def test_get_scale_patch_and_can_i(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = Kubectl(cluster, tmp_path, binary)
    table = (await kubectl("get", "deploy,hpa")).splitlines()
    assert table[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert table[1].split()[:4] == ["deployment.apps/api", "5/5", "5", "5"]
    assert "cpu: 50%/70%" in table[-1]
    assert await kubectl("scale", "deploy", "workers", "--replicas=6") == "deployment.apps/workers scaled\n"
    patched = await kubectl("patch", "hpa", "api", "--type=merge", "-p", '{"spec":{"maxReplicas":30}}')
    assert patched == "horizontalpodautoscaler.autoscaling/api patched\n"
    cluster.wire.deny("delete", "pods")
    assert await kubectl("auth", "can-i", "patch", "hpa") == "yes\n"
    assert await kubectl("auth", "can-i", "delete", "pods", code=1) == "no\n"
    assert cluster.wire.hpas()["api"] == (5, 30, 5, 5)
    assert cluster.wire.workloads()["workers"].desired == 6


async def test_output_forms(kubectl: Kubectl) -> None:
    wide = (await kubectl("get", "pods", "-l", "app=api", "-o", "wide", "--chunk-size=2")).splitlines()
    assert len(wide) == 6
    assert wide[0].split()[:7] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]
    assert json.loads(await kubectl("get", "hpa", "api", "-o", "json"))["spec"]["maxReplicas"] == 20
    assert "  replicas: 5" in await kubectl("get", "deploy", "api", "-o", "yaml")
    assert await kubectl("get", "deploy", "api", "-o", "jsonpath={.status.readyReplicas}") == "5"
    assert (await kubectl("get", "ns", "-o", "name")).split() == [
        "namespace/default",
        "namespace/kube-system",
        "namespace/shop",
    ]


async def test_every_kind_is_listed_and_described(kubectl: Kubectl) -> None:
    everything = "pods,rs,sts,svc,cm,ev,nodes,ns,leases,quota,pdb"
    assert "deployment.apps/api" in await kubectl("get", "all")
    assert "poddisruptionbudget.policy/api" in await kubectl("get", everything)
    described = await kubectl("describe", "hpa", "api")
    assert "50% (250m) / 70%" in described
    assert "ScalingActive" in described
    assert "5 desired | 5 updated | 5 total | 5 available | 0 unavailable" in await kubectl("describe", "deploy", "api")
    assert "Running" in await kubectl("describe", "pods", "-l", "app=web")
    assert "250m" in await kubectl("top", "pods")


async def test_a_pod_that_ran_out_of_memory_says_so(kubectl: Kubectl, cluster: Cluster) -> None:
    while cluster.wire.workloads()["api"].ready == 5:
        cluster.run(1, growth=2**20)
    cluster.run(10)
    (row,) = [line for line in (await kubectl("get", "pods", "-l", "app=api")).splitlines() if "0/1" in line]
    assert row.split()[1:6] == ["0/1", "Running", "1", "(10s", "ago)"]
    described = await kubectl("describe", "pod", row.split()[0])
    assert all(text in described for text in ("OOMKilled", "Exit Code:    137", "Restart Count:  1", "OOMKilling"))
    memory = [line.split()[2] for line in (await kubectl("top", "pods", "-l", "app=api")).splitlines()[1:]]
    assert len(memory) == 4
    assert all(300 < int(text.removesuffix("Mi")) <= 512 for text in memory)


async def test_patches_of_three_kinds_and_what_is_refused(kubectl: Kubectl, cluster: Cluster) -> None:
    strategic = '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"shop/web:9"}]}}}}'
    await kubectl("patch", "deploy", "web", "-p", strategic)
    image = "jsonpath={.spec.template.spec.containers[*].image}"
    assert await kubectl("get", "deploy", "web", "-o", image) == "shop/web:9"
    await kubectl("patch", "hpa", "api", "--type=json", "-p", '[{"op":"replace","path":"/spec/minReplicas","value":6}]')
    assert cluster.wire.hpas()["api"] == (6, 20, 5, 5)
    refused = await kubectl("patch", "hpa", "api", "--type=merge", "-p", '{"spec":{"maxReplicas":3}}', code=1)
    assert refused.endswith("spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`\n")
    dry = ("patch", "deploy", "api", "--dry-run=server", "-p", '{"spec":{"replicas":9}}')
    assert "patched" in await kubectl(*dry)
    assert cluster.wire.workloads()["api"].desired == 5
    assert "NotFound" in await kubectl("get", "deploy", "none", code=1)


async def test_a_denied_verb_and_an_expired_token(kubectl: Kubectl, cluster: Cluster) -> None:
    cluster.wire.deny("list", "pods")
    assert 'User "seawall" cannot list resource "pods"' in await kubectl("get", "pods", code=1)
    assert "deployment.apps" in await kubectl("get", "deploy", "-o", "name")
    cluster.wire.expire_token()
    assert "logged in" in await kubectl("get", "deploy", code=1)


async def test_a_watch_prints_a_scale_as_it_happens(kubectl: Kubectl, cluster: Cluster) -> None:
    process = await kubectl.start("get", "deploy", "web", "--watch")
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DEADLINE):
            assert (await process.stdout.readline()).startswith(b"NAME")
            seen = [(await process.stdout.readline()).split()[1]]
            await kubectl("scale", "deploy", "web", "--replicas=3")
            cluster.run(90)
            while seen[-1] != b"3/3":
                seen.append((await process.stdout.readline()).split()[1])
    finally:
        await _ended(process)
    assert (seen[0], seen[-2:]) == (b"2/2", [b"2/3", b"3/3"])


async def test_a_rollout_is_followed_to_its_end(kubectl: Kubectl, cluster: Cluster) -> None:
    await kubectl("rollout", "restart", "deploy", "web")
    cluster.run(1)
    following = asyncio.create_task(kubectl("rollout", "status", "deploy", "web", "--timeout=15s"))
    while not following.done():
        cluster.run(5)
        await asyncio.sleep(0.01)
    assert 'deployment "web" successfully rolled out' in following.result()
