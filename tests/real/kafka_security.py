"""How a real Kafka is told of passwords, tokens and certificates: one listener for each way in."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PROTOCOLS = ("PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL")
MUTUAL, BEARER = "MUTUAL", "BEARER"  # a client needs a certificate there; a client needs a token there
WAYS = {**{name: name for name in PROTOCOLS}, MUTUAL: "SSL", BEARER: "SASL_PLAINTEXT"}  # listener → protocol
HASHES = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """A client's certificate with its key: plain, and again with the key behind ``password``."""

    cert: Path
    key: Path
    locked_key: Path
    password: str


def certify(keys: Path, ca: Path) -> ClientFiles:
    """Writes a new server's key and certificate, the authority's certificate, and a client's beside it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    # Java reads keys in PKCS #8 alone.
    keys.write_bytes(_key(issued, NoEncryption()) + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(str(ca))
    return client_files(authority, ca.parent)


def client_files(authority: trustme.CA, folder: Path) -> ClientFiles:
    issued = authority.issue_cert("seawall.test", common_name="seawall")
    made = ClientFiles(folder / "client.pem", folder / "client.key", folder / "client-locked.key", "canary-of-the-key")
    made.cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    made.key.write_bytes(_key(issued, NoEncryption()))
    made.locked_key.write_bytes(_key(issued, BestAvailableEncryption(made.password.encode())))
    return made


def _key(issued: trustme.LeafCert, encryption: KeySerializationEncryption) -> bytes:
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def token(user: str, life: float) -> str:
    """A token that nobody has signed, as a broker takes it that is set up for trying things out (RFC 7519, 6)."""
    now = time.time()
    parts = ({"alg": "none"}, {"sub": user, "iat": now - 1, "exp": now + life})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def secured(users: Mapping[str, str], keys: Path, ca: Path) -> dict[str, object]:
    """The settings of the listeners that ask for a password, a token or a certificate, or speak TLS."""
    known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    settings: dict[str, object] = {
        "sasl.enabled.mechanisms": ",".join(("PLAIN", *HASHES)),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": keys,
        f"{_named(MUTUAL)}.ssl.client.auth": "required",
        f"{_named(MUTUAL)}.ssl.truststore.type": "PEM",
        f"{_named(MUTUAL)}.ssl.truststore.location": ca,
        f"{_named(BEARER)}.sasl.enabled.mechanisms": "OAUTHBEARER",
        f"{_named(BEARER)}.oauthbearer.sasl.jaas.config": f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required "
        'unsecuredLoginStringClaim_sub="admin";',
    }
    for listener in ("sasl_plaintext", "sasl_ssl"):
        of = _named(listener)
        settings[f"{of}.plain.sasl.jaas.config"] = f"{_MODULES}.plain.PlainLoginModule required {known};"
        for mechanism in HASHES:
            settings[f"{of}.{mechanism.lower()}.sasl.jaas.config"] = f"{_MODULES}.scram.ScramLoginModule required;"
    return settings


def _named(listener: str) -> str:
    return f"listener.name.{listener.lower()}"


def remembered(users: Mapping[str, str]) -> list[str]:
    """What the storage tool is told, so that SCRAM knows them from the start."""
    return [
        argument
        for mechanism in HASHES
        for name, password in users.items()
        for argument in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
    ]
