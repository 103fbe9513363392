"""The whole estate under an operator's hand on Kafka: what is done over its wire shows in the model and everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata

from connectors.simulator.estate import SCRAPE
from connectors.simulator.kafka.brokers import CATCH_UP
from connectors.simulator.kafka.quotas import PRODUCE
from connectors.simulator.scenarios import FAULT
from tests.connectors.kafka_estate import component, opened, values
from tests.connectors.simulator import sim_kafka_requests as requests
from tests.connectors.simulator.sim_kafka import under_replicated
from tests.connectors.simulator.sim_kafka_talk import talk
from tests.connectors.simulator.test_sim_estate import Shop
from tests.connectors.simulator.test_sim_estate import opened as estate

T = TypeVar("T")
POISONED = TopicPartition("orders", 0)
WORKERS = "/apis/apps/v1/namespaces/shop/deployments/workers"
STARTED = 120  # simulated seconds in which workers that were asked for are there and in their group


async def asked(shop: Shop, use: Callable[[KafkaAdminClient], T]) -> T:
    """What an ordinary admin client gets."""

    def run() -> T:
        with KafkaAdminClient(bootstrap_servers=list(shop.at.kafka)) as admin:
            return use(admin)

    return await asyncio.to_thread(run)


async def scale(shop: Shop, workers: int) -> None:
    await shop.patch(WORKERS, {"spec": {"replicas": workers}})


async def lag(shop: Shop) -> float:
    return await shop.one('kafka_consumergroup_lag_sum{consumergroup="orders"}')


def run(shop: Shop, seconds: int) -> None:
    """So long, and to the next second at which Prometheus has just scraped."""
    t = shop.estate.tick.t + seconds
    shop.until(t + -t % SCRAPE)


async def commit(shop: Shop, offset: int) -> type[Exception]:
    """What the brokers say to an offset from outside."""
    place = {POISONED: OffsetAndMetadata(offset, "", -1)}
    answer: type[Exception] = (await asked(shop, lambda admin: admin.alter_group_offsets("orders", place)))[POISONED]
    return answer


async def test_a_poisoned_message_is_skipped_as_in_production() -> None:
    async with estate("poison-message") as shop:
        run(shop, int(FAULT) + 60)
        stuck = await shop.one('kafka_consumergroup_current_offset{topic="orders",partition="0"}')
        assert await lag(shop) > 30
        assert (await commit(shop, int(stuck) + 1)).__name__ == "UnknownMemberIdError"
        await scale(shop, 0)
        run(shop, 10)
        group = (await asked(shop, lambda admin: admin.describe_groups(["orders"])))["orders"]
        assert (group["group_state"], group["members"]) == ("Empty", [])
        assert (await commit(shop, int(stuck) + 1)).__name__ == "NoError"
        await scale(shop, 4)
        run(shop, STARTED)
        assert await lag(shop) == 0
        assert await shop.one('kafka_consumergroup_current_offset{topic="orders",partition="0"}') > stuck + 30


async def test_what_retention_deletes_unread_is_told_as_lost() -> None:
    async with estate("calm") as shop:
        await scale(shop, 0)
        run(shop, 30)
        resource = ConfigResource(ConfigResourceType.TOPIC, "orders", {"retention.ms": "20000"})
        await asked(shop, lambda admin: admin.alter_configs([resource]))
        run(shop, 60)
        async with opened(shop.at.kafka, groups=("orders",), timeout=10.0) as connector:
            group = component(await connector.read(), "kafka/group/orders")
        lost, left = (values(group)[name] or 0 for name in ("lost", "lag"))
        assert lost > 100
        assert left == await lag(shop) < lost


async def test_records_that_an_operator_deletes_are_gone_for_everybody() -> None:
    async with estate("calm") as shop:
        await scale(shop, 0)
        run(shop, 60)
        before = await lag(shop)
        parts = {TopicPartition("orders", index): -1 for index in range(8)}
        await asked(shop, lambda admin: admin.delete_records(parts))
        run(shop, SCRAPE)
        assert await lag(shop) < before / 5
        lows = await shop.asked('kafka_topic_partition_oldest_offset{topic="orders"}')
        assert sorted(lows) == sorted((await asked(shop, lows_of)).values())


def lows_of(admin: KafkaAdminClient) -> dict[TopicPartition, int]:
    parts = {TopicPartition("orders", index): -2 for index in range(8)}
    return {part: found.offset for part, found in admin.list_partition_offsets(parts).items()}


async def test_a_quota_holds_the_shops_own_producer_back() -> None:
    async with estate("calm") as shop:
        run(shop, 30)
        produced = 'sum(rate(kafka_topic_partition_current_offset{topic="orders"}[20s]))'
        assert await shop.one(produced) > 3
        async with talk(shop.at.kafka[0]) as to:
            asked = requests.alter_quotas({"client-id": None}, {PRODUCE: 2048.0})
            assert (await to.ask(asked, 1)).entries[0].error_code == 0
        run(shop, 30)
        assert await shop.one(produced) == pytest.approx(2, abs=0.3)  # messages of 1 KiB


async def test_a_lost_broker_is_seen_by_the_exporters_as_by_clients() -> None:
    async with estate("calm") as shop:
        run(shop, 10)
        assert set(await shop.asked("kafka_topic_partition_leader_is_preferred")) == {1}
        assert set(await shop.asked("kafka_topic_partition_under_replicated_partition")) == {0}
        home = await shop.one('kafka_topic_partition_leader{topic="orders",partition="0"}')
        await shop.estate.kafka.lose(int(home))
        run(shop, SCRAPE)
        assert await shop.one("kafka_brokers") == 2
        assert set(await shop.asked("kafka_topic_partition_in_sync_replica")) == {2}
        assert await shop.one('kafka_topic_partition_leader_is_preferred{topic="orders",partition="0"}') == 0
        await shop.estate.kafka.restore(int(home))
        shop.until(shop.estate.tick.t + CATCH_UP - 1)
        assert under_replicated(shop.estate.kafka) > 0
        run(shop, 2)
        assert set(await shop.asked("kafka_topic_partition_under_replicated_partition")) == {0}
