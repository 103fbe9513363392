"""Group ids that nobody should choose, on the wire of the simulated estate and of a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.structs import OffsetAndMetadata

from console.model.inert import inert
from console.model.snapshot import Detail
from tests.connectors.kafka_estate import component, estate, opened, values
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
