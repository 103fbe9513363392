"""Transactions as producers and readers see them: what is open or given up is not shown as committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as Part

from connectors.simulator.kafka import KafkaWire
from tests.connectors.simulator.kafka_estate import create, kcat, served, until

OWN = Part("own", 0)


@pytest.fixture
async def wire() -> AsyncIterator[KafkaWire]:
    async with served() as made:
        await create(made, "own")
        yield made


def transactional(wire: KafkaWire, id: str = "payer", timeout: int = 60_000) -> Producer:
    """``timeout`` in milliseconds of wall time."""
    options = {"bootstrap.servers": ",".join(wire.bootstrap), "transactional.id": id}
    made = Producer({**options, "transaction.timeout.ms": timeout})
    made.init_transactions(20)
    return made


def write(producer: Producer, *values: str) -> None:
    for value in values:
        producer.produce("own", value.encode(), partition=0)
    producer.flush(20)


def ends(wire: KafkaWire) -> tuple[int, int]:
    """Where the partition ends, and where it does for those who read committed records."""
    found = []
    for level in ("read_uncommitted", "read_committed"):
        consumer = KafkaConsumer(bootstrap_servers=list(wire.bootstrap), isolation_level=level)
        found.append(consumer.end_offsets([OWN])[OWN])
        consumer.close()
    return found[0], found[1]


async def test_markers_take_offsets_and_only_the_committed_is_read(wire: KafkaWire) -> None:
    def run() -> tuple[tuple[int, int], tuple[int, int]]:
        producer = transactional(wire)
        producer.begin_transaction()
        write(producer, "kept", "too")
        producer.commit_transaction(20)
        producer.begin_transaction()
        write(producer, "lost")
        open_ends = ends(wire)
        producer.abort_transaction(20)
        producer.begin_transaction()
        write(producer, "last")
        producer.commit_transaction(20)
        return open_ends, ends(wire)

    assert await asyncio.to_thread(run) == ((4, 3), (7, 7))
    committed = ("-C", "-t", "own", "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed")
    assert await kcat(wire, *committed, "-f", "%o %s\n") == "0 kept\n1 too\n5 last\n"
    everything = ("-C", "-t", "own", "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_uncommitted")
    assert await kcat(wire, *everything, "-f", "%s ") == "kept too lost last "


async def test_a_reader_of_committed_records_waits_for_the_end_of_a_transaction(wire: KafkaWire) -> None:
    def run() -> list[bytes | str | None]:
        producer = transactional(wire)
        producer.begin_transaction()
        write(producer, "waited for")
        consumer = Consumer(
            {
                "bootstrap.servers": ",".join(wire.bootstrap),
                "group.id": "x",
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.assign([TopicPartition("own", 0, 0)])
        before = consumer.poll(1.0)
        producer.commit_transaction(20)
        after = consumer.poll(20)
        consumer.close()
        return [before and before.value(), after and after.value()]

    assert await asyncio.to_thread(run) == [None, b"waited for"]


async def test_a_second_producer_of_the_same_id_fences_the_first(wire: KafkaWire) -> None:
    def run() -> tuple[int, int]:
        first = transactional(wire)
        first.begin_transaction()
        write(first, "given up")
        transactional(wire)
        with pytest.raises(KafkaException, match=r"(?i)fenced"):
            first.commit_transaction(20)
        return ends(wire)

    assert await asyncio.to_thread(run) == (2, 2)


async def test_an_abandoned_transaction_is_given_up(wire: KafkaWire) -> None:
    def run() -> None:
        producer = transactional(wire, timeout=1000)
        producer.begin_transaction()
        write(producer, "abandoned")
        assert ends(wire) == (1, 0)
        until(lambda: ends(wire) == (2, 2))

    await asyncio.to_thread(run)


async def test_consumed_offsets_are_part_of_the_transaction(wire: KafkaWire) -> None:
    def run() -> list[int]:
        writer = KafkaProducer(bootstrap_servers=list(wire.bootstrap))
        writer.send("own", b"in", partition=0).get(20)
        writer.close()
        consumer = Consumer({"bootstrap.servers": ",".join(wire.bootstrap), "group.id": "mover"})
        consumer.assign([TopicPartition("own", 0, 0)])
        assert consumer.poll(20)
        producer = transactional(wire, "mover")
        seen = []
        for commit in (False, True):
            producer.begin_transaction()
            write(producer, "out")
            producer.send_offsets_to_transaction([TopicPartition("own", 0, 1)], consumer.consumer_group_metadata(), 20)
            producer.commit_transaction(20) if commit else producer.abort_transaction(20)
            seen.append(consumer.committed([TopicPartition("own", 0)], 20)[0].offset)
        consumer.close()
        return seen

    none = -1001  # librdkafka's word for an offset that was never committed
    assert await asyncio.to_thread(run) == [none, 1]


async def test_kafka_python_writes_transactions_too(wire: KafkaWire) -> None:
    def run() -> tuple[int, int]:
        producer = KafkaProducer(bootstrap_servers=list(wire.bootstrap), transactional_id="python")
        producer.init_transactions()
        for commit in (True, False):
            producer.begin_transaction()
            producer.send("own", b"x", partition=0).get(20)
            producer.commit_transaction() if commit else producer.abort_transaction()
        producer.close()
        return ends(wire)

    assert await asyncio.to_thread(run) == (4, 4)
    committed = ("-C", "-t", "own", "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed")
    assert await kcat(wire, *committed, "-f", "%o") == "0"


async def test_an_idempotent_producer_may_send_twice_and_is_heard_once(wire: KafkaWire) -> None:
    def run() -> int:
        producer = Producer({"bootstrap.servers": ",".join(wire.bootstrap), "enable.idempotence": True})
        write(producer, *"abcdef")
        return ends(wire)[0]

    assert await asyncio.to_thread(run) == 6
