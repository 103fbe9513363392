"""A cluster's health, told as it is: against the simulated placements, and against what Kafka's own tools print."""

from __future__ import annotations

import asyncio

import pytest
from kafka import KafkaAdminClient

from connectors.kafka.cluster_told import cluster_detail, cluster_observed
from connectors.kafka.seen import ClusterView, PartitionView, Quorum, Quota, Standing, TopicConfig, TopicView
from connectors.kafka.seldom import Told
from connectors.kafka.survey import Survey
from console.model.snapshot import Detail
from tests.connectors.kafka_estate import component, good, opened, until, values
from tests.connectors.simulator.sim_kafka import estate, offline, under_replicated
from tests.real.kafka_connect import printed

PARTS = {
    0: PartitionView(1, (1, 2, 3), (1, 2, 3)),
    1: PartitionView(2, (1, 2, 3), (2,), (3,)),
    2: PartitionView(-1, (3,), (3,), (3,)),
}


def survey(told: Told, controller: int | None = 1) -> Survey:
    leaders = {"orders": {index: part.leader for index, part in PARTS.items()}}
    cluster = ClusterView("id", (1, 2), leaders, {"orders": TopicView(PARTS)}, controller, {1: "a:1", 2: "b:2"})
    return Survey(cluster, (), (), (), expected=(1, 2, 3), silent=(2,), told=told)


def signals(told: Told, controller: int | None = 1) -> dict[str, float | None]:
    return values(cluster_observed(survey(told, controller), "kafka-eu", 1.0))


def test_partitions_that_are_not_as_they_should_be_are_counted_and_named() -> None:
    told = Told(configs={"orders": TopicConfig(min_isr=2)}, standing=Standing((3, 9), kraft=False))
    assert signals(told) == {
        "brokers": 2,
        "brokers_missing": 1,
        "brokers_silent": 1,
        "under_replicated": 1,
        "offline_partitions": 1,
        "under_min_isr": 2,
        "controllers": 1,
    }
    notes = {each.name: each.note for each in cluster_observed(survey(told), "kafka", 1.0).signals}
    assert notes["under_replicated"] == "orders/1"
    assert notes["offline_partitions"] == "orders/2"
    assert notes["brokers_missing"] == "3"


def test_what_may_not_be_known_is_unknown_and_never_nothing() -> None:
    """Without ZooKeeper the cluster's own word for its controller is any broker."""
    told = signals(Told(standing=Standing((3, 9), kraft=True)))
    assert told["controllers"] is None
    assert told["under_min_isr"] is None
    assert signals(Told())["controllers"] is None
    assert signals(Told(standing=Standing((3, 9), kraft=True, quorum=Quorum(None, (1, 2)))))["controllers"] == 0


def test_the_drill_down_leads_to_each_broker_and_says_what_is_wrong_there_first() -> None:
    told = Told(
        quotas=(Quota({"user": None, "client-id": "orders"}, {"producer_byte_rate": 1024.0}),),
        standing=Standing((3, 9), kraft=True, quorum=Quorum(1, (1, 2), {1: 0, 2: 7})),
    )
    brokers = cluster_detail(survey(told), "kafka/cluster", "cluster", "cluster", 1.0)
    assert brokers is not None
    assert [row[:3] for row in brokers.rows] == [
        ("1", "up, controls", "a:1"),
        ("2", "silent", "b:2"),
        ("3", "missing", ""),
    ]
    assert [row[4:] for row in brokers.rows] == [("1", "2", "1"), ("1", "2", "0"), ("0", "3", "1")]
    assert brokers.into == ("kafka/broker/1", "kafka/broker/2", "kafka/broker/3")
    assert brokers.extra["voters behind"] == "7"
    third = cluster_detail(survey(told), "kafka/broker/3", "broker", "3", 1.0)
    assert third is not None
    assert third.rows[0] == ("orders", "1", "2", "1, 2, 3", "2", "behind")
    quotas = cluster_detail(survey(told), "kafka/quotas", "quotas", "quotas", 1.0)
    assert quotas is not None
    assert quotas.rows == (("client-id orders, user (default)", "producer_byte_rate", "1024"),)
    assert cluster_detail(survey(told), "kafka/broker/9", "broker", "9", 1.0) is None


async def test_lost_brokers_leave_partitions_behind_and_then_without_a_leader() -> None:
    async with estate() as at, opened(at.wire.bootstrap) as connector:
        good(await connector.read())
        await at.wire.lose(3)
        seen = await until(connector, lambda seen: values(component(seen, "kafka/cluster"))["brokers"] == 2)
        assert values(component(seen, "kafka/cluster"))["under_replicated"] == under_replicated(at.wire) > 0
        assert values(component(seen, "kafka/cluster"))["offline_partitions"] == 0
        await at.wire.lose(2)
        seen = await until(connector, lambda seen: values(component(seen, "kafka/cluster"))["brokers"] == 1)
        assert values(component(seen, "kafka/cluster"))["under_replicated"] == under_replicated(at.wire)
        assert values(component(seen, "kafka/cluster"))["offline_partitions"] == offline(at.wire)
        assert values(component(seen, "kafka/cluster"))["brokers_missing"] == 2


@pytest.mark.real("kafka")
async def test_a_real_cluster_is_told_as_kafkas_own_tools_print_it(real_kafka: str) -> None:
    topic = "scarce"

    def arranged() -> None:
        with KafkaAdminClient(bootstrap_servers=[real_kafka]) as admin:
            wish = {"num_partitions": 3, "replication_factor": 1, "configs": {"min.insync.replicas": "2"}}
            admin.create_topics({topic: wish})
            admin.wait_for_topics([topic])
        limited = ("--alter", "--entity-type", "clients", "--entity-name", "shop", "--add-config")
        printed("kafka.admin.ConfigCommand", "--bootstrap-server", real_kafka, *limited, "producer_byte_rate=2048")

    def scarce() -> int:
        asked = ("--bootstrap-server", real_kafka, "--describe", "--under-min-isr-partitions")
        return printed("org.apache.kafka.tools.TopicCommand", *asked).count("Partition:")

    def leader() -> str:
        said = printed(
            "org.apache.kafka.tools.MetadataQuorumCommand", "--bootstrap-server", real_kafka, "describe", "--status"
        )
        return next(line.split()[-1] for line in said.splitlines() if line.startswith("LeaderId"))

    await asyncio.to_thread(arranged)
    try:
        async with opened((real_kafka,), timeout=10.0) as connector:
            seen = good(await connector.read())
            cluster = await connector.inspect("kafka/cluster")
            quotas = await connector.inspect("kafka/quotas")
        assert values(component(seen, "kafka/cluster"))["under_min_isr"] == await asyncio.to_thread(scarce) == 3
        assert isinstance(cluster, Detail)
        assert cluster.extra["controller"] == await asyncio.to_thread(leader)
        assert cluster.extra["APIs of"] == "Apache Kafka 3.9 (KRaft)"
        assert isinstance(quotas, Detail)
        assert ("client-id shop", "producer_byte_rate", "2048") in quotas.rows
    finally:
        with KafkaAdminClient(bootstrap_servers=[real_kafka]) as admin:
            admin.delete_topics([topic])
