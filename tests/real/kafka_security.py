"""How a real Kafka is told of passwords and certificates: one listener for each way in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

PROTOCOLS = ("PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL")
HASHES = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_MODULES = "org.apache.kafka.common.security"


def certify(keys: Path, ca: Path) -> None:
    """Writes a new server's key and certificate, and the authority's certificate. Java reads keys in PKCS #8 alone."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    shown = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    keys.write_bytes(shown + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(str(ca))


def secured(users: Mapping[str, str], keys: Path) -> dict[str, object]:
    """The settings of the listeners that ask for a password, or speak TLS."""
    known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    settings: dict[str, object] = {
        "sasl.enabled.mechanisms": ",".join(("PLAIN", *HASHES)),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": keys,
    }
    for listener in ("sasl_plaintext", "sasl_ssl"):
        of = f"listener.name.{listener}"
        settings[f"{of}.plain.sasl.jaas.config"] = f"{_MODULES}.plain.PlainLoginModule required {known};"
        for mechanism in HASHES:
            settings[f"{of}.{mechanism.lower()}.sasl.jaas.config"] = f"{_MODULES}.scram.ScramLoginModule required;"
    return settings


def remembered(users: Mapping[str, str]) -> list[str]:
    """What the storage tool is told, so that SCRAM knows them from the start."""
    return [
        argument
        for mechanism in HASHES
        for name, password in users.items()
        for argument in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
    ]
