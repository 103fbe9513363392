"""A simulated cluster that listens, and the newest kubectl for it. A test that wants them otherwise makes its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.simulator.sim_cluster import Cluster, served
from tests.connectors.simulator.sim_kubectl import CLIENTS, Command, client


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """A quarter of a minute old: everything runs."""
    cluster = Cluster()
    cluster.run(15)
    async with served(cluster):
        yield cluster


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Command:
    return client(cluster, tmp_path, CLIENTS[-1])
