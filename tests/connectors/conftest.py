"""The one real Kafka of a test run, and the one real Kubernetes: each takes ten seconds to start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.connectors.furnished_cluster import Estate, real_estate, simulated_estate
from tests.connectors.kubernetes_shop import Shop, simulated
from tests.connectors.redis_servers import real_redis, redis_cache, redis_other, redis_url  # noqa: F401 - fixtures
from tests.connectors.simulator.sim_kafka import USERS
from tests.real.kafka import JARS, RealKafka, start_kafka
from tests.real.kubernetes import a_real_cluster, shop_namespace


@pytest.fixture(scope="session")
def started_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKafka]:
    with start_kafka(JARS, tmp_path_factory.mktemp("kafka"), USERS) as made:
        yield made


@pytest.fixture(scope="session")
def real_kafka(started_kafka: RealKafka) -> str:
    """Its ``host:port`` for everybody."""
    return started_kafka.bootstrap


@pytest.fixture(scope="session")
def real_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The path of its administrator's kubeconfig."""
    with a_real_cluster(tmp_path_factory.mktemp("cluster")) as kubeconfig:
        yield kubeconfig


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kubernetes"))])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A cluster with the shop in it: a test that takes it runs on the simulated one and on the real one."""
    if request.param == "simulated":
        async with simulated(tmp_path) as one:
            yield one
    else:
        path = request.getfixturevalue("real_cluster")
        with shop_namespace(path) as namespace:
            yield Shop(path, namespace, None)


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kubernetes"))])
async def estate(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Estate]:
    """An empty namespace, on the simulated cluster and on a real one."""
    if request.param == "simulated":
        async with simulated_estate(tmp_path) as one:
            yield one
    else:
        async with real_estate(request.getfixturevalue("real_cluster")) as one:
            yield one


@pytest.fixture
async def real_only(real_cluster: str) -> AsyncIterator[Estate]:
    """An empty namespace on a real cluster, for what the simulated one does not have."""
    async with real_estate(real_cluster) as one:
        yield one
