"""What a reading costs on the wire: a constant number of requests a broker, whatever there is to read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from kafka.protocol.broker_version_data import BROKER_API_VERSIONS

from connectors.kafka import KafkaConnector
from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.tick import Group, Partition
from tests.connectors.kafka_estate import component, good, opened, values
from tests.connectors.relay import slowed
from tests.connectors.simulator.sim_kafka import estate

SIX = (1, 2, 3, 4, 5, 6)
A_BROKER = 5  # requests: list groups, describe them, fetch their commits; the low watermarks, the ends
NOW_AND_THEN = 1  # a broker: the offsets at a time, where a backlog is older than the console
FOR_ALL = 1  # what brokers and topics there are
SELDOM = 3  # settings, quotas, who controls


def many(groups: int, partitions: int) -> tuple[Group, ...]:
    """Groups that read a topic each, ten messages behind in every partition."""

    def parts(number: int) -> tuple[Partition, ...]:
        return tuple(Partition(f"topic-{number}", index, 0, 1000, 990) for index in range(partitions))

    return tuple(Group(f"group-{number}", "Stable", 4, parts(number)) for number in range(groups))


async def spent(connector: KafkaConnector) -> int:
    """Requests of one reading, after those that are asked for seldom."""
    good(await connector.read())
    before = connector.asked
    good(await connector.read())
    return connector.asked - before


def constant(requests: int) -> bool:
    least = A_BROKER * len(SIX) + FOR_ALL
    return least <= requests <= least + NOW_AND_THEN * len(SIX) + SELDOM


@asynccontextmanager
async def watching(options: KafkaOptions, **settings: object) -> AsyncIterator[KafkaConnector]:
    async with estate(options) as at, opened(at.wire.bootstrap, **{"timeout": 10.0, **settings}) as connector:
        assert isinstance(connector, KafkaConnector)
        yield connector


@pytest.mark.parametrize(("groups", "partitions"), [(60, 2), (60, 50), (200, 2)])
async def test_requests_are_a_constant_number_a_broker(groups: int, partitions: int) -> None:
    async with watching(KafkaOptions(brokers=SIX, groups=many(groups, partitions))) as connector:
        assert constant(await spent(connector))
        seen = good(await connector.read())
        lags = [values(component(seen, f"kafka/group/group-{number}"))["lag"] for number in range(groups)]
    assert lags == [10 * partitions] * groups


async def test_brokers_that_take_one_group_at_a_time_are_asked_so_in_few_round_trips() -> None:
    options = KafkaOptions(brokers=SIX, groups=many(60, 2), versions=BROKER_API_VERSIONS[2, 8])
    async with watching(options) as connector:
        groups = 61  # the estate's own is one, too
        assert constant(await spent(connector) - groups + len(SIX))


async def test_a_long_way_is_gone_four_times_a_reading_and_not_once_for_each_request() -> None:
    """31 requests, 50 ms there and back: four of them if they wait for one another as little as they can."""
    async with (
        estate(KafkaOptions(brokers=SIX, groups=many(60, 2))) as at,
        slowed(at.wire.bootstrap, 0.025) as ways,
        opened(ways.bootstrap, timeout=10.0, address_map=ways.map) as connector,
    ):
        good(await connector.read())
        took = []
        for _ in range(5):
            started = time.monotonic()
            good(await connector.read())
            took.append(time.monotonic() - started)
    assert min(took) < 31 * 0.05 / 3, "a third of one after the other, on a busy machine"


async def test_300_ms_there_and_back_are_within_the_usual_timeout() -> None:
    """Also for the first reading, which has to connect; and a broker that is asked in vain is not cut off for it."""
    async with (
        estate() as at,
        slowed(at.wire.bootstrap, 0.15) as ways,
        opened(ways.bootstrap, address_map=ways.map) as connector,
    ):
        for _ in range(3):
            seen = good(await connector.read())
            assert seen.problems == ()
            assert values(component(seen, "kafka/group/orders"))["partitions"] == 8
