"""Settings, partitions and topics as admin clients see and change them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from kafka.admin import ConfigResource as PyResource
from kafka.admin import ConfigResourceType

from connectors.simulator.kafka import KafkaWire
from connectors.simulator.kafka.api_configs import APPEND, DELETE, SET, SUBTRACT
from connectors.simulator.kafka.api_configs import alter_configs as alter
from connectors.simulator.kafka.api_configs import incremental_alter_configs as incrementally
from connectors.simulator.kafka.cluster import Cluster
from connectors.simulator.kafka.session import Session
from tests.connectors.simulator.kafka_estate import create, kcat, served, tick, with_admin
from tests.connectors.simulator.sim_kafka_requests import alter_configs, incremental

RETENTION = "retention.ms"


@pytest.fixture
async def wire() -> AsyncIterator[KafkaWire]:
    async with served() as made:
        await create(made, "own", 2, retention_ms="60000")
        yield made


@pytest.fixture
def session() -> Session:
    known = Cluster(7)
    known.topics.create("own", 1, {RETENTION: "60000"})
    return Session(1, known, now=lambda: 0.0)


def own(session: Session) -> Mapping[str, str]:
    return session.cluster.topics["own"].configs


def changed(session: Session, *changes: tuple[str, int, str | None], **options: Any) -> tuple[int, str]:
    said = incrementally(session, incremental(*changes, **options), 1).responses[0]
    return said.error_code, said.error_message or ""


def test_settings_are_set_deleted_and_lists_grow_and_shrink(session: Session) -> None:
    policy = "cleanup.policy"
    assert changed(session, (RETENTION, SET, "1000"), (policy, APPEND, "compact")) == (0, "")
    assert own(session) == {RETENTION: "1000", policy: "delete,compact"}
    assert changed(session, (RETENTION, DELETE, None), (policy, SUBTRACT, "delete")) == (0, "")
    assert own(session) == {policy: "compact"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((RETENTION, SET, "soon"), 40),
        ((RETENTION, SET, "-2"), 40),
        ((RETENTION, SET, None), 42),
        ((RETENTION, APPEND, "1"), 40),
        ((RETENTION, 9, "1"), 42),
        (("cleanup.policy", SET, "burn"), 40),
        (("preallocate", SET, "perhaps"), 40),
        (("no.such.setting", SET, "1"), 40),
        (("min.insync.replicas", SET, str(2**31)), 40),
    ],
)
def test_a_bad_value_is_answered_with_a_reason_and_changes_nothing(
    session: Session, change: tuple[str, int, str | None], code: int
) -> None:
    said = changed(session, ("segment.ms", SET, "5"), change)
    assert (said[0], bool(said[1])) == (code, True)
    assert own(session) == {RETENTION: "60000"}


def test_what_is_only_to_be_validated_is_not_set(session: Session) -> None:
    assert changed(session, (RETENTION, SET, "1"), validate_only=True) == (0, "")
    assert changed(session, (RETENTION, SET, "x"), validate_only=True)[0] == 40
    assert own(session) == {RETENTION: "60000"}


def test_the_older_way_sets_all_that_it_does_not_name_back(session: Session) -> None:
    alter(session, alter_configs({"segment.ms": "5"}), 2)
    assert own(session) == {"segment.ms": "5"}


@pytest.mark.parametrize(("kind", "name", "code"), [(2, "none", 3), (4, "2", 42), (4, "x", 42), (8, "1", 42)])
def test_what_is_not_there_or_not_here_is_refused(session: Session, kind: int, name: str, code: int) -> None:
    assert changed(session, (RETENTION, SET, "1"), topic=name, kind=kind)[0] == code


def test_a_broker_keeps_its_settings_and_topics_show_them(session: Session) -> None:
    assert changed(session, ("log.retention.ms", SET, "5000"), topic="1", kind=4) == (0, "")
    assert changed(session, ("broker.id", SET, "5"), topic="1", kind=4)[0] == 42
    assert session.cluster.broker_settings["1"] == {"log.retention.ms": "5000"}


async def test_kafka_python_sees_values_sources_and_types(wire: KafkaWire) -> None:
    resource = PyResource(ConfigResourceType.TOPIC, "own")
    found = await with_admin(wire, lambda admin: admin.describe_configs([resource], include_synonyms=True))
    shown = found["topic"]["own"][RETENTION]
    assert (shown["value"], shown["config_source"], shown["config_type"]) == ("60000", "DYNAMIC_TOPIC_CONFIG", "LONG")


async def test_confluent_describes_and_alters_topics_and_brokers(wire: KafkaWire) -> None:
    def run() -> tuple[Any, ...]:
        admin = AdminClient({"bootstrap.servers": ",".join(wire.bootstrap)})
        topic = ConfigResource(ConfigResource.Type.TOPIC, "own")
        broker = ConfigResource(ConfigResource.Type.BROKER, "2")
        before = admin.describe_configs([topic])[topic].result(20)
        wish = ConfigEntry(RETENTION, "120000", incremental_operation=AlterConfigOpType.SET)
        change = ConfigResource(ConfigResource.Type.TOPIC, "own", incremental_configs=[wish])
        admin.incremental_alter_configs([change])[change].result(20)
        after = admin.describe_configs([topic])[topic].result(20)
        return before, after, admin.describe_configs([broker])[broker].result(20)

    before, after, broker = await asyncio.to_thread(run)
    assert (before[RETENTION].value, after[RETENTION].value) == ("60000", "120000")
    assert [(name, entry.value, entry.source) for name, entry in after[RETENTION].synonyms.items()] == [
        (RETENTION, "120000", 1),
        ("log.retention.ms", "604800000", 5),
    ]
    assert not after[RETENTION].is_default
    assert after["segment.bytes"].is_default
    assert (broker["broker.id"].value, broker["broker.id"].is_read_only) == ("2", True)
    assert wire.retention()["own"] == 120.0


async def test_partitions_are_added_and_topics_deleted(wire: KafkaWire) -> None:
    def grow(admin: Any) -> None:
        admin.create_partitions({"own": 5})

    await with_admin(wire, grow)
    assert 'topic "own" with 5 partitions' in await kcat(wire, "-L")
    await kcat(wire, "-P", "-t", "own", "-p", "4", given="there\n")
    assert await kcat(wire, "-C", "-t", "own", "-p", "4", "-e", "-q", "-f", "%s") == "there"
    await with_admin(wire, lambda admin: admin.delete_topics(["own"]))
    assert '"own"' not in await kcat(wire, "-L")
    wire.step(1, tick(1))
    await create(wire, "own")
    assert 'topic "own" with 1 partitions' in await kcat(wire, "-L")


async def test_the_models_topics_cannot_be_deleted(wire: KafkaWire) -> None:
    def run() -> None:
        admin = AdminClient({"bootstrap.servers": ",".join(wire.bootstrap)})
        admin.delete_topics(["orders"])["orders"].result(20)

    with pytest.raises(Exception, match=r"POLICY_VIOLATION|simulated estate"):
        await asyncio.to_thread(run)


async def test_a_topic_with_a_setting_that_cannot_be_is_not_made(wire: KafkaWire) -> None:
    with pytest.raises(Exception, match=r"(?i)config"):
        await create(wire, "odd", retention_ms="soon")
    assert '"odd"' not in await kcat(wire, "-L")


async def test_the_disks_of_the_brokers_are_shown(wire: KafkaWire) -> None:
    await kcat(wire, "-P", "-t", "own", "-p", "0", given="some bytes\n")
    found = await with_admin(wire, lambda admin: admin.describe_log_dirs())
    assert "/var/lib/kafka/data" in str(found)
    assert "orders" in str(found)
