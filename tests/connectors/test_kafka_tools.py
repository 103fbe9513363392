"""Our numbers against what Kafka's own tools print, and Connect as it really answers."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.model.snapshot import Detail, Snapshot
from tests.connectors.kafka_estate import component, good, opened, until, values
from tests.connectors.test_kafka_connector import Arranged
from tests.real.kafka_connect import described, make, start_connect

pytestmark = pytest.mark.real("kafka")


@pytest.fixture(scope="module")
def connect(real_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_connect(real_kafka, tmp_path_factory.mktemp("connect")) as url:
        yield url


def shown(text: str) -> str:
    """A cell of the tool's table in our words."""
    return "?" if text == "-" else text


async def test_offsets_and_lag_are_what_kafka_consumer_groups_prints(real_kafka: str) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 7, 1: 5, 2: 11, 3: 0}, committed={0: 3, 1: 5, 2: 0})
    async with opened((real_kafka,), groups=(made.group,), timeout=10.0) as connector:
        group = component(await connector.read(), f"kafka/group/{made.group}")
        table = await connector.inspect(group.id)
    printed = await asyncio.to_thread(described, real_kafka, made.group)
    theirs = {row["PARTITION"]: (row["CURRENT-OFFSET"], row["LOG-END-OFFSET"], row["LAG"]) for row in printed}
    assert isinstance(table, Detail)
    # The tool leaves partitions without a commit out where nobody holds them.
    ours = {row[1]: (row[2], row[3], row[4]) for row in table.rows if row[2] != "?"}
    assert ours == {partition: tuple(map(shown, row)) for partition, row in theirs.items()}
    assert values(group)["lag"] == sum(int(row["LAG"]) for row in printed)


async def test_ends_and_low_watermarks_are_what_kcat_prints(real_kafka: str) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 7, 1: 5}, committed={0: 3})
    async with opened((real_kafka,), groups=(), timeout=10.0) as connector:
        table = await connector.inspect(f"kafka/topic/{made.topic}")
    assert isinstance(table, Detail)
    for index, low, end, *_ in table.rows:
        assert {"-2": low, "-1": end} == {
            when: _kcat(real_kafka, f"{made.topic}:{index}:{when}") for when in ("-2", "-1")
        }


def _kcat(bootstrap: str, what: str) -> str:
    said = subprocess.run(
        ["kcat", "-b", bootstrap, "-Q", "-t", what], capture_output=True, text=True, timeout=30, check=True
    )
    return said.stdout.split()[-1]


async def test_a_real_connect_tells_a_sink_its_lag_and_a_broken_one_why(
    real_kafka: str, connect: str, tmp_path: Path
) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 7}, committed={})
    sink = {"connector.class": "FileStreamSink", "topics": made.topic, "tasks.max": 1}
    names = {name: f"{made.group}-{name}" for name in ("sink", "broken")}
    for name, file in (("sink", tmp_path / "out"), ("broken", tmp_path / "nowhere" / "out")):
        await asyncio.to_thread(make, connect, names[name], {**sink, "file": file})

    def settled(seen: Snapshot) -> bool:
        found = {each.id: values(each) for each in seen.components}
        well, ill = (found.get(f"kafka/connector/{name}", {}) for name in names.values())
        return well.get("tasks_running") == 1 and well.get("lag") == 0 and ill.get("tasks_failed") == 1

    async with opened((real_kafka,), connect=(connect,), timeout=10.0) as connector:
        seen = await until(connector, settled)
        table = await connector.inspect(f"kafka/connector/{names['broken']}")
    assert seen.problems == ()
    broken = component(good(seen), f"kafka/connector/{names['broken']}")
    assert broken.state == "RUNNING"
    assert broken.notes[0].startswith("1 of 1 tasks failed, need a restart: org.apache.kafka.connect.errors.Connect")
    assert isinstance(table, Detail)
    assert "Couldn't find or create file" in table.rows[0][3]
    assert table.into == (f"kafka/group/connect-{names['broken']}",)
