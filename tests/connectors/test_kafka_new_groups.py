"""Groups of the new rebalance protocol (KIP-848): described by an API of their own, that older brokers do not have."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.model.snapshot import Detail
from tests.connectors.kafka_estate import component, opened, until, values
from tests.connectors.test_kafka_connector import Arranged
from tests.real.kafka import HEAP, JARS, start_kafka
from tests.real.kafka_connect import jars

PREVIEW = {
    "group.coordinator.rebalance.protocols": "classic,consumer",
    "unstable.api.versions.enable": "true",
    "unstable.feature.versions.enable": "true",
}


@contextmanager
def consuming(bootstrap: str, topic: str, group: str) -> Iterator[None]:
    """Kafka's own consumer, by the new protocol."""
    tool = ["org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", bootstrap, "--topic", topic]
    command = ["java", *HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", str(jars() / "*"), *tool]
    way = ["--group", group, "--from-beginning", "--consumer-property", "group.protocol=consumer"]
    consumer = subprocess.Popen(
        [*command, *way], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        consumer.kill()
        consumer.wait()


@pytest.mark.real("kafka")
async def test_a_new_group_has_members_workers_and_lag_as_any_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_kafka(JARS, tmp_path_factory.mktemp("new"), {}, PREVIEW) as broker:
        made = await Arranged((broker.bootstrap,)).make(written={0: 5, 1: 5}, committed={})
        async with opened((broker.bootstrap,), groups=(made.group,), timeout=5.0) as connector:
            with consuming(broker.bootstrap, made.topic, made.group):
                seen = await until(connector, lambda seen: any(values(one).get("lag") == 0 for one in seen.components))
                detail = await connector.inspect(f"kafka/group/{made.group}")
            listed = await asyncio.to_thread(_types, broker.bootstrap)
    group = component(seen, f"kafka/group/{made.group}")
    assert listed == {made.group: "consumer"}
    assert group.state == "Stable"
    assert values(group)["members"] == 1
    assert isinstance(detail, Detail)
    assert [row[:4] for row in detail.rows] == [(made.topic, "0", "5", "5"), (made.topic, "1", "5", "5")]
    assert all(row[6].startswith("console-consumer /127.0.0.1") for row in detail.rows)


def _types(bootstrap: str) -> dict[str, str]:
    """Each group's type, as an ordinary client lists it."""
    from kafka import KafkaAdminClient

    with KafkaAdminClient(bootstrap_servers=[bootstrap]) as admin:
        return {group["group_id"]: group["group_type"].lower() for group in admin.list_groups()}
