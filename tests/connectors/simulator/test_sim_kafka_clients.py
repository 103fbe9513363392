"""What ordinary clients may expect of a Kafka, of the simulated one and of a real broker by the same assertions."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as AioTopicPartition
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicCollection
from confluent_kafka import TopicPartition as ConfluentTopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec
from kafka import KafkaAdminClient
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import KafkaError, SecurityDisabledError

from tests.connectors.simulator.kafka_clients import CLIENTS, PATIENCE, Access, confluent_records, kcat
from tests.connectors.simulator.sim_kafka import estate

T = TypeVar("T")
PASSING = (3, 14, 15, 16)  # a topic that is not known yet, and a coordinator that is not there yet
VALUES = [b"value-%d" % number for number in range(25)]


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kafka"))])
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Access]:
    """A way into a cluster of either kind."""
    if request.param == "real":
        yield Access(request.getfixturevalue("real_kafka"))
        return
    async with estate() as made:
        yield Access(made.bootstrap)


def patiently(try_: Callable[[], T]) -> T:
    """A fresh real cluster knows its groups and topics a little later."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return try_()
        except (KafkaException, KafkaError) as error:
            passing = error.args[0].code() in PASSING if isinstance(error, KafkaException) else error.retriable
            if not passing or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


async def topic(at: Access, partitions: int = 2) -> str:
    """A new one, and everybody knows it."""
    name = f"topic-{uuid.uuid4().hex[:8]}"

    def run() -> None:
        with KafkaAdminClient(bootstrap_servers=at.bootstrap.split(",")) as admin:
            admin.create_topics({name: {"num_partitions": partitions, "replication_factor": 1}})
            admin.wait_for_topics([name])

    await asyncio.to_thread(run)
    return name


async def with_confluent(at: Access, use: Callable[[AdminClient], T]) -> T:
    return await asyncio.to_thread(lambda: patiently(lambda: use(AdminClient({**at.librdkafka(), "log_level": 0}))))


@pytest.mark.parametrize("writer", CLIENTS)
@pytest.mark.parametrize("reader", CLIENTS)
async def test_what_one_client_writes_another_reads(at: Access, writer: str, reader: str) -> None:
    name = await topic(at)
    await CLIENTS[writer].write(at, name, VALUES)
    assert await CLIENTS[reader].read(at, name, len(VALUES)) == list(enumerate(VALUES))


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_compressed_and_idempotent_batches_come_back_as_they_were(at: Access, codec: str) -> None:
    name = await topic(at)

    def run() -> None:
        settings = {**at.librdkafka(), "enable.idempotence": True, "compression.type": codec, "linger.ms": 20}
        producer = Producer(settings)
        for value in VALUES:
            producer.produce(name, value * 20, partition=0, headers=[("kind", codec.encode())])
        assert producer.flush(PATIENCE) == 0

    await asyncio.to_thread(run)
    assert await CLIENTS["confluent-kafka"].read(at, name, len(VALUES)) == [
        (n, value * 20) for n, value in enumerate(VALUES)
    ]


async def test_kcat_lists_and_asks_for_offsets(at: Access) -> None:
    name = await topic(at, partitions=3)
    await CLIENTS["kcat"].write(at, name, VALUES)
    listed = (await kcat(at, "-L", "-t", name)).decode()
    assert f'topic "{name}" with 3 partitions:' in listed
    assert listed.count("leader ") == 3
    assert (await kcat(at, "-Q", "-t", f"{name}:0:-1")).decode() == f"{name} [0] offset {len(VALUES)}\n"
    assert (await kcat(at, "-Q", "-t", f"{name}:0:-2")).decode() == f"{name} [0] offset 0\n"


async def test_confluents_admin_makes_and_describes_topics(at: Access) -> None:
    name = f"topic-{uuid.uuid4().hex[:8]}"

    def run(admin: AdminClient) -> tuple[int, set[int], str | None, bool]:
        new = NewTopic(name, num_partitions=3, replication_factor=1, config={"retention.ms": "86400000"})
        admin.create_topics([new])[name].result(PATIENCE)
        found = patiently(lambda: admin.describe_topics(TopicCollection([name]))[name].result(PATIENCE))
        brokers = {node.id for node in admin.describe_cluster().result(PATIENCE).nodes}
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        configs = admin.describe_configs([resource])[resource].result(PATIENCE)
        leaders = {part.leader.id for part in found.partitions}
        return len(found.partitions), leaders - brokers, configs["retention.ms"].value, "cleanup.policy" in configs

    assert await with_confluent(at, run) == (3, set(), "86400000", True)


async def test_without_an_authorizer_everybody_may_do_everything(at: Access) -> None:
    name = await topic(at)

    def run(admin: AdminClient) -> tuple[set[str], set[str]]:
        topics = admin.describe_topics(TopicCollection([name]), include_authorized_operations=True)
        cluster = admin.describe_cluster(include_authorized_operations=True).result(PATIENCE)
        of_topic = topics[name].result(PATIENCE).authorized_operations or ()
        return {one.name for one in of_topic}, {one.name for one in cluster.authorized_operations or ()}

    of_topic, of_cluster = await with_confluent(at, run)
    settings = {"DESCRIBE_CONFIGS", "ALTER_CONFIGS"}
    assert of_topic == {"READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", *settings}
    assert of_cluster == {"CREATE", "ALTER", "DESCRIBE", "CLUSTER_ACTION", "IDEMPOTENT_WRITE", *settings}


async def test_confluents_admin_reads_ends_and_commits(at: Access) -> None:
    name, group = await topic(at), f"group-{uuid.uuid4().hex[:8]}"
    await CLIENTS["confluent-kafka"].write(at, name, VALUES)
    part = ConfluentTopicPartition(name, 0)

    def run(admin: AdminClient) -> tuple[int, int, str]:
        wish = [ConsumerGroupTopicPartitions(group, [ConfluentTopicPartition(name, 0, 7)])]
        admin.alter_consumer_group_offsets(wish)[group].result(PATIENCE)
        committed = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(PATIENCE)
        end = admin.list_offsets({part: OffsetSpec.latest()})[part].result(PATIENCE)
        listed = {found.group_id for found in admin.list_consumer_groups().result(PATIENCE).valid}
        assert group in listed
        state = admin.describe_consumer_groups([group])[group].result(PATIENCE).state
        return committed.topic_partitions[0].offset, end.offset, state.name

    assert await with_confluent(at, run) == (7, len(VALUES), "EMPTY")


async def test_without_an_authorizer_there_are_no_access_rules(at: Access) -> None:
    anything = ACLFilter(
        None,
        None,
        ACLOperation.ANY,
        ACLPermissionType.ANY,
        ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )

    def run() -> None:
        with KafkaAdminClient(bootstrap_servers=at.bootstrap.split(",")) as admin:
            admin.describe_acls(anything)

    with pytest.raises(SecurityDisabledError):
        await asyncio.to_thread(run)


async def test_a_members_commits_are_there_for_the_next_one(at: Access) -> None:
    name, group = await topic(at, partitions=1), f"group-{uuid.uuid4().hex[:8]}"
    await CLIENTS["confluent-kafka"].write(at, name, VALUES)

    def run() -> tuple[list[bytes], list[bytes]]:
        def read(count: int) -> list[bytes]:
            consumer = Consumer({**at.librdkafka(), "group.id": group, "auto.offset.reset": "earliest"})
            consumer.subscribe([name])
            try:
                found = [value for _, value in confluent_records(consumer, count)]
                consumer.commit(offsets=[ConfluentTopicPartition(name, 0, 10)], asynchronous=False)
                return found[:count]
            finally:
                consumer.close()

        return read(10), read(15)

    assert await asyncio.to_thread(run) == (VALUES[:10], VALUES[10:])


async def test_aiokafka_is_a_member_that_commits(at: Access) -> None:
    name, group = await topic(at, partitions=1), f"group-{uuid.uuid4().hex[:8]}"
    async with AIOKafkaProducer(**at.python(), enable_idempotence=True) as producer:
        for value in VALUES:
            await producer.send_and_wait(name, value)
    consumer = AIOKafkaConsumer(name, **at.python(), group_id=group, auto_offset_reset="earliest")
    async with consumer:
        found = [(await asyncio.wait_for(consumer.getone(), PATIENCE)).value for _ in VALUES]
        await consumer.commit()
        committed = await consumer.committed(AioTopicPartition(name, 0))
        ends = await consumer.end_offsets([AioTopicPartition(name, 0)])
    assert (found, committed, list(ends.values())) == (VALUES, len(VALUES), [len(VALUES)])


@pytest.mark.parametrize("client", ["kafka-python", "confluent-kafka"])
async def test_there_is_no_topic_that_nobody_made(at: Access, client: str) -> None:
    """A topic is not made by being asked for."""
    missing = f"topic-{uuid.uuid4().hex[:8]}"

    def run() -> bool:
        if client == "confluent-kafka":
            found = AdminClient(at.librdkafka()).list_topics(missing, timeout=PATIENCE).topics[missing]
            return found.error is not None and found.error.name() == "UNKNOWN_TOPIC_OR_PART"
        with KafkaAdminClient(bootstrap_servers=at.bootstrap.split(",")) as admin:
            return bool(admin.describe_topics([missing])[0]["error_code"] == 3)

    assert await asyncio.to_thread(run)
