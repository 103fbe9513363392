"""What nodes and pods use, by metrics.k8s.io: as ``kubectl top`` prints it. A real cluster without nodes has none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from console.model.snapshot import Observed
from tests.connectors.furnished_cluster import KUBECTL, Estate, components, told
from tests.connectors.kubernetes_objects import values
from tests.connectors.simulator.sim_cluster import Cluster, served

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="left out: kubectl is not on this machine")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Estate]:
    cluster = Cluster()
    cluster.run(20)
    async with served(cluster):
        path = tmp_path / "kubeconfig"
        path.write_text(cluster.wire.kubeconfig())
        yield Estate(str(path), "shop", cluster)


async def test_nodes_use_what_kubectl_top_says(shop: Estate) -> None:
    connector = shop.opened()
    try:
        found = await components(connector)
        shown = await told(connector, "kubernetes/nodes")
        one = await told(connector, "kubernetes/node/node-1")
    finally:
        await connector.close()
    printed = [line.split() for line in (await shop.kubectl("top", "nodes", "--no-headers")).splitlines()]
    assert len(printed) == 4
    for name, _, cpu, _, memory in printed:
        read = values(found[f"kubernetes/node/{name}"])
        # kubectl cuts where we round
        assert abs((read["cpu"] or 0.0) * 100 - int(cpu.rstrip("%"))) < 1
        assert abs((read["memory_ratio"] or 0.0) * 100 - int(memory.rstrip("%"))) < 1
    assert [row[0] for row in shown.rows] == [line[0] for line in printed]
    assert "%" in one.extra["used"]
    assert values(found["kubernetes/nodes"])["cpu"] == pytest.approx(_mean(found))


def _mean(found: Mapping[str, Observed]) -> float:
    """Of nodes of one size, the mean is the whole."""
    nodes = [one for name, one in found.items() if "/node/" in name]
    return sum(values(one)["cpu"] or 0.0 for one in nodes) / len(nodes)


async def test_pods_use_what_kubectl_top_says(shop: Estate) -> None:
    connector = shop.opened()
    try:
        answer = await told(connector, shop.id("deployment", "api"))
    finally:
        await connector.close()
    lines = (await shop.kubectl("top", "pods", "-l", "app=api", "--no-headers")).splitlines()
    printed = {name: [cpu, memory] for name, cpu, memory in (line.split() for line in lines)}
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert {row["name"]: [row["cpu"], row["memory"]] for row in rows} == printed
    assert answer.extra["uses"].endswith(f"in {len(printed)} pods")


async def test_use_that_may_not_be_read_is_said_and_the_pods_are_there(shop: Estate) -> None:
    assert shop.cluster is not None
    shop.cluster.wire.deny("list", "pods.metrics.k8s.io")
    connector = shop.opened()
    try:
        answer = await told(connector, shop.id("deployment", "api"))
    finally:
        await connector.close()
    assert answer.rows
    assert answer.extra["metrics"].startswith("403")
