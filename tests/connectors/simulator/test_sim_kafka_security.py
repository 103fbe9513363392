"""Passwords, certificates and rights, as ordinary clients meet them."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiokafka.errors import KafkaError as AioKafkaError
from confluent_kafka import Consumer, ElectionType, KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from kafka.errors import KafkaError as PythonKafkaError

from connectors.simulator.kafka.options import KafkaOptions, Security
from connectors.simulator.kafka.rights import ANONYMOUS, READER, Right
from tests.connectors.simulator.kafka_clients import CLIENTS, PATIENCE, Access, Refused, confluent_records, kcat, until
from tests.connectors.simulator.sim_kafka import Estate, estate

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
USERS = {"keeper": "keeper's", "viewer": "looks", "watcher": "sees"}
REFUSALS = (PythonKafkaError, KafkaException, AioKafkaError, Refused)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    made = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    return made, path


def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(made)
    return made


def secured(security: Security, **more: Any) -> KafkaOptions:
    return KafkaOptions(security=security, users=USERS, **more)


def way_in(at: Estate, protocol: str, mechanism: str = "", ca: Path | None = None, user: str = "keeper") -> Access:
    named = {"user": user, "password": USERS[user], "mechanism": mechanism} if mechanism else {}
    return Access(at.bootstrap, protocol, ca=str(ca) if ca else "", **named)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_who_knows_the_password_gets_in(client: str, mechanism: str) -> None:
    async with estate(secured("SASL_PLAINTEXT")) as at:
        access = way_in(at, "SASL_PLAINTEXT", mechanism)
        assert len(await CLIENTS[client].read(access, "orders", 3)) == 3


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("protocol", "mechanism"), [("SSL", ""), ("SASL_SSL", "SCRAM-SHA-256")])
async def test_clients_come_in_over_tls(
    client: str, protocol: Security, mechanism: str, authority: tuple[trustme.CA, Path]
) -> None:
    async with estate(secured(protocol, tls=context(authority[0]))) as at:
        access = way_in(at, protocol, mechanism, ca=authority[1])
        assert len(await CLIENTS[client].read(access, "orders", 3)) == 3


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize(("user", "password"), [("keeper", "wrong"), ("nobody", "looks")])
async def test_a_wrong_password_is_told_as_such(mechanism: str, user: str, password: str) -> None:
    async with estate(secured("SASL_PLAINTEXT")) as at:
        access = replace(way_in(at, "SASL_PLAINTEXT", mechanism), user=user, password=password)
        told: list[Any] = []
        client = await asyncio.to_thread(
            AdminClient, {**access.librdkafka(), "log_level": 0, "error_cb": lambda error: told.append(error)}
        )

        def refused() -> bool:
            client.poll(0.05)
            return any(error.code() == KafkaError._AUTHENTICATION for error in told)

        await until(refused)


async def test_after_a_refusal_the_connection_is_closed() -> None:
    async with estate(secured("SASL_PLAINTEXT")) as at, connected(at) as (reader, writer):
        writer.write(framed(struct.pack(">hhih", 17, 1, 1, -1) + b"\x00\x05PLAIN"))
        await read(reader)
        writer.write(framed(struct.pack(">hhihi", 36, 0, 2, -1, 13) + b"\0viewer\0wrong"))
        assert struct.unpack(">ih", (await read(reader))[:6]) == (2, 58)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""


async def test_without_the_password_nothing_is_answered_and_an_unknown_mechanism_is_named() -> None:
    async with estate(secured("SASL_PLAINTEXT")) as at:
        with pytest.raises(Refused):
            await kcat(Access(at.bootstrap), "-L", "-m", "1")
        kerberos = b"\x00\x11\x00\x01\x00\x00\x00\x05\xff\xff" + b"\x00\x06GSSAPI"
        said = await asked(at, kerberos)
        assert struct.unpack(">ih", said[:6]) == (5, 33)
        assert b"SCRAM-SHA-512" in said


async def test_the_oldest_handshake_is_followed_by_bare_tokens() -> None:
    async with estate(secured("SASL_PLAINTEXT")) as at, connected(at) as (reader, writer):
        writer.write(framed(struct.pack(">hhih", 17, 0, 1, -1) + b"\x00\x05PLAIN"))
        assert struct.unpack(">ih", (await read(reader))[:6]) == (1, 0)
        writer.write(framed(b"\0viewer\0looks"))
        assert await read(reader) == b""
        writer.write(framed(struct.pack(">hhih", 3, 0, 2, -1) + b"\0\0\0\0"))
        assert struct.unpack(">i", (await read(reader))[:4]) == (2,)


async def test_an_open_cluster_wants_no_handshake() -> None:
    async with estate() as at:
        said = await asked(at, struct.pack(">hhih", 17, 1, 1, -1) + b"\x00\x05PLAIN")
        assert struct.unpack(">ih", said[:6]) == (1, 34)


async def test_plain_text_on_a_tls_port_ends_there(authority: tuple[trustme.CA, Path]) -> None:
    async with estate(secured("SSL", tls=context(authority[0]), patience=2.0)) as at:
        async with connected(at) as (reader, writer):
            writer.write(framed(struct.pack(">hhih", 18, 0, 1, -1)))
            assert b"ApiVersions" not in await asyncio.wait_for(reader.read(), PATIENCE)
        assert "3 brokers:" in (await kcat(way_in(at, "SSL", ca=authority[1]), "-L")).decode()


def test_tls_and_its_context_belong_together(authority: tuple[trustme.CA, Path]) -> None:
    for options in ({"security": "SSL"}, {"tls": context(authority[0])}):
        with pytest.raises(ValueError, match="both or neither"):
            KafkaOptions(**options)


@pytest.fixture
async def guarded() -> AsyncIterator[Estate]:
    """``viewer`` may read, ``watcher`` only look."""
    rights = {"viewer": READER, "watcher": frozenset({Right.DESCRIBE})}
    async with estate(secured("SASL_PLAINTEXT", rights=rights)) as at:
        keeper = way_in(at, "SASL_PLAINTEXT", "PLAIN")
        await administer(keeper, lambda admin: admin.create_topics([NewTopic("own", 1, 1)])["own"].result(PATIENCE))
        await CLIENTS["confluent-kafka"].write(keeper, "own", [b"kept"])
        yield at


async def administer(access: Access, use: Any) -> Any:
    def run() -> Any:
        return use(AdminClient({**access.librdkafka(), "log_level": 0}))

    return await asyncio.to_thread(run)


async def refusal(access: Access, use: Any) -> str:
    with pytest.raises(KafkaException) as refused:
        await administer(access, use)
    return str(refused.value.args[0].name())


async def test_a_reader_reads_and_may_not_write_or_change(guarded: Estate) -> None:
    viewer = way_in(guarded, "SASL_PLAINTEXT", "SCRAM-SHA-256", user="viewer")
    assert await CLIENTS["confluent-kafka"].read(viewer, "own", 1) == [(0, b"kept")]
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        await CLIENTS["confluent-kafka"].write(viewer, "own", [b"mine"])
    new = NewTopic("mine", 1, 1)
    assert await refusal(viewer, lambda admin: admin.create_topics([new])["mine"].result(PATIENCE)) == (
        "TOPIC_AUTHORIZATION_FAILED"
    )
    gone = await refusal(viewer, lambda admin: admin.delete_consumer_groups(["orders"])["orders"].result(PATIENCE))
    assert gone == "GROUP_AUTHORIZATION_FAILED"
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    assert await administer(viewer, lambda admin: admin.describe_configs([broker])[broker].result(PATIENCE))


OWN = ConfigResource(ConfigResource.Type.TOPIC, "own")
SHORTER = ConfigResource(ConfigResource.Type.TOPIC, "own")
SHORTER.add_incremental_config(ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET))
BROKER = ConfigResource(ConfigResource.Type.BROKER, "1")
BROKER.add_incremental_config(ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET))
CHANGES: dict[str, tuple[Callable[[AdminClient], Any], str]] = {
    "delete a topic": (lambda admin: admin.delete_topics(["own"])["own"], "TOPIC_AUTHORIZATION_FAILED"),
    "more partitions": (
        lambda admin: admin.create_partitions([NewPartitions("own", 9)])["own"],
        "TOPIC_AUTHORIZATION_FAILED",
    ),
    "a topic's settings": (
        lambda admin: admin.incremental_alter_configs([SHORTER])[SHORTER],
        "TOPIC_AUTHORIZATION_FAILED",
    ),
    "a broker's settings": (
        lambda admin: admin.incremental_alter_configs([BROKER])[BROKER],
        "CLUSTER_AUTHORIZATION_FAILED",
    ),
    "elect leaders": (
        lambda admin: admin.elect_leaders(ElectionType.PREFERRED, None),
        "CLUSTER_AUTHORIZATION_FAILED",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_reader_changes_nothing(guarded: Estate, change: str) -> None:
    viewer = way_in(guarded, "SASL_PLAINTEXT", "SCRAM-SHA-512", user="viewer")
    ask, error = CHANGES[change]
    assert await refusal(viewer, lambda admin: ask(admin).result(PATIENCE)) == error
    keeper = way_in(guarded, "SASL_PLAINTEXT", "PLAIN")
    kept = await administer(keeper, lambda admin: admin.describe_configs([OWN])[OWN].result(PATIENCE))
    assert kept["retention.ms"].value == "604800000"


@pytest.mark.parametrize("client", ["kafka-python", "aiokafka", "kcat"])
async def test_every_client_is_told_that_it_may_not_write(guarded: Estate, client: str) -> None:
    viewer = way_in(guarded, "SASL_PLAINTEXT", "PLAIN", user="viewer")
    with pytest.raises(REFUSALS, match=r"(?i)authorization ?failed"):
        await CLIENTS[client].write(viewer, "own", [b"mine"])


async def test_who_may_only_look_may_not_read(guarded: Estate) -> None:
    watcher = way_in(guarded, "SASL_PLAINTEXT", "PLAIN", user="watcher")
    assert "own" in await administer(watcher, lambda admin: admin.list_topics(timeout=PATIENCE).topics)
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        await CLIENTS["confluent-kafka"].read(watcher, "own", 1)

    def join() -> None:
        consumer = Consumer({**watcher.librdkafka(), "group.id": "mine", "log_level": 0})
        consumer.subscribe(["own"])
        try:
            confluent_records(consumer, 1)
        finally:
            consumer.close()

    with pytest.raises(KafkaException, match="GROUP_AUTHORIZATION_FAILED"):
        await asyncio.to_thread(join)


async def test_who_has_no_rights_sees_no_topics() -> None:
    async with estate(KafkaOptions(rights={ANONYMOUS: frozenset()})) as at:
        assert (await kcat(Access(at.bootstrap), "-L")).decode().count(" 0 topics") == 1


async def test_the_rules_can_be_read(guarded: Estate) -> None:
    wanted = AclBindingFilter(
        ResourceType.TOPIC, None, ResourcePatternType.ANY, "User:viewer", None, AclOperation.ANY, AclPermissionType.ANY
    )
    keeper = way_in(guarded, "SASL_PLAINTEXT", "PLAIN")
    found = await administer(keeper, lambda admin: admin.describe_acls(wanted).result(PATIENCE))
    assert {(rule.principal, rule.operation.name, rule.name) for rule in found} == {
        ("User:viewer", "READ", "*"),
        ("User:viewer", "DESCRIBE", "*"),
    }


@asynccontextmanager
async def connected(at: Estate) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A plain connection to the first broker."""
    host, port = at.wire.bootstrap[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


def framed(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


async def read(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">i", await asyncio.wait_for(reader.readexactly(4), PATIENCE))
    return await asyncio.wait_for(reader.readexactly(length), PATIENCE)


async def asked(at: Estate, request: bytes) -> bytes:
    async with connected(at) as (reader, writer):
        writer.write(framed(request))
        return await read(reader)
