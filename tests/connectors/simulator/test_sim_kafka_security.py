"""Passwords and certificates, as ordinary clients meet them."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from confluent_kafka import KafkaError
from confluent_kafka.admin import (
    AdminClient,
)

from connectors.simulator.kafka.options import KafkaOptions, Security
from tests.connectors.simulator.kafka_clients import CLIENTS, PATIENCE, Access, Refused, kcat, until
from tests.connectors.simulator.sim_kafka import Estate, estate, secured, way_in

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
