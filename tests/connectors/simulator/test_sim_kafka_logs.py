"""Logs: retention, compaction, what operators delete, and how readers and waiting readers see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka import TopicPartition as Part
from kafka.admin import OffsetSpec
from kafka.protocol.consumer import FetchRequest
from kafka.record.memory_records import MemoryRecordsBuilder

from connectors.simulator.kafka import KafkaWire, topics
from connectors.simulator.kafka.api_fetch import fetch
from connectors.simulator.kafka.api_topics import create_partitions
from connectors.simulator.kafka.batches import Batch, CorruptBatch, keyed, split
from connectors.simulator.kafka.cluster import COMPACTED, COMPACTED_END, COMPACTED_RECORDS, Cluster
from connectors.simulator.kafka.later import Later, StoppedAlarm
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.producers import Fenced, OutOfOrder, Producers
from connectors.simulator.kafka.session import Session
from connectors.simulator.kafka.topics import MOST_BYTES
from tests.connectors.simulator import sim_kafka_requests as requests
from tests.connectors.simulator.kafka_estate import create, kcat, kcat_ended, served, tick, with_admin

OWN = Part("own", 0)


@pytest.fixture
async def wire() -> AsyncIterator[KafkaWire]:
    async with served() as made:
        yield made


def batch(*values: str, key: bytes | None = b"k", producer: int = -1, sequence: int = -1) -> Batch:
    builder = MemoryRecordsBuilder(2, 0, 1 << 20)
    if producer >= 0:
        builder.set_producer_state(producer, 0, sequence, True)
    for value in values:
        builder.append(timestamp=1, key=key, value=value.encode())
    builder.close()
    return split(bytes(builder.buffer()))[0]


async def reads(wire: KafkaWire, topic: str, form: str = "%o %s\n") -> str:
    return await kcat(wire, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", form)


async def ends(wire: KafkaWire, part: Part) -> tuple[int, int]:
    """The first and the next offset, as an admin client is told."""

    def run(admin: Any) -> tuple[int, int]:
        low, end = (
            admin.list_partition_offsets({part: spec})[part].offset for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
        )
        return low, end

    return await with_admin(wire, run)


async def test_a_compacted_topic_has_gaps_and_every_client_reads_over_them(wire: KafkaWire) -> None:
    expected = [(offset, value.decode()) for offset, (_, value) in sorted(COMPACTED_RECORDS.items())]
    assert await ends(wire, Part(COMPACTED, 0)) == (0, COMPACTED_END)
    assert await reads(wire, COMPACTED) == "".join(f"{offset} {value}\n" for offset, value in expected)
    consumer = AIOKafkaConsumer(
        COMPACTED, bootstrap_servers=list(wire.bootstrap), auto_offset_reset="earliest", group_id=None
    )
    async with consumer:
        found = [await consumer.getone() for _ in expected]
    assert [(record.offset, record.value.decode()) for record in found] == expected
    assert found[0].timestamp == pytest.approx(time.time() * 1000, abs=600_000)


async def test_what_clients_write_to_a_compacted_topic_is_compacted(wire: KafkaWire) -> None:
    await create(wire, "own", cleanup_policy="compact")
    await kcat(wire, "-P", "-t", "own", "-K:", given="a:1\nb:2\na:3\nc:4\na:5\n")
    wire.step(1, tick(1))
    assert await reads(wire, "own", "%o %k=%s\n") == "1 b=2\n3 c=4\n4 a=5\n"
    code, _, errors = await kcat_ended(wire, "-P", "-t", "own", given="without a key\n")
    assert (code, "INVALID_RECORD" in errors or "nvalid record" in errors or "failed to validate" in errors) == (
        1,
        True,
    )


async def test_retention_deletes_by_simulated_time_and_moves_the_beginning(wire: KafkaWire) -> None:
    await create(wire, "own", retention_ms="60000")
    await kcat(wire, "-P", "-t", "own", given="old\nas old\n")
    wire.step(30, tick(30))
    await kcat(wire, "-P", "-t", "own", given="younger\n")
    wire.step(60, tick(60))
    assert await ends(wire, OWN) == (0, 3)
    wire.step(61, tick(61))
    assert await ends(wire, OWN) == (2, 3)
    assert await reads(wire, "own") == "2 younger\n"
    assert wire.retention()["own"] == 60.0
    assert wire.retention()["orders"] == 604_800.0


async def test_a_reader_of_what_is_gone_is_told_so_and_starts_where_it_may(wire: KafkaWire) -> None:
    await create(wire, "own")
    await kcat(wire, "-P", "-t", "own", given="a\nb\nc\n")
    await with_admin(wire, lambda admin: admin.delete_records({OWN: 2}))
    assert await ends(wire, OWN) == (2, 3)

    def run() -> object:
        consumer = Consumer(
            {"bootstrap.servers": ",".join(wire.bootstrap), "group.id": "x", "auto.offset.reset": "earliest"}
        )
        consumer.assign([TopicPartition("own", 0, 0)])
        record = consumer.poll(20)
        consumer.close()
        return record and record.value()

    assert await asyncio.to_thread(run) == b"c"


async def test_deleting_the_models_records_keeps_them_deleted_and_tells_the_model(wire: KafkaWire) -> None:
    first = Part("orders", 0)
    await with_admin(wire, lambda admin: admin.delete_records({first: 950}))
    wire.step(1, tick(1, produced=1100))
    assert await ends(wire, first) == (950, 1100)
    assert wire.deleted() == {("orders", 0): 950}
    wire.step(2, tick(2, produced=1200, low=1000))
    assert await ends(wire, first) == (1000, 1200)


def test_a_waiting_reader_hears_of_a_record_at_once_and_of_nothing_when_its_time_is_up() -> None:
    alarm = StoppedAlarm()
    cluster = Cluster(7, alarm)
    log = cluster.topics.create("own", 1, {}).logs[0]
    session = Session(cluster.leader("own", 0), cluster, now=lambda: 0.0)
    first = fetch(session, fetch_request(0), 12)
    assert isinstance(first, Later)
    assert not first.given
    cluster.write(log, [batch("news")], 0.0)
    assert first.message.responses[0].partitions[0].records == log.batches[0].data
    second = fetch(session, fetch_request(1), 12)
    assert isinstance(second, Later)
    assert not second.given
    alarm.run(WAIT)
    assert second.message.responses[0].partitions[0].records == b""


WAIT = 25.0  # wall seconds


def fetch_request(offset: int) -> Any:
    topic = FetchRequest.FetchTopic
    part = topic.FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1 << 20)
    return FetchRequest(max_wait_ms=int(WAIT * 1000), min_bytes=1, topics=[topic(topic="own", partitions=[part])])


async def test_the_dead_letters_are_there_to_be_read(wire: KafkaWire) -> None:
    wire.step(1, replace(tick(1), counters={"dead_letters": 3.0}))
    assert await reads(wire, "orders.dlq", "%o\n") == "0\n1\n2\n"


def test_what_a_producer_sends_twice_is_written_once() -> None:
    producers = Producers()
    first = batch("a", "b", producer=7, sequence=0)
    assert producers.admit(first, 10) is None
    assert producers.admit(first, 12) == 10
    assert producers.admit(batch("c", producer=7, sequence=2), 12) is None
    with pytest.raises(OutOfOrder):
        producers.admit(batch("x", producer=7, sequence=9), 13)
    producers.raise_epoch(7, 1)
    with pytest.raises(Fenced):
        producers.admit(batch("d", producer=7, sequence=3), 13)


def test_what_clients_write_stays_small_whatever_they_write() -> None:
    cluster = Cluster(7)
    log = cluster.topics.create("big", 1, {}).logs[0]
    large = batch("x" * 1_000_000)
    for _ in range(40):
        cluster.write(log, [large], 0.0)
    assert log.size <= MOST_BYTES
    assert (log.end, log.low > 0) == (40, True)


def test_many_small_batches_count_for_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "MOST_BYTES", 50_000)
    cluster = Cluster(7)
    log = cluster.topics.create("small", 1, {}).logs[0]
    for _ in range(300):
        cluster.write(log, [batch("x")], 0.0)
    assert len(log.batches) <= 50_000 / topics.A_BATCH


def test_there_are_not_too_many_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(7)
    session = Session(1, cluster, now=lambda: 0.0)
    cluster.topics.create("own", 1, {})
    assert cluster.topics.room_for(1000)
    monkeypatch.setattr("connectors.simulator.kafka.topics.MOST_PARTITIONS", 20)
    refused = create_partitions(session, requests.create_partitions("own", 30), 3)
    assert (refused.results[0].error_code, len(cluster.topics["own"].logs)) == (44, 1)


def test_a_client_may_not_write_control_batches() -> None:
    log = Log()
    log.append([batch("a", producer=3, sequence=0)], 0.0)
    log.mark(3, 0, True, 0.0)
    with pytest.raises(CorruptBatch):
        split(log.batches[-1].data)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 5), st.sampled_from([b"a", b"b", None])),
        st.tuples(st.just("begin"), st.integers(1, 3), st.integers(1, 3)),
        st.tuples(st.just("end"), st.integers(1, 3), st.booleans()),
        st.tuples(st.just("delete"), st.integers(0, 60), st.none()),
        st.tuples(st.just("retain"), st.integers(0, 60), st.integers(0, 2000)),
        st.tuples(st.just("compact"), st.none(), st.none()),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_offsets_never_go_back_and_the_stable_end_lies_between(steps: list[tuple[str, Any, Any]]) -> None:
    """Whatever befalls a log: low ≤ stable ≤ end, none goes back, and what is kept is read in order."""
    log = Log()
    sequences: dict[int, int] = {}
    for t, (what, first, second) in enumerate(steps):
        before = log.low, log.stable, log.end
        if what == "write":
            log.append([batch(*"x" * first, key=second)], float(t), float(t))
        elif what == "begin":
            log.append([batch(*"y" * second, producer=first, sequence=sequences.get(first, 0))], float(t), float(t))
            sequences[first] = sequences.get(first, 0) + second
        elif what == "end":
            log.mark(first, 0, second, float(t), float(t))
        elif what == "delete":
            log.delete(first)
        elif what == "retain":
            log.retain(float(first), float(second))
        else:
            log.compact()
        assert log.low <= log.stable <= log.end
        assert all(old <= new for old, new in zip(before, (log.low, log.stable, log.end), strict=True))
        assert log.size == sum(len(batch.data) for batch in log.batches)
        assert log.read(log.low, 1 << 30) == b"".join(batch.data for batch in log.batches)
        ends = [log.low, *(kept.end for kept in log.batches)]
        assert ends == sorted(ends)


def test_an_open_transaction_holds_the_stable_end_and_what_it_wrote() -> None:
    log = Log()
    log.append([batch("a", producer=3, sequence=0)], 0.0, 0.0)
    log.append([batch("b")], 0.0, 0.0)
    log.retain(100.0, 0.0)
    assert (log.low, log.stable, log.end) == (0, 0, 2)
    log.mark(3, 0, False, 0.0, 0.0)
    assert (log.stable, log.end) == (3, 3)
    assert [(gone.producer, gone.first, gone.last) for gone in log.aborted(0)] == [(3, 0, 2)]
    log.retain(100.0, 0.0)
    assert (log.low, log.end, log.size, log.aborted(0)) == (3, 3, 0, [])


def test_a_batch_with_gaps_is_read_from_within_a_gap() -> None:
    log = Log()
    log.place(keyed({2: (b"a", b"1"), 5: (b"b", b"2")}, 9, 0.0), 0.0)
    log.place(keyed({0: (b"c", b"3")}, 1, 0.0), 0.0)
    assert log.read(7, 1) == log.batches[0].data
    assert log.read(9, 1) == log.batches[1].data
    assert log.read(10, 1) == b""
