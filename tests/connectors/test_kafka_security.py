"""The ways into a cluster, on simulated and real brokers: certificates of clients, and bearer tokens."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from connectors.kafka import open_connector
from connectors.secret import Secret
from connectors.settings.kafka import Settings
from connectors.simulator.kafka.options import KafkaOptions
from console.clock import SystemClock
from console.model.snapshot import FailureKind
from tests.connectors.kafka_estate import bad, component, good, opened
from tests.connectors.simulator.sim_kafka import estate
from tests.real.kafka import RealKafka
from tests.real.kafka_security import BEARER, MUTUAL, ClientFiles, client_files, token

KINDS = ("simulated", pytest.param("real", marks=pytest.mark.real("kafka")))


@dataclass(frozen=True, slots=True)
class Door:
    """``ca`` signed the brokers' certificates, ``client`` is whom they let in."""

    bootstrap: tuple[str, ...]
    ca: Path
    client: ClientFiles


@pytest.fixture(params=KINDS)
async def mutual(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    """Brokers that let nobody in without a certificate."""
    if request.param == "real":
        real: RealKafka = request.getfixturevalue("started_kafka")
        yield Door((real.ways[MUTUAL],), real.ca, real.client)
        return
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with estate(KafkaOptions(security="SSL", tls=tls)) as at:
        yield Door(at.wire.bootstrap, tmp_path / "ca.pem", client_files(authority, tmp_path))


def shown(door: Door, **more: Any) -> dict[str, Any]:
    """Settings of a client with its certificate."""
    return {
        "tls": True,
        "ca_file": str(door.ca),
        "cert_file": str(door.client.cert),
        "key_file": str(door.client.key),
        "timeout": 10.0,
        **more,
    }


async def test_a_client_with_a_certificate_is_let_in(mutual: Door) -> None:
    async with opened(mutual.bootstrap, **shown(mutual)) as connector:
        assert component(await connector.read(), "kafka/cluster")


async def test_a_client_without_one_is_told_that_it_is_about_tls(mutual: Door) -> None:
    async with opened(mutual.bootstrap, tls=True, ca_file=str(mutual.ca), timeout=10.0) as connector:
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.TLS
        assert "certificate" in refused.reason
        assert "cert_file" in refused.advice


async def test_a_key_behind_a_password(mutual: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = shown(mutual, key_file=str(mutual.client.locked_key), key_password=Secret("env:KAFKA_KEY_PASSWORD"))
    monkeypatch.setenv("KAFKA_KEY_PASSWORD", mutual.client.password)
    async with opened(mutual.bootstrap, **locked) as connector:
        good(await connector.read())
    monkeypatch.setenv("KAFKA_KEY_PASSWORD", "canary-that-is-wrong")
    async with opened(mutual.bootstrap, **locked) as connector:
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.TLS
        assert "canary" not in f"{refused}{connector!r}{locked}"


async def test_a_key_behind_a_password_that_nobody_gave_asks_nobody_at_the_terminal(mutual: Door) -> None:
    locked = shown(mutual, key_file=str(mutual.client.locked_key))
    async with opened(mutual.bootstrap, **locked) as connector:
        assert bad(await connector.read()).kind is FailureKind.TLS


async def test_the_name_in_the_certificate_may_be_another_than_the_address(mutual: Door) -> None:
    localhost = tuple(address.replace("127.0.0.1", "localhost") for address in mutual.bootstrap)
    async with opened(localhost, **shown(mutual)) as connector:
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.TLS
        assert "localhost" in refused.reason
    async with opened(localhost, **shown(mutual, tls_server_name="127.0.0.1")) as connector:
        good(await connector.read())


async def test_an_authority_that_nobody_here_trusts(mutual: Door, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    async with opened(mutual.bootstrap, **shown(mutual, ca_file=str(tmp_path / "other.pem"))) as connector:
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.TLS
        assert "certificate verify failed" in refused.reason


@pytest.fixture(params=KINDS)
async def bearer(request: pytest.FixtureRequest) -> AsyncIterator[tuple[tuple[str, ...], str, str]]:
    """Brokers that take bearer tokens, a good one and one that has ended."""
    if request.param == "real":
        real: RealKafka = request.getfixturevalue("started_kafka")
        yield (real.ways[BEARER],), token("seawall", 300.0), token("seawall", -60.0)
        return
    options = KafkaOptions(security="SASL_PLAINTEXT", tokens={"a-good-canary": "seawall"})
    async with estate(options) as at:
        yield at.wire.bootstrap, "a-good-canary", "an-old-canary"


async def test_a_token_lets_in_and_one_that_has_ended_does_not(
    bearer: tuple[tuple[str, ...], str, str], tmp_path: Path
) -> None:
    bootstrap, fresh, ended = bearer
    kept = tmp_path / "token"
    kept.write_text(fresh, encoding="utf-8")
    way = {"mechanism": "OAUTHBEARER", "token": Secret(f"file:{kept}"), "timeout": 10.0}
    async with opened(bootstrap, **way) as connector:
        assert component(await connector.read(), "kafka/cluster")
    kept.write_text(ended, encoding="utf-8")
    async with opened(bootstrap, **way) as connector:
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.EXPIRED
        assert ended not in f"{refused}{connector!r}"
        kept.write_text(fresh, encoding="utf-8")
        good(await connector.read())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mechanism": "OAUTHBEARER"}, "takes a token, or token_url"),
        ({"mechanism": "OAUTHBEARER", "token_url": "https://x/token"}, "go together"),
        (
            {
                "mechanism": "OAUTHBEARER",
                "token_url": "https://me:canary@x/token",
                "client_id": "me",
                "client_secret": Secret("env:PATH"),
            },
            "^kafka: token_url has a password in it; it belongs in client_secret$",
        ),
        ({"token": Secret("env:PATH")}, "are of mechanism"),
        ({"cert_file": __file__}, "are of tls = true"),
        ({"address_map": {"a:1": ""}}, 'address_map "a:1" = ""'),
        ({"address_map": {"a:1": "b:c"}}, 'address_map "a:1" = "b:c"'),
    ],
)
def test_what_cannot_work_is_refused_at_opening(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(Exception, match=says):
        open_connector("kafka", Settings(**{"bootstrap": ("b:1",), **settings}), SystemClock())
