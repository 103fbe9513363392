"""The rules of Kafka lag, each a test by its name, on the simulated estate and on a real broker alike."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata

from connectors import Connector
from connectors.kafka import open_connector
from connectors.kafka.retention import EARLIEST
from connectors.kafka.shape import QUIET, STILL
from connectors.kafka.told import OFFSETS
from connectors.settings.kafka import Settings
from console.clock import SystemClock
from console.model.signal import Signal
from console.model.snapshot import Detail, Observed, Snapshot
from tests.connectors.kafka_estate import component, estate, good, opened, until, values
from tests.connectors.kafka_wiretap import FETCH_COMMITS, LIST_OFFSETS, tapped
from tests.connectors.test_kafka_connector import Arranged, fresh

HOUR = 3600.0


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kafka"))])
async def bootstrap(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, ...]]:
    """A broker of either kind."""
    if request.param == "real":
        yield (request.getfixturevalue("real_kafka"),)
        return
    async with estate() as made:
        yield made.bootstrap


class Later(SystemClock):
    """Estate time that a test moves on by hand; wall time goes on by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


async def made(bootstrap: tuple[str, ...], written: Mapping[int, int], committed: Mapping[int, int]) -> Arranged:
    return await Arranged(bootstrap).make(written, committed)


async def seen(connector: Connector, made: Arranged) -> Observed:
    return component(await connector.read(), f"kafka/group/{made.group}")


def administer(made: Arranged, work: Callable[[Any], object]) -> None:
    with KafkaAdminClient(bootstrap_servers=made.bootstrap) as admin:
        work(admin)


def commit(made: Arranged, offsets: Mapping[int, int]) -> None:
    places = {TopicPartition(made.topic, n): OffsetAndMetadata(at, "", -1) for n, at in offsets.items()}
    administer(made, lambda admin: admin.alter_group_offsets(made.group, places))


def produce(made: Arranged, count: int, partition: int = 0, **more: Any) -> None:
    producer = KafkaProducer(bootstrap_servers=made.bootstrap)
    for _ in range(count):
        producer.send(made.topic, b"x", partition=partition, **more)
    producer.close()


@contextmanager
def consuming(made: Arranged, topic: str) -> Any:
    """A member of the group that reads this topic, and commits."""
    stop = threading.Event()

    def consume() -> None:
        settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "group_id": made.group}
        consumer = KafkaConsumer(topic, bootstrap_servers=made.bootstrap, **settings)
        while not stop.is_set():
            if consumer.poll(100):
                consumer.commit()
        consumer.close()

    thread = threading.Thread(target=consume)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def test_rule_1_committed_offsets_are_read_first_and_ends_second(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 7, 1: 5, 2: 0}, {0: 3, 1: 5})
    async with tapped(bootstrap) as tap:
        near = tuple(tap.map.values())
        async with opened(near, address_map=tap.map, groups=(group.group,), timeout=10.0) as connector:
            await seen(connector, group)
            tap.heard.clear()
            await seen(connector, group)
    order = tap.of(FETCH_COMMITS, LIST_OFFSETS)
    last_commit = max(n for n, each in enumerate(order) if each == ("answered", FETCH_COMMITS))
    first_end = min(n for n, each in enumerate(order) if each == ("asked", LIST_OFFSETS))
    assert last_commit < first_end
    assert order.count(("asked", FETCH_COMMITS)) == 1  # of the coordinator, for all its groups
    assert order.count(("asked", LIST_OFFSETS)) <= 2 * len(bootstrap) + len(bootstrap)


async def test_rule_1_a_commit_beyond_the_end_is_clamped_at_0_and_counted(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 7, 1: 5}, {0: 999, 1: 2})
    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        found = await seen(connector, group)
    assert values(found)["lag"] == 3
    assert "1 partition committed beyond the end" in found.notes


async def test_rule_2_what_expired_unread_is_lost_and_not_lag(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 9}, {0: 2})
    await asyncio.to_thread(administer, group, lambda a: a.delete_records({TopicPartition(group.topic, 0): 6}))
    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        found = await seen(connector, group)
    assert (values(found)["lag"], values(found)["lost"]) == (3, 4)
    assert "4 expired unread" in found.notes


async def test_rule_3_no_commit_is_not_available_and_out_of_the_sums(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 9, 1: 5, 2: 8}, {1: 5})
    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        found = await seen(connector, group)
        table = await connector.inspect(found.id)
    assert (values(found)["lag"], values(found)["never_committed"]) == (0, 2)
    assert "2 partitions never committed" in found.notes
    assert isinstance(table, Detail)
    assert {row[1]: row[4] for row in table.rows} == {"0": "?", "1": "0", "2": "?"}


async def test_rule_4_an_empty_group_is_shown_with_its_state_and_its_lag_grows(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 9}, {0: 9})
    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        before = await seen(connector, group)
        await asyncio.to_thread(produce, group, 5)
        after = await seen(connector, group)
    assert (before.state, after.state) == ("Empty", "Empty")
    assert (values(before)["lag"], values(after)["lag"]) == (0, 5)


@pytest.mark.real("kafka")
async def test_rule_4_a_topic_that_no_member_holds_is_abandoned_and_out_of_the_total(real_kafka: str) -> None:
    bootstrap = (real_kafka,)
    group = await made(bootstrap, {0: 9}, {0: 2})
    other = await made(bootstrap, {0: 3}, {0: 3})

    def without_it(seen: Snapshot) -> bool:
        found = component(seen, f"kafka/group/{group.group}")
        return found.state == "Stable" and values(found)["lag"] == 0 and f"abandoned: {group.topic}" in found.notes

    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        with consuming(group, other.topic):
            await until(connector, without_it)


async def test_rule_5_a_deleted_topic_goes_within_one_cycle(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 9}, {0: 2})
    async with opened(bootstrap, groups=(f"{group.group}*",), dead_letters=(group.topic,), timeout=10.0) as connector:
        assert component(await connector.read(), f"kafka/topic/{group.topic}")
        await asyncio.to_thread(administer, group, lambda admin: admin.delete_topics([group.topic]))
        gone = good(await connector.read())
    assert f"kafka/topic/{group.topic}" not in [each.id for each in gone.components]
    left = [each for each in gone.components if each.id == f"kafka/group/{group.group}"]
    assert all(values(each)["lag"] is None and values(each)["partitions"] == 0 for each in left)


async def test_rule_5_a_topic_made_anew_resets_its_history_also_when_its_end_passed_the_old_one(
    bootstrap: tuple[str, ...],
) -> None:
    group = await made(bootstrap, {0: 4}, {0: 2})

    def anew(admin: Any) -> None:
        admin.delete_topics([group.topic])
        admin.create_topics({group.topic: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([group.topic])

    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        before = await seen(connector, group)
        await asyncio.to_thread(administer, group, anew)
        await asyncio.to_thread(produce, group, 50)
        await asyncio.to_thread(commit, group, {0: 30})
        after = await seen(connector, group)
    assert values(after)["lag"] == 20
    assert {c.name: c.value for c in after.counters} == {c.name: c.value for c in before.counters}
    assert f"started over: {group.topic}" in after.notes


async def test_rule_6_the_lag_of_a_compacted_topic_says_offsets(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 4}, {0: 2})
    config = {"cleanup.policy": "compact"}
    topic = fresh("compacted")

    def make(admin: Any) -> None:
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1, "configs": config}})
        admin.wait_for_topics([topic])
        admin.alter_group_offsets(group.group, {TopicPartition(topic, 0): OffsetAndMetadata(0, "", -1)})

    await asyncio.to_thread(administer, group, make)
    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        found = await seen(connector, group)
    lag = next(signal for signal in found.signals if signal.name == "lag")
    assert (lag.value, lag.note) == (2, OFFSETS)


async def test_rule_6_the_constant_1_of_a_transaction_is_caught_up(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 0}, {})

    def transact() -> None:
        producer = KafkaProducer(bootstrap_servers=group.bootstrap, transactional_id=fresh("till"))
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(group.topic, b"x", partition=0)
        producer.commit_transaction()
        producer.close()

    await asyncio.to_thread(transact)
    await asyncio.to_thread(commit, group, {0: 1})  # all that a consumer can read
    clock = Later()
    connector = open_connector("kafka", Settings(bootstrap=bootstrap, groups=(group.group,), timeout=10.0), clock)
    try:
        first = await seen(connector, group)
        clock.ahead += 10 * STILL
        later = await seen(connector, group)
    finally:
        await connector.close()
    assert (values(first)["lag"], values(later)["lag"]) == (1, 1)
    assert (values(later)["stalled"], values(later)["stopped"], values(later)["late"]) == (0, 0, 0)


async def test_rule_7_no_commits_of_a_group_without_members_is_stopped(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 9, 1: 9}, {0: 2, 1: 9})
    clock = Later()
    connector = open_connector("kafka", Settings(bootstrap=bootstrap, groups=(group.group,), timeout=10.0), clock)
    try:
        first = await seen(connector, group)
        clock.ahead += QUIET + 1
        later = await seen(connector, group)
        clock.ahead += 1
        await asyncio.to_thread(commit, group, {0: 1})
        rewound = await seen(connector, group)
    finally:
        await connector.close()
    assert (values(first)["stopped"], values(later)["stopped"], values(later)["stalled"]) == (None, 1, 0)
    assert "1 partition stopped: nobody commits" in later.notes
    assert values(rewound)["rewound"] == 1
    assert "rewound by 1" in rewound.notes


async def kept_of(connector: Connector, made: Arranged) -> Signal:
    """Once the brokers have been asked all that there is to ask."""
    for _ in range(15):
        found = await seen(connector, made)
    return next(signal for signal in found.signals if signal.name == "kept")


def keep(made: Arranged, hours: float) -> None:
    kept = {"retention.ms": str(int(hours * HOUR * 1000))}
    topic = ConfigResource(ConfigResourceType.TOPIC, made.topic, kept)
    administer(made, lambda admin: admin.alter_configs([topic]))


async def test_rule_8_time_to_loss_is_what_is_left_of_the_retention_of_the_oldest_unread_message(
    bootstrap: tuple[str, ...],
) -> None:
    group = await made(bootstrap, {0: 9}, {0: 3})
    await asyncio.to_thread(keep, group, 3)
    clock = Later()
    clock.ahead = 1.5 * HOUR
    connector = open_connector("kafka", Settings(bootstrap=bootstrap, groups=(group.group,), timeout=10.0), clock)
    try:
        kept = await kept_of(connector, group)
    finally:
        await connector.close()
    assert kept.value == pytest.approx(1.5 * HOUR, rel=0.1)
    assert (kept.value or 0) <= 1.5 * HOUR
    assert kept.note == EARLIEST


@pytest.mark.real("kafka")
async def test_rule_8_time_to_loss_counts_by_the_records_own_times(real_kafka: str) -> None:
    group = await made((real_kafka,), {0: 0}, {})

    def write() -> None:
        for age in (2.0, 1.5, 1.0, 0.25):
            produce(group, 3, timestamp_ms=int((time.time() - age * HOUR) * 1000))

    await asyncio.to_thread(write)
    await asyncio.to_thread(keep, group, 3)
    await asyncio.to_thread(commit, group, {0: 3})  # the oldest that is left was written an hour and a half ago
    async with opened((real_kafka,), groups=(group.group,), timeout=10.0) as connector:
        kept = await kept_of(connector, group)
    assert kept.value == pytest.approx(1.5 * HOUR, rel=0.1)
    assert (kept.value or 0) <= 1.5 * HOUR + 1


async def test_rule_8_a_hot_partition_and_idle_workers_are_badges(bootstrap: tuple[str, ...]) -> None:
    group = await made(bootstrap, {0: 150, 1: 9, 2: 9}, {0: 0, 1: 0, 2: 9})
    async with opened(bootstrap, groups=(group.group,), timeout=10.0) as connector:
        found = await seen(connector, group)
    assert f"hot partition {group.topic}/0" in found.notes


async def test_rule_9_the_round_trips_of_a_reading_are_a_number_a_broker_and_not_a_group(
    bootstrap: tuple[str, ...],
) -> None:
    groups = [await made(bootstrap, {0: 3, 1: 3}, {0: 1, 1: 3}) for _ in range(8)]
    names = tuple(group.group for group in groups)
    async with tapped(bootstrap) as tap:
        near = tuple(tap.map.values())
        async with opened(near, address_map=tap.map, groups=names, dead_letters=(), timeout=10.0) as connector:
            for _ in range(3):
                good(await connector.read())
            tap.heard.clear()
            assert len(good(await connector.read()).components) > len(groups)
    asked = sum(what == "asked" for what, _ in tap.heard)
    brokers = len(bootstrap)
    # The cluster; of each broker its groups, their members and commits, low watermarks, ends, and offsets at times.
    assert asked <= 1 + 3 * brokers + 3 * brokers


async def test_rule_9_a_dead_letter_topic_has_depth_arrival_rate_and_the_last_arrival(
    bootstrap: tuple[str, ...],
) -> None:
    group = await made(bootstrap, {0: 3}, {})
    clock = Later()
    settings = Settings(bootstrap=bootstrap, groups=(), dead_letters=(group.topic,), timeout=10.0)
    connector = open_connector("kafka", settings, clock)
    try:
        component(await connector.read(), f"kafka/topic/{group.topic}")
        clock.ahead += 20
        await asyncio.to_thread(produce, group, 4)
        after = component(await connector.read(), f"kafka/topic/{group.topic}")
    finally:
        await connector.close()
    assert values(after)["depth"] == 7
    assert [(counter.rate_name, counter.value) for counter in after.counters] == [("arrivals", 7)]
    assert values(after)["last_arrival"] == pytest.approx(5, abs=15)
