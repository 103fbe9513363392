"""Consumer groups on the wire, with the clients that are their members: each joins, shares, commits and leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, KafkaException
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import UnknownMemberIdError
from kafka.structs import OffsetAndMetadata

from connectors.simulator.kafka import KafkaWire
from tests.connectors.simulator.kafka_estate import create, kcat, kcat_ended, served, tick, until, with_admin

FIRST = TopicPartition("orders", 0)


@pytest.fixture
async def wire() -> AsyncIterator[KafkaWire]:
    async with served() as made:
        yield made


@pytest.fixture
async def written(wire: KafkaWire) -> KafkaWire:
    """A topic of a client's own, with twelve records on four partitions."""
    await create(wire, "own", 4)
    for index in range(4):
        await kcat(wire, "-P", "-t", "own", "-p", str(index), given=f"a{index}\nb{index}\nc{index}\n")
    return wire


EVERYTHING = sorted(f"{letter}{index}" for letter in "abc" for index in range(4))


async def test_kcat_reads_as_a_group_and_goes_on_where_it_stopped(written: KafkaWire) -> None:
    group = ("-G", "readers", "own", "-X", "auto.offset.reset=earliest", "-q", "-f", "%s\n")
    first = (await kcat(written, *group, "-c", "5")).split()
    rest = (await kcat(written, *group, "-c", "7")).split()
    assert sorted(first + rest) == EVERYTHING


async def test_kafka_python_reads_commits_and_shares(written: KafkaWire) -> None:
    def run() -> None:
        one = kafka_python(written)
        try:
            assert sorted(drained(lambda: polled(one))) == EVERYTHING
            one.commit()
            other = kafka_python(written)
            until(lambda: polled(one) + polled(other) == [] and len(other.assignment()) == len(one.assignment()) == 2)
            assert one.assignment().isdisjoint(other.assignment())
        finally:
            one.close()
        until(lambda: polled(other) == [] and len(other.assignment()) == 4)
        assert other.committed(TopicPartition("own", 3)) == 3
        other.close()

    await asyncio.to_thread(run)


def drained(draw: Callable[[], list[str]]) -> list[str]:
    """What there is to read, drawn until it is all there."""
    read: list[str] = []

    def all_there() -> bool:
        read.extend(draw())
        return len(read) >= len(EVERYTHING)

    until(all_there)
    return read


def kafka_python(wire: KafkaWire) -> KafkaConsumer:
    return KafkaConsumer(
        "own",
        bootstrap_servers=list(wire.bootstrap),
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=200,
        session_timeout_ms=6000,
    )


def polled(consumer: KafkaConsumer) -> list[str]:
    return [record.value.decode() for batch in consumer.poll(timeout_ms=100).values() for record in batch]


async def test_confluent_reads_commits_and_shares(written: KafkaWire) -> None:
    def run() -> None:
        one = confluent(written)
        assert sorted(drained(lambda: drawn(one))) == EVERYTHING
        assert one.commit(asynchronous=False)
        other = confluent(written)
        until(lambda: drawn(one) + drawn(other) == [] and len(other.assignment()) == len(one.assignment()) == 2)
        other.close()
        until(lambda: drawn(one) == [] and len(one.assignment()) == 4)
        one.close()

    await asyncio.to_thread(run)


def confluent(wire: KafkaWire, **options: Any) -> Consumer:
    made = Consumer(
        {
            "bootstrap.servers": ",".join(wire.bootstrap),
            "group.id": "readers",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "heartbeat.interval.ms": 200,
            "session.timeout.ms": 6000,
            **options,
        }
    )
    made.subscribe(["own"])
    return made


def drawn(consumer: Consumer) -> list[str]:
    record = consumer.poll(0.1)
    value = record.value() if record and not record.error() else None
    return [value.decode()] if isinstance(value, bytes) else []


async def test_a_static_member_of_confluent_is_back_without_a_rebalance(written: KafkaWire) -> None:
    def run() -> tuple[set[int], set[int]]:
        first = confluent(written, **{"group.instance.id": "pod-0"})
        until(lambda: bool(drawn(first)))
        before = {part.partition for part in first.assignment()}
        second = confluent(written, **{"group.instance.id": "pod-0"})
        until(lambda: bool(drawn(second)))
        after = {part.partition for part in second.assignment()}
        second.close()
        with pytest.raises((KafkaException, RuntimeError)):  # fenced: fatal for the one before
            until(lambda: first.consume(1, 0.1) == [] and first.commit(asynchronous=False) == [])
        first.close()
        return before, after

    assert await asyncio.to_thread(run) == ({0, 1, 2, 3}, {0, 1, 2, 3})


async def test_aiokafka_reads_commits_and_shares(written: KafkaWire) -> None:
    one, other = aiokafka(written), aiokafka(written)
    await one.start()
    read = [(await one.getone()).value.decode() for _ in range(12)]
    assert sorted(read) == EVERYTHING
    await one.commit()
    await other.start()
    try:
        async with asyncio.timeout(20):
            while len(other.assignment()) != 2 or len(one.assignment()) != 2:
                await one.getmany(timeout_ms=50)
        await one.stop()
        async with asyncio.timeout(20):
            while len(other.assignment()) != 4:
                await other.getmany(timeout_ms=50)
    finally:
        await one.stop()
        await other.stop()


def aiokafka(wire: KafkaWire) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        "own",
        bootstrap_servers=list(wire.bootstrap),
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=200,
        session_timeout_ms=6000,
    )


async def test_the_models_live_group_takes_no_strangers(wire: KafkaWire) -> None:
    code, _, errors = await kcat_ended(wire, "-G", "orders", "orders", "-c", "1")
    assert (code, "Inconsistent group protocol" in errors) == (1, True)
    described = await with_admin(wire, lambda admin: admin.describe_groups(["orders"]))
    assert len(described["orders"]["members"]) == 4


async def test_the_models_empty_group_is_open_until_its_workers_are_back(wire: KafkaWire) -> None:
    wire.step(1, tick(1, "Empty", 0))
    read = await kcat(wire, "-G", "orders", "orders", "-c", "1", "-q", "-f", "%o\n")
    assert read == "900\n"
    wire.step(2, tick(2, "Stable", 2))
    described = await with_admin(wire, lambda admin: admin.describe_groups(["orders"]))
    assert [member["client_id"] for member in described["orders"]["members"]] == ["orders-0", "orders-1"]


async def test_skipping_a_message_means_scale_to_zero_commit_and_scale_up(wire: KafkaWire) -> None:
    offset = {FIRST: OffsetAndMetadata(901, "skipped", -1)}
    refused = await with_admin(wire, lambda admin: admin.alter_group_offsets("orders", offset))
    assert refused[FIRST] is UnknownMemberIdError
    wire.step(1, tick(1, "Empty", 0))
    await with_admin(wire, lambda admin: admin.alter_group_offsets("orders", offset))
    assert wire.seeks() == {("orders", "orders", 0): 901}
    wire.step(2, tick(2, "Empty", 0))  # a model that has not looked yet
    kept = await with_admin(wire, lambda admin: admin.list_group_offsets("orders"))
    assert (kept["orders"][FIRST].offset, kept["orders"][FIRST].metadata) == (901, "skipped")
    wire.step(3, tick(3, "Stable", 4, consumed=905))
    assert wire.seeks() == {}
    moved = await with_admin(wire, lambda admin: admin.list_group_offsets("orders"))
    assert {at.offset for at in moved["orders"].values()} == {905}


async def test_offsets_may_go_back_too(wire: KafkaWire) -> None:
    wire.step(1, tick(1, "Empty", 0))
    await with_admin(wire, lambda admin: admin.alter_group_offsets("orders", {FIRST: OffsetAndMetadata(100, "", -1)}))
    wire.step(2, tick(2, "Empty", 0))
    assert wire.seeks() == {("orders", "orders", 0): 100}
    wire.step(3, tick(3, "Empty", 0, consumed=100))
    assert wire.seeks() == {}


async def test_groups_are_listed_by_state_and_deleted_when_empty(written: KafkaWire) -> None:
    await kcat(written, "-G", "readers", "own", "-c", "1", "-q", "-X", "auto.offset.reset=earliest")

    def run(admin: Any) -> tuple[list[str], Any, Any, list[str]]:
        empty = [group["group_id"] for group in admin.list_groups(states_filter=["Empty"])]
        deleted = admin.delete_group_offsets("readers", [TopicPartition("own", 0)])
        gone = admin.delete_groups(["readers", "orders"])
        return empty, deleted, gone, [group["group_id"] for group in admin.list_groups()]

    empty, deleted, gone, left = await with_admin(written, run)
    assert empty == ["readers"]
    assert "Error" not in str(deleted) or "NoError" in str(deleted)
    assert "NonEmptyGroup" in str(gone)
    assert left == ["orders"]
