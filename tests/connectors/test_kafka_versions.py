"""Brokers of other ages and makers, as the simulated ones can be: the same reading from all, by nothing they lack."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from kafka.protocol.broker_version_data import BROKER_API_VERSIONS

from connectors.simulator.kafka.options import KafkaOptions
from console.model.snapshot import Detail
from tests.connectors.kafka_estate import component, good, opened, values
from tests.connectors.simulator.sim_kafka import estate

Versions = Mapping[int, tuple[int, int]]

# What Redpanda's handlers are declared for: src/v/kafka/server/handlers/*.h of its sources, releases 24 and 25.
REDPANDA: Versions = {
    2: (0, 4),  # list offsets
    3: (0, 8),  # metadata
    9: (1, 7),  # fetch commits
    15: (0, 5),  # describe groups
    16: (0, 3),  # list groups
    18: (0, 3),  # api versions
    32: (0, 4),  # describe configs
    48: (0, 1),  # describe quotas
}
AGES = {
    **{".".join(map(str, age)): BROKER_API_VERSIONS[age] for age in ((2, 1), (2, 8), (3, 3), (3, 9), (4, 0), (4, 3))},
    "Redpanda": REDPANDA,
}


@pytest.mark.parametrize("age", AGES)
async def test_the_same_reading_from_brokers_of_any_age(age: str) -> None:
    async with estate(KafkaOptions(versions=AGES[age])) as at, opened(at.wire.bootstrap) as connector:
        seen = good(await connector.read())
        orders = values(component(seen, "kafka/group/orders"))
        cluster = values(component(seen, "kafka/cluster"))
        members = await connector.inspect("kafka/group/orders")
    assert seen.problems == ()
    expected = {"lag": 8 * 100 + sum(range(8)), "lost": 0, "never_committed": 0, "members": 4, "partitions": 8}
    assert {name: orders[name] for name in expected} == expected
    assert {name: cluster[name] for name in ("brokers", "under_replicated", "under_min_isr", "controllers")} == {
        "brokers": 3,
        "under_replicated": 0,
        "under_min_isr": 0,
        "controllers": 1,
    }
    assert isinstance(members, Detail)
    assert all(row[6].startswith("orders-") for row in members.rows)


async def test_a_broker_too_old_for_quotas_says_so_and_nothing_else_is_lost() -> None:
    async with estate(KafkaOptions(versions=AGES["2.1"])) as at, opened(at.wire.bootstrap) as connector:
        good(await connector.read())
        quotas = await connector.inspect("kafka/quotas")
        cluster = await connector.inspect("kafka/cluster")
    assert isinstance(quotas, Detail)
    assert quotas.rows == ()
    assert "from 2.6 on" in quotas.extra["not told"]
    assert isinstance(cluster, Detail)
    assert cluster.extra["APIs of"] == "Apache Kafka 2.1"
