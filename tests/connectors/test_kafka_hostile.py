"""Group ids that nobody should choose, on the wire of the simulated estate and of a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.structs import OffsetAndMetadata

from console.model.inert import inert
from console.model.snapshot import Detail
from tests.connectors.kafka_estate import component, estate, good, opened, values
from tests.connectors.kafka_wiretap import tapped
from tests.connectors.test_kafka_connector import Arranged, fresh

HOSTILE = [
    pytest.param("\x1b[2J\x07\r\n\x00", id="controls"),
    pytest.param("\u202egnp.exe\u200b\u2066", id="reordered"),
    pytest.param("[bold red]$(reboot)`'\"{}", id="markup"),
    pytest.param("a/b//c*?[x]", id="slashes and globs"),
    pytest.param("注文 🧨", id="wide"),
    pytest.param("n" * 30_000, id="30 KB"),  # the protocol has room for 32,767 bytes
]


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kafka"))])
async def bootstrap(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, ...]]:
    """A broker of either kind."""
    if request.param == "real":
        yield (request.getfixturevalue("real_kafka"),)
        return
    async with estate() as made:
        yield made.bootstrap


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_group_is_read_like_any_other_and_hurts_none(bootstrap: tuple[str, ...], name: str) -> None:
    usual = await Arranged(bootstrap).make(written={0: 9}, committed={0: 2})
    group = f"{fresh('g')}{name}"

    def commit() -> None:
        with KafkaAdminClient(bootstrap_servers=list(bootstrap)) as admin:
            admin.alter_group_offsets(group, {TopicPartition(usual.topic, 0): OffsetAndMetadata(5, "", -1)})

    await asyncio.to_thread(commit)
    async with opened(bootstrap, groups=("g*", usual.group), dead_letters=(), timeout=10.0) as connector:
        reading = await connector.read()
        found = component(reading, f"kafka/group/{group}")
        table = await connector.inspect(found.id)
    assert values(found)["lag"] == 4
    assert values(component(reading, f"kafka/group/{usual.group}"))["lag"] == 7
    assert isinstance(table, Detail)
    assert table.rows[0][4] == "4"
    assert len(table.title) < 300
    assert inert(table.title).isprintable()


@pytest.mark.parametrize("altered", [b"g-\xff\xfe", b"g-\xed\xa0"], ids=["no UTF-8", "half a surrogate"])
async def test_a_group_whose_name_is_no_text_is_told_and_costs_its_broker_no_other(altered: bytes) -> None:
    """Brokers in Java never have one; others pass on what a client sent."""
    async with estate() as made, tapped(made.bootstrap) as tap:
        usual = await Arranged(made.bootstrap).make(written={0: 9}, committed={0: 2})
        group, topic = "g-~~", TopicPartition(usual.topic, 0)

        def commit() -> None:
            with KafkaAdminClient(bootstrap_servers=list(made.bootstrap)) as admin:
                admin.alter_group_offsets(group, {topic: OffsetAndMetadata(5, "~~", -1)})

        await asyncio.to_thread(commit)
        tap.altered = lambda frame: frame.replace(group.encode(), altered)
        async with opened(made.bootstrap, timeout=10.0, address_map=dict(tap.map)) as connector:
            reading = good(await connector.read())
    assert values(component(reading, f"kafka/group/{usual.group}"))["lag"] == 7
    assert values(component(reading, "kafka/group/orders"))["lag"] == 700
    (problem,) = reading.problems
    assert problem.endswith("its name is no UTF-8, so it cannot be asked about")
    assert problem.isprintable()
    assert all(seen.id.isprintable() for seen in reading.components)


async def test_what_else_is_no_text_does_no_harm() -> None:
    """Clients' names, as programs in any language choose them."""
    async with estate() as made, tapped(made.bootstrap) as tap:
        usual = await Arranged(made.bootstrap).make(written={0: 9}, committed={0: 2})
        tap.altered = lambda frame: frame.replace(b"orders-", b"or\xfcers-")
        async with opened(made.bootstrap, timeout=10.0, address_map=dict(tap.map)) as connector:
            reading = good(await connector.read())
            orders = await connector.inspect("kafka/group/orders")
    assert values(component(reading, f"kafka/group/{usual.group}"))["lag"] == 7
    assert reading.problems == ()
    assert isinstance(orders, Detail)
    assert any("or\ufffders-" in row[6] for row in orders.rows)
