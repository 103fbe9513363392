"""The one real Kafka of a test run: it takes ten seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.simulator.sim_kafka import USERS
from tests.real.kafka import JARS, RealKafka, start_kafka


@pytest.fixture(scope="session")
def started_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKafka]:
    with start_kafka(JARS, tmp_path_factory.mktemp("kafka"), USERS) as made:
        yield made


@pytest.fixture(scope="session")
def real_kafka(started_kafka: RealKafka) -> str:
    """Its ``host:port`` for everybody."""
    return started_kafka.bootstrap
