"""Nodes under kubectl's hands: cordoned, drained against a budget, tainted; and one that is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.connectors.simulator.sim_cluster import Cluster, served
from tests.connectors.simulator.sim_kubectl import CLIENTS, FOUND, Command, client

pytestmark = FOUND


async def _pods(kubectl: Command, node: str) -> list[dict[str, Any]]:
    printed = await kubectl("get", "pods", "--field-selector", f"spec.nodeName={node}", "-o", "json")
    return list(json.loads(printed)["items"])


async def test_a_drain_waits_for_the_budget_and_ends(tmp_path: Path) -> None:
    """Each version on a cluster of its own, side by side: a refused eviction is tried again after five seconds."""
    await asyncio.gather(*(_drained(tmp_path / binary.name, binary) for binary in CLIENTS))


async def _drained(folder: Path, binary: Path) -> None:
    cluster = Cluster()
    cluster.run(15)
    async with served(cluster):
        await _drain_against_a_budget(cluster, client(cluster, folder, binary))


async def _drain_against_a_budget(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("patch", "pdb", "api", "--type=merge", "-p", '{"spec":{"minAvailable":5}}')
    cluster.run(1)
    assert len(await _pods(kubectl, "node-0")) >= 3
    fewest = []

    def meanwhile() -> None:
        cluster.run(1)
        fewest.append(cluster.wire.workloads()["api"].ready)

    stuck = await kubectl("drain", "node-0", "--ignore-daemonsets", "--timeout=3s", code=1, meanwhile=meanwhile)
    assert "Cannot evict pod as it would violate the pod's disruption budget." in stuck
    assert min(fewest) == 5
    await kubectl("scale", "deploy/api", "--replicas=7")
    cluster.run(62)
    await kubectl("patch", "hpa", "api", "-p", '{"spec":{"minReplicas":7}}')
    fewest.clear()
    done = await kubectl("drain", "node-0", "--ignore-daemonsets", "--delete-emptydir-data", meanwhile=meanwhile)
    assert done.endswith("node/node-0 drained\n")
    assert min(fewest) >= 5
    assert await _pods(kubectl, "node-0") == []
    assert "Ready,SchedulingDisabled" in await kubectl("get", "node", "node-0")
    assert "unschedulable:NoSchedule" in await kubectl("describe", "node", "node-0")
    assert await kubectl("uncordon", "node-0") == "node/node-0 uncordoned\n"


async def test_a_bare_pod_goes_by_force_only_and_a_daemon_stays(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("run", "alone", "--image=busybox")
    cluster.run(70)
    node = await kubectl("get", "pod", "alone", "-o", "jsonpath={.spec.nodeName}")
    refused = await kubectl("drain", node, "--timeout=2s", code=1)
    assert "use --force to override" in refused
    done = await kubectl("drain", node, "--force", meanwhile=lambda: cluster.run(1))
    assert "evicting pod shop/alone" in done
    assert "NotFound" in await kubectl("get", "pod", "alone", code=1)


async def test_no_node_left_leaves_pods_pending_until_one_is_back(cluster: Cluster, kubectl: Command) -> None:
    await kubectl("cordon", "-l", "kubernetes.io/os=linux")
    await kubectl("scale", "deploy/web", "--replicas=3")
    cluster.run(70)
    assert "Pending" in await kubectl("get", "pods", "-l", "app=web")
    events = await kubectl("events")
    assert "0/4 nodes are available: 4 node(s) were unschedulable" in events
    await kubectl("uncordon", "node-3")
    cluster.run(62)
    assert cluster.wire.workloads()["web"].ready == 3


async def test_a_taint_that_drives_away_moves_pods_to_other_nodes(cluster: Cluster, kubectl: Command) -> None:
    assert await _pods(kubectl, "node-1")
    assert await kubectl("taint", "node", "node-1", "disk=bad:NoExecute") == "node/node-1 tainted\n"
    cluster.run(90)
    assert await _pods(kubectl, "node-1") == []
    assert cluster.wire.workloads()["api"].ready == 5
    await kubectl("taint", "node", "node-1", "disk-")
    assert "Taints:             <none>" in await kubectl("describe", "node", "node-1")


async def test_a_lost_node_is_marked_then_emptied_and_comes_back(cluster: Cluster, kubectl: Command) -> None:
    stood = len(await _pods(kubectl, "node-2"))
    cluster.wire.lose_node("node-2")
    cluster.run(39)
    assert "NotReady" not in await kubectl("get", "nodes")
    cluster.run(2)
    assert "NotReady" in await kubectl("get", "node", "node-2")
    total = sum(pods.ready for pods in cluster.wire.workloads().values())
    assert total == 14 - stood
    cluster.run(305)
    leaving = await _pods(kubectl, "node-2")
    assert len(leaving) == stood
    assert all("deletionTimestamp" in pod["metadata"] for pod in leaving)
    cluster.run(70)
    assert sum(pods.ready for pods in cluster.wire.workloads().values()) == 14
    cluster.wire.restore_node("node-2")
    cluster.run(2)
    assert await _pods(kubectl, "node-2") == []
    assert "NotReady" not in await kubectl("get", "nodes")
