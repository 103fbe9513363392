"""Passwords and certificates, as ordinary clients meet them, by the same assertions at simulated and real brokers."""

from __future__ import annotations

import asyncio
import ssl
import struct
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient
from kafka import KafkaAdminClient, KafkaProducer

from connectors.secret import Secret
from connectors.simulator.kafka.options import KafkaOptions, Security
from console.model.snapshot import FailureKind
from tests.connectors.kafka_estate import bad, good, opened
from tests.connectors.simulator.kafka_clients import CLIENTS, PATIENCE, Access, Refused, kcat, until
from tests.connectors.simulator.sim_kafka import USERS, estate, secured
from tests.real.kafka import RealKafka

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


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


@dataclass(frozen=True, slots=True)
class Guarded:
    """A cluster that is spoken to by ``protocol``; ``topic`` has three records at least."""

    bootstrap: str
    protocol: str
    topic: str
    ca: Path

    def access(self, mechanism: str = "", user: str = "keeper", password: str = "") -> Access:
        named = {"user": user, "password": password or USERS[user], "mechanism": mechanism} if mechanism else {}
        return Access(self.bootstrap, self.protocol, ca=str(self.ca) if self.protocol.endswith("SSL") else "", **named)


Guard = Callable[[Security], AbstractAsyncContextManager[Guarded]]


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kafka"))])
def guarded(request: pytest.FixtureRequest, authority: tuple[trustme.CA, Path]) -> Guard:
    """How one gets a cluster of either kind that is guarded in some way."""

    @asynccontextmanager
    async def simulated(protocol: Security) -> AsyncIterator[Guarded]:
        tls = context(authority[0]) if protocol.endswith("SSL") else None
        async with estate(secured(protocol, tls=tls)) as at:
            yield Guarded(at.bootstrap, protocol, "orders", authority[1])

    @asynccontextmanager
    async def real(protocol: Security) -> AsyncIterator[Guarded]:
        yield Guarded(real_kafka.ways[protocol], protocol, request.getfixturevalue("three_records"), real_kafka.ca)

    if request.param == "simulated":
        return simulated
    real_kafka: RealKafka = request.getfixturevalue("started_kafka")
    return real


@pytest.fixture(scope="session")
def three_records(started_kafka: RealKafka) -> str:
    """A topic of the real Kafka with as many."""
    name = f"guarded-{uuid.uuid4().hex[:8]}"
    with KafkaAdminClient(bootstrap_servers=[started_kafka.bootstrap]) as admin:
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([name])
    producer = KafkaProducer(bootstrap_servers=[started_kafka.bootstrap])
    for number in range(3):
        producer.send(name, b"%d" % number)
    producer.close()
    return name


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_who_knows_the_password_gets_in(guarded: Guard, client: str, mechanism: str) -> None:
    async with guarded("SASL_PLAINTEXT") as at:
        assert len(await CLIENTS[client].read(at.access(mechanism), at.topic, 3)) == 3


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("protocol", "mechanism"), [("SSL", ""), ("SASL_SSL", "SCRAM-SHA-256")])
async def test_clients_come_in_over_tls(guarded: Guard, client: str, protocol: Security, mechanism: str) -> None:
    async with guarded(protocol) as at:
        assert len(await CLIENTS[client].read(at.access(mechanism), at.topic, 3)) == 3


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_the_console_comes_in_with_both(guarded: Guard, mechanism: str, tmp_path: Path) -> None:
    secret, wrong = tmp_path / "password", tmp_path / "wrong"
    secret.write_text(USERS["keeper"], encoding="utf-8")
    wrong.write_text("wrong", encoding="utf-8")
    async with guarded("SASL_SSL") as at:
        given = {"user": "keeper", "mechanism": mechanism, "tls": True, "ca_file": str(at.ca), "timeout": PATIENCE}
        brokers = tuple(at.bootstrap.split(","))
        async with opened(brokers, **given, password=Secret(f"file:{secret}")) as connector:
            assert good(await connector.read()).identity
        async with opened(brokers, **given, password=Secret(f"file:{wrong}")) as connector:
            # Over TLS the client may see a real broker hang up before the answer that says why.
            assert bad(await connector.read()).kind in (FailureKind.EXPIRED, FailureKind.REFUSED)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize(("user", "password"), [("keeper", "wrong"), ("nobody", "looks")])
async def test_a_wrong_password_is_told_as_such(guarded: Guard, mechanism: str, user: str, password: str) -> None:
    async with guarded("SASL_PLAINTEXT") as at:
        access = at.access(mechanism, user, password)
        told: list[Any] = []
        client = await asyncio.to_thread(
            AdminClient, {**access.librdkafka(), "log_level": 0, "error_cb": lambda error: told.append(error)}
        )

        def refused() -> bool:
            client.poll(0.05)
            return any(error.code() == KafkaError._AUTHENTICATION for error in told)

        await until(refused)


async def test_after_a_refusal_the_connection_is_closed(guarded: Guard) -> None:
    async with guarded("SASL_PLAINTEXT") as at, connected(at) as (reader, writer):
        writer.write(framed(struct.pack(">hhih", 17, 1, 1, -1) + b"\x00\x05PLAIN"))
        await read(reader)
        writer.write(framed(struct.pack(">hhihi", 36, 0, 2, -1, 13) + b"\0viewer\0wrong"))
        assert struct.unpack(">ih", (await read(reader))[:6]) == (2, 58)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""


async def test_without_the_password_nothing_is_answered_and_an_unknown_mechanism_is_named(guarded: Guard) -> None:
    async with guarded("SASL_PLAINTEXT") as at:
        with pytest.raises(Refused):
            await kcat(Access(at.bootstrap), "-L", "-m", "1")
        kerberos = b"\x00\x11\x00\x01\x00\x00\x00\x05\xff\xff" + b"\x00\x06GSSAPI"
        said = await asked(at, kerberos)
        assert struct.unpack(">ih", said[:6]) == (5, 33)
        assert b"SCRAM-SHA-512" in said


async def test_the_oldest_handshake_is_followed_by_bare_tokens(guarded: Guard) -> None:
    async with guarded("SASL_PLAINTEXT") as at, connected(at) as (reader, writer):
        writer.write(framed(struct.pack(">hhih", 17, 0, 1, -1) + b"\x00\x05PLAIN"))
        assert struct.unpack(">ih", (await read(reader))[:6]) == (1, 0)
        writer.write(framed(b"\0viewer\0looks"))
        assert await read(reader) == b""
        writer.write(framed(struct.pack(">hhih", 3, 0, 2, -1) + b"\0\0\0\0"))
        assert struct.unpack(">i", (await read(reader))[:4]) == (2,)


async def test_an_open_cluster_wants_no_handshake(guarded: Guard) -> None:
    async with guarded("PLAINTEXT") as at:
        said = await asked(at, struct.pack(">hhih", 17, 1, 1, -1) + b"\x00\x05PLAIN")
        assert struct.unpack(">ih", said[:6]) == (1, 34)


async def test_plain_text_on_a_tls_port_ends_there(guarded: Guard) -> None:
    async with guarded("SSL") as at:
        async with connected(at) as (reader, writer):
            writer.write(framed(struct.pack(">hhih", 18, 0, 1, -1)))
            assert struct.pack(">ih", 1, 0) not in await asyncio.wait_for(reader.read(), PATIENCE)
        assert " brokers:" in (await kcat(at.access(), "-L")).decode()


def test_tls_and_its_context_belong_together(authority: tuple[trustme.CA, Path]) -> None:
    for options in ({"security": "SSL"}, {"tls": context(authority[0])}):
        with pytest.raises(ValueError, match="both or neither"):
            KafkaOptions(**options)


@asynccontextmanager
async def connected(at: Guarded) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A plain connection to the first broker."""
    host, port = at.bootstrap.split(",")[0].split(":")
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


async def asked(at: Guarded, request: bytes) -> bytes:
    async with connected(at) as (reader, writer):
        writer.write(framed(request))
        return await read(reader)
