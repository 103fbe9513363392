"""Who may do what, as ordinary clients are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError as AioKafkaError
from confluent_kafka import Consumer, ElectionType, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from kafka.errors import KafkaError as PythonKafkaError

from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.kafka.rights import ANONYMOUS, READER, Right
from tests.connectors.simulator.kafka_clients import CLIENTS, PATIENCE, Access, Refused, confluent_records, kcat
from tests.connectors.simulator.sim_kafka import Estate, estate, secured, way_in

REFUSALS = (PythonKafkaError, KafkaException, AioKafkaError, Refused)


@pytest.fixture
async def guarded() -> AsyncIterator[Estate]:
    """``viewer`` may read, ``watcher`` only look."""
    rights = {"viewer": READER, "watcher": frozenset({Right.DESCRIBE})}
    async with estate(secured("SASL_PLAINTEXT", rights=rights)) as at:
        keeper = way_in(at, "SASL_PLAINTEXT", "PLAIN")
        await administer(keeper, lambda admin: admin.create_topics([NewTopic("own", 1, 1)])["own"].result(PATIENCE))
        await CLIENTS["confluent-kafka"].write(keeper, "own", [b"kept"])
        yield at


async def administer(access: Access, use: Any) -> Any:
    def run() -> Any:
        return use(AdminClient({**access.librdkafka(), "log_level": 0}))

    return await asyncio.to_thread(run)


async def refusal(access: Access, use: Any) -> str:
    with pytest.raises(KafkaException) as refused:
        await administer(access, use)
    return str(refused.value.args[0].name())


async def test_a_reader_reads_and_may_not_write_or_change(guarded: Estate) -> None:
    viewer = way_in(guarded, "SASL_PLAINTEXT", "SCRAM-SHA-256", user="viewer")
    assert await CLIENTS["confluent-kafka"].read(viewer, "own", 1) == [(0, b"kept")]
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        await CLIENTS["confluent-kafka"].write(viewer, "own", [b"mine"])
    new = NewTopic("mine", 1, 1)
    assert await refusal(viewer, lambda admin: admin.create_topics([new])["mine"].result(PATIENCE)) == (
        "TOPIC_AUTHORIZATION_FAILED"
    )
    gone = await refusal(viewer, lambda admin: admin.delete_consumer_groups(["orders"])["orders"].result(PATIENCE))
    assert gone == "GROUP_AUTHORIZATION_FAILED"
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    assert await administer(viewer, lambda admin: admin.describe_configs([broker])[broker].result(PATIENCE))


OWN = ConfigResource(ConfigResource.Type.TOPIC, "own")
SHORTER = ConfigResource(ConfigResource.Type.TOPIC, "own")
SHORTER.add_incremental_config(ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET))
BROKER = ConfigResource(ConfigResource.Type.BROKER, "1")
BROKER.add_incremental_config(ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET))
CHANGES: dict[str, tuple[Callable[[AdminClient], Any], str]] = {
    "delete a topic": (lambda admin: admin.delete_topics(["own"])["own"], "TOPIC_AUTHORIZATION_FAILED"),
    "more partitions": (
        lambda admin: admin.create_partitions([NewPartitions("own", 9)])["own"],
        "TOPIC_AUTHORIZATION_FAILED",
    ),
    "a topic's settings": (
        lambda admin: admin.incremental_alter_configs([SHORTER])[SHORTER],
        "TOPIC_AUTHORIZATION_FAILED",
    ),
    "a broker's settings": (
        lambda admin: admin.incremental_alter_configs([BROKER])[BROKER],
        "CLUSTER_AUTHORIZATION_FAILED",
    ),
    "elect leaders": (
        lambda admin: admin.elect_leaders(ElectionType.PREFERRED, None),
        "CLUSTER_AUTHORIZATION_FAILED",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_reader_changes_nothing(guarded: Estate, change: str) -> None:
    viewer = way_in(guarded, "SASL_PLAINTEXT", "SCRAM-SHA-512", user="viewer")
    ask, error = CHANGES[change]
    assert await refusal(viewer, lambda admin: ask(admin).result(PATIENCE)) == error
    keeper = way_in(guarded, "SASL_PLAINTEXT", "PLAIN")
    kept = await administer(keeper, lambda admin: admin.describe_configs([OWN])[OWN].result(PATIENCE))
    assert kept["retention.ms"].value == "604800000"


@pytest.mark.parametrize("client", ["kafka-python", "aiokafka", "kcat"])
async def test_every_client_is_told_that_it_may_not_write(guarded: Estate, client: str) -> None:
    viewer = way_in(guarded, "SASL_PLAINTEXT", "PLAIN", user="viewer")
    with pytest.raises(REFUSALS, match=r"(?i)authorization ?failed"):
        await CLIENTS[client].write(viewer, "own", [b"mine"])


async def test_who_may_only_look_may_not_read(guarded: Estate) -> None:
    watcher = way_in(guarded, "SASL_PLAINTEXT", "PLAIN", user="watcher")
    assert "own" in await administer(watcher, lambda admin: admin.list_topics(timeout=PATIENCE).topics)
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        await CLIENTS["confluent-kafka"].read(watcher, "own", 1)

    def join() -> None:
        consumer = Consumer({**watcher.librdkafka(), "group.id": "mine", "log_level": 0})
        consumer.subscribe(["own"])
        try:
            confluent_records(consumer, 1)
        finally:
            consumer.close()

    with pytest.raises(KafkaException, match="GROUP_AUTHORIZATION_FAILED"):
        await asyncio.to_thread(join)


async def test_everybody_can_ask_what_they_may_do(guarded: Estate) -> None:
    async def may(user: str) -> tuple[set[str], set[str]]:
        def ask(admin: AdminClient) -> tuple[set[str], set[str]]:
            topics = admin.describe_topics(TopicCollection(["own"]), include_authorized_operations=True)
            cluster = admin.describe_cluster(include_authorized_operations=True).result(PATIENCE)
            of_topic = topics["own"].result(PATIENCE).authorized_operations or ()
            return {one.name for one in of_topic}, {one.name for one in cluster.authorized_operations or ()}

        found: tuple[set[str], set[str]] = await administer(way_in(guarded, "SASL_PLAINTEXT", "PLAIN", user=user), ask)
        return found

    assert await may("viewer") == ({"READ", "DESCRIBE", "DESCRIBE_CONFIGS"}, {"DESCRIBE", "DESCRIBE_CONFIGS"})
    topic, cluster = await may("keeper")
    assert topic == {
        "READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"
    }  # fmt: skip
    assert {"CREATE", "ALTER", "IDEMPOTENT_WRITE"} <= cluster


async def test_who_has_no_rights_sees_no_topics() -> None:
    async with estate(KafkaOptions(rights={ANONYMOUS: frozenset()})) as at:
        assert (await kcat(Access(at.bootstrap), "-L")).decode().count(" 0 topics") == 1


async def test_the_rules_can_be_read(guarded: Estate) -> None:
    wanted = AclBindingFilter(
        ResourceType.TOPIC, None, ResourcePatternType.ANY, "User:viewer", None, AclOperation.ANY, AclPermissionType.ANY
    )
    keeper = way_in(guarded, "SASL_PLAINTEXT", "PLAIN")
    found = await administer(keeper, lambda admin: admin.describe_acls(wanted).result(PATIENCE))
    assert {(rule.principal, rule.operation.name, rule.name) for rule in found} == {
        ("User:viewer", "READ", "*"),
        ("User:viewer", "DESCRIBE", "*"),
    }
