"""The Kafka connector on the simulated estate and on a real broker, by the same tests."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from connectors.kafka import open_connector
from connectors.settings.kafka import Settings
from console.clock import SystemClock
from console.model.snapshot import Detail, FailureKind
from tests.connectors.kafka_estate import FIRST, PATIENCE, bad, component, estate, good, opened, until, values


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kafka"))])
async def bootstrap(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, ...]]:
    """A broker of either kind."""
    if request.param == "real":
        yield (request.getfixturevalue("real_kafka"),)
        return
    async with estate() as made:
        yield made.bootstrap


def fresh(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:8]}"


class Arranged:
    """A topic with records and a group with commits, made by an ordinary client's calls."""

    def __init__(self, bootstrap: tuple[str, ...]) -> None:
        self.bootstrap = list(bootstrap)
        self.topic, self.group = fresh("topic"), fresh("group")

    async def make(self, written: Mapping[int, int], committed: Mapping[int, int]) -> Arranged:
        await asyncio.to_thread(self._make, written, committed)
        return self

    def _make(self, written: Mapping[int, int], committed: Mapping[int, int]) -> None:
        with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
            admin.create_topics({self.topic: {"num_partitions": len(written), "replication_factor": 1}})
            admin.wait_for_topics([self.topic])
            producer = KafkaProducer(bootstrap_servers=self.bootstrap)
            for partition, count in written.items():
                for _ in range(count):
                    producer.send(self.topic, b"x", partition=partition)
            producer.close()
            places = {
                TopicPartition(self.topic, partition): OffsetAndMetadata(offset, "", -1)
                for partition, offset in committed.items()
            }
            self._commit(admin, places)

    def _commit(self, admin: Any, places: Mapping[Any, Any]) -> None:
        """A fresh cluster has no coordinator until its topic of offsets is there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                errors = set(admin.alter_group_offsets(self.group, places).values())
            except Exception as error:
                if not getattr(error, "retriable", False):
                    raise
            else:
                if all(error.errno == 0 for error in errors):
                    return
            time.sleep(0.1)
        raise AssertionError("no coordinator")


async def test_lag_is_what_was_written_and_not_committed(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 7, 1: 5, 2: 0}, committed={0: 3, 1: 5})
    async with opened(bootstrap, groups=(made.group,), timeout=10.0) as connector:
        seen = good(await connector.read())
        group = component(seen, f"kafka/group/{made.group}")
    assert values(group) == {"lag": 4, "lost": 0, "never_committed": 1, "members": 0, "partitions": 3, **FIRST}
    assert {counter.name: counter.value for counter in group.counters} == {"consumed_total": 8, "produced_total": 12}
    assert group.state == "Empty"
    assert group.notes == ("1 partition never committed",)
    assert seen.identity
    assert seen.problems == ()


async def test_a_drill_down_shows_the_partitions(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 2, 1: 5}, committed={0: 1, 1: 0})
    async with opened(bootstrap, timeout=10.0) as connector:
        detail = await connector.inspect(f"kafka/group/{made.group}")
        assert isinstance(detail, Detail), detail
        assert detail.rows == (
            (made.topic, "1", "0", "5", "5", "0", "", "?", "?", "83%", "?", "unknown"),
            (made.topic, "0", "1", "2", "1", "0", "", "?", "?", "17%", "?", "unknown"),
        )
        assert detail.into == (f"kafka/topic/{made.topic}",) * 2
        brokers = await connector.inspect("kafka/cluster")
        assert isinstance(brokers, Detail), brokers
        assert [row[0] for row in brokers.rows] == [str(n + 1) for n in range(len(bootstrap))]
        assert bad(await connector.inspect("kafka/group/none")).kind is FailureKind.NOT_FOUND


async def test_dead_letters_show_their_depth(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 3, 1: 1}, committed={})
    async with opened(bootstrap, groups=(), dead_letters=(made.topic,), timeout=10.0) as connector:
        topic = component(await connector.read(), f"kafka/topic/{made.topic}")
        assert values(topic) == {"depth": 4, "last_arrival": None}
        assert [(counter.rate_name, counter.value) for counter in topic.counters] == [("arrivals", 4)]


async def test_a_reading_is_as_old_as_what_the_brokers_told_and_not_as_its_end() -> None:
    """Connect says nothing for two seconds, which the reading waits for."""
    clock = SystemClock()
    wall = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    silent = f"http://127.0.0.1:{wall.sockets[0].getsockname()[1]}"
    async with estate() as made, wall:
        settings = Settings(bootstrap=made.bootstrap, connect=(silent,), timeout=2.0)
        connector = open_connector("kafka", settings, clock)
        try:
            good(await connector.read())
            seen = good(await connector.read())
            assert clock.now() - seen.at > 0.5
            assert {signal.at for signal in component(seen, "kafka/group/orders").signals} == {seen.at}
        finally:
            await connector.close()


async def test_a_named_group_that_is_not_there_is_told(bootstrap: tuple[str, ...]) -> None:
    async with opened(bootstrap, groups=("nobody",), timeout=10.0) as connector:
        assert good(await connector.read()).problems == ("group nobody: not found, or not permitted",)


async def test_a_deleted_group_is_gone_at_the_next_reading(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 1}, committed={0: 0})
    async with opened(bootstrap, groups=(f"{made.group}*",), dead_letters=(), timeout=10.0) as connector:
        assert component(await connector.read(), f"kafka/group/{made.group}")

        def delete() -> None:
            with KafkaAdminClient(bootstrap_servers=made.bootstrap) as admin:
                assert admin.delete_groups([made.group]) == {made.group: "OK"}

        await asyncio.to_thread(delete)
        assert [seen.id for seen in good(await connector.read()).components] == ["kafka/cluster"]


async def test_both_brokers_refuse_alike(bootstrap: tuple[str, ...]) -> None:
    """What the simulated broker refuses, and how, is what the real one does."""
    made = await Arranged(bootstrap).make(written={0: 1}, committed={0: 1})
    refused = await asyncio.to_thread(_refusals, made)
    assert refused == {
        "again": "TopicAlreadyExistsError",
        "none": "InvalidPartitionsError",
        "name": "InvalidTopicError",
        "copies": "InvalidReplicationFactorError",
        "ends": "UnknownTopicOrPartitionError",
        "group": ("Dead", "GroupIdNotFoundError"),
        "commit": "UnknownTopicOrPartitionError",
        "tried": False,
    }


def _refusals(made: Arranged) -> dict[str, object]:
    with KafkaAdminClient(bootstrap_servers=made.bootstrap) as admin:

        def refused(call: Callable[[], object]) -> str:
            with pytest.raises(KafkaError) as raised:
                call()
            return type(raised.value).__name__

        def create(name: str, partitions: int = 1, copies: int = 1, **more: bool) -> object:
            wish = {"num_partitions": partitions, "replication_factor": copies}
            return admin.create_topics({name: wish}, **more)

        create("tried", validate_only=True)
        nowhere = {TopicPartition("nowhere", 0): OffsetAndMetadata(1, "", -1)}
        return {
            "again": refused(lambda: create(made.topic)),
            "none": refused(lambda: create("empty", partitions=0)),
            "name": refused(lambda: create("a topic")),
            "copies": refused(lambda: create("copies", copies=9)),
            "ends": refused(lambda: admin.list_partition_offsets({TopicPartition(made.topic, 7): -1})),
            "group": (
                admin.describe_groups(["nobody"])["nobody"]["group_state"],
                admin.delete_groups(["nobody"])["nobody"],
            ),
            "commit": next(iter(admin.alter_group_offsets(made.group, nowhere).values())).__name__,
            "tried": "tried" in admin.list_topics(),
        }


@pytest.mark.real("kafka")
async def test_expired_records_are_lost_and_not_lag(real_kafka: str) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 9}, committed={0: 2})

    def expire() -> None:
        with KafkaAdminClient(bootstrap_servers=[real_kafka]) as admin:
            admin.delete_records({TopicPartition(made.topic, 0): 6})

    await asyncio.to_thread(expire)
    async with opened((real_kafka,), groups=(made.group,), timeout=10.0) as connector:
        group = component(await connector.read(), f"kafka/group/{made.group}")
    assert (values(group)["lag"], values(group)["lost"]) == (3, 4)
    assert group.notes == ("4 expired unread",)


@pytest.mark.real("kafka")
async def test_a_live_group_has_members_and_workers(real_kafka: str) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 3, 1: 3}, committed={})
    stop = threading.Event()

    def consume() -> None:
        consumer = KafkaConsumer(
            made.topic,
            bootstrap_servers=[real_kafka],
            group_id=made.group,
            client_id="worker",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        while not stop.is_set():
            if consumer.poll(100):
                consumer.commit()
        consumer.close()

    async with opened((real_kafka,), groups=(made.group,), timeout=10.0) as connector:
        consuming = asyncio.create_task(asyncio.to_thread(consume))
        try:
            seen = await until(
                connector,
                lambda seen: any(o.state == "Stable" and values(o)["lag"] == 0 for o in seen.components),
            )
            detail = await connector.inspect(f"kafka/group/{made.group}")
        finally:
            stop.set()
            await consuming
    group = component(seen, f"kafka/group/{made.group}")
    going = {"stalled": 0, "stopped": 0, "rewound": 0, "late": 0, "kept": 7 * 86400}
    assert values(group) == {"lag": 0, "lost": 0, "never_committed": 0, "members": 1, "partitions": 2, **going}
    assert isinstance(detail, Detail)
    assert all(row[6].startswith("worker /127.0.0.1") for row in detail.rows)


async def test_the_estate_as_the_demo_shows_it() -> None:
    async with estate() as made, opened(made.bootstrap) as connector:
        seen = await connector.read()
        orders = component(seen, "kafka/group/orders")
        sums = {"lag": 700, "lost": 0, "never_committed": 1, "members": 9, "partitions": 8}
        assert values(orders) == {**sums, **FIRST}
        assert orders.notes == ("1 partition never committed", "workers > partitions")
        assert values(component(seen, "kafka/group/notifications"))["lag"] == 24
        assert values(component(seen, "kafka/topic/orders.dlq")) == {"depth": 12, "last_arrival": None}
        assert values(component(seen, "kafka/cluster")) == {
            "brokers": 3,
            "brokers_missing": 0,
            "brokers_silent": 0,
            "under_replicated": 0,
            "offline_partitions": 0,
            "under_min_isr": 0,
            "controllers": 1,
        }
