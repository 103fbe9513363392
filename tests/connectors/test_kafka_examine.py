"""What `doctor` is told of a cluster: by simulated brokers, and by a real one that goes by access rules."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from connectors import Connector, Examining, Explaining
from connectors.kafka.behind import behind
from connectors.secret import Secret
from connectors.settings.kafka import Settings
from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.kafka.rights import READER
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import FailureKind
from tests.connectors.faults import closed_port
from tests.connectors.kafka_estate import good, opened
from tests.connectors.simulator.sim_kafka import USERS, estate
from tests.connectors.test_kafka_connector import Arranged
from tests.real.kafka import JARS, RealKafka, start_kafka

WRITES = (
    Write("kafka/cluster", "quota.producer"),
    Write("kafka/topic/orders", "retention.ms"),
    Write("kafka/group/orders", "offset"),
    Write("kafka/group/orders", "colour"),
)


async def examined(connector: Connector, writes: tuple[Write, ...] = WRITES) -> Examination:
    assert isinstance(connector, Examining)
    return await connector.examine(writes)


def found(examination: Examination, what: str) -> Finding:
    return next(finding for finding in examination.findings if finding.what.startswith(what))


def graded(examination: Examination) -> dict[str, Grade]:
    return {finding.write.fact: finding.grade for finding in examination.findings if finding.write is not None}


async def test_who_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_TEST_PASSWORD", USERS["keeper"])
    options = KafkaOptions(security="SASL_PLAINTEXT", users=USERS)
    secret = Secret("env:KAFKA_TEST_PASSWORD")
    async with estate(options) as at, opened(at.wire.bootstrap, user="keeper", password=secret) as connector:
        told = await examined(connector)
        assert told.server == ", ".join(at.wire.bootstrap)
    assert told.who == "User:keeper (PLAIN)"
    assert told.version == "APIs of Apache Kafka 4.3"
    assert told.identity
    reads = [finding for finding in told.findings if finding.write is None]
    assert {finding.grade for finding in reads} == {Grade.YES}, reads
    assert graded(told) == {
        "quota.producer": Grade.YES,
        "retention.ms": Grade.YES,
        "offset": Grade.YES,
        "colour": Grade.UNKNOWN,
    }
    assert USERS["keeper"] not in repr(told)


async def test_who_may_only_read_is_told_what_is_lacking_for_each_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_TEST_PASSWORD", USERS["viewer"])
    options = KafkaOptions(security="SASL_PLAINTEXT", users=USERS, rights={"viewer": READER})
    secret = Secret("env:KAFKA_TEST_PASSWORD")
    async with estate(options) as at, opened(at.wire.bootstrap, user="viewer", password=secret) as connector:
        told = await examined(connector)
    assert graded(told) == {
        "quota.producer": Grade.NO,
        "retention.ms": Grade.NO,
        "offset": Grade.YES,
        "colour": Grade.UNKNOWN,
    }
    quota = found(told, "set quota.producer of kafka/cluster")
    assert quota.reason == "lacks AlterConfigs on the cluster"
    assert quota.kind is FailureKind.FORBIDDEN


async def test_groups_that_may_not_be_read_are_listed_once() -> None:
    async with estate() as at, opened(at.wire.bootstrap) as connector:
        at.wire.deny("orders")
        told = await examined(connector)
    refused = [finding for finding in told.findings if finding.what.startswith("describe groups: ")]
    assert [finding.what for finding in refused] == ["describe groups: orders"]
    assert refused[0].grade is Grade.NO
    assert refused[0].reason == "group authorization failed"


async def test_a_broker_that_is_missed_is_named() -> None:
    async with estate() as at, opened(at.wire.bootstrap) as connector:
        good(await connector.read())
        await at.wire.lose(3)
        told = await examined(connector)
    assert found(told, "reach broker 1").grade is Grade.YES
    assert found(told, "reach broker 3").grade is Grade.NO
    assert "not in the cluster" in found(told, "reach broker 3").reason


async def test_nobody_there_is_one_finding_with_what_to_do() -> None:
    async with opened((f"127.0.0.1:{closed_port()}",), timeout=0.5) as connector:
        told = await examined(connector)
    assert [(finding.what, finding.grade, finding.kind) for finding in told.findings] == [
        ("connect", Grade.NO, FailureKind.REFUSED)
    ]
    assert told.findings[0].advice


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKafka]:
    """A real broker that goes by access rules: keeper may do all, viewer what a test allows."""
    rules = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:keeper;User:ANONYMOUS",
    }
    with start_kafka(JARS, tmp_path_factory.mktemp("guarded"), USERS, rules) as made:
        yield made


@pytest.mark.real("kafka")
async def test_a_real_broker_says_what_a_reader_of_one_group_may_do(guarded: RealKafka, tmp_path: Path) -> None:
    bootstrap = (guarded.bootstrap,)
    mine = await Arranged(bootstrap).make(written={0: 3}, committed={0: 1})
    other = await Arranged(bootstrap).make(written={0: 3}, committed={0: 1})

    def allow() -> None:
        rules = [
            (ResourceType.GROUP, mine.group, ACLOperation.DESCRIBE),
            (ResourceType.TOPIC, mine.topic, ACLOperation.DESCRIBE),
            (ResourceType.TOPIC, mine.topic, ACLOperation.ALTER_CONFIGS),
        ]
        with KafkaAdminClient(bootstrap_servers=list(bootstrap)) as admin:
            admin.create_acls(
                [
                    ACL("User:viewer", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name))
                    for kind, name, operation in rules
                ]
            )

    await asyncio.to_thread(allow)
    kept = tmp_path / "password"
    kept.write_text(USERS["viewer"], encoding="utf-8")
    way = {"user": "viewer", "password": Secret(f"file:{kept}"), "mechanism": "SCRAM-SHA-512", "timeout": 10.0}
    writes = (
        Write("kafka/cluster", "quota.producer"),
        Write(f"kafka/topic/{mine.topic}", "retention.ms"),
        Write(f"kafka/group/{mine.group}", "offset"),
        Write(f"kafka/group/{other.group}", "offset"),
    )
    async with opened((guarded.ways["SASL_PLAINTEXT"],), groups=("group-*",), **way) as connector:
        told = await examined(connector, writes)
        seen = good(await connector.read())
    assert [observed.id for observed in seen.components] == ["kafka/cluster", f"kafka/group/{mine.group}"]
    assert found(told, "list groups").grade is Grade.NOTE
    assert found(told, "describe topics' settings").grade is Grade.YES
    assert found(told, "describe client quotas").grade is Grade.NO
    assert [finding.grade for finding in told.findings if finding.write is not None] == [
        Grade.NO,
        Grade.YES,
        Grade.NO,
        Grade.UNKNOWN,
    ]


def test_behind_a_number_is_the_systems_own_command() -> None:
    plain = Settings(bootstrap=("b:9092",))
    secured = Settings(bootstrap=("b:9092", "c:9092"), user="me", password=Secret("env:PATH"))
    lag = behind(plain, "kafka-logs/group/two words", "lag")
    assert lag.startswith("kafka-consumer-groups --bootstrap-server b:9092 --describe --group 'two words' — Offset")
    with_login = behind(secured, "kafka/cluster", "brokers")
    assert "--bootstrap-server b:9092,c:9092 --command-config client.properties" in with_login
    assert behind(plain, "kafka/topic/orders.dlq", "depth").startswith("kafka-get-offsets")
    assert behind(plain, "kafka/other/x", "lag") == ""
    connect = Settings(bootstrap=("b:9092",), connect=("http://c:8083",))
    assert behind(connect, "kafka/connector/sink", "tasks_failed") == "curl 'http://c:8083/connectors?expand=status'"


async def test_every_number_that_is_told_has_a_command_behind_it() -> None:
    async with estate() as at, opened(at.wire.bootstrap) as connector:
        assert isinstance(connector, Explaining)
        for observed in good(await connector.read()).components:
            names = [*(signal.name for signal in observed.signals), *(one.rate_name for one in observed.counters)]
            assert all(connector.behind(observed.id, name) for name in names), observed.id
