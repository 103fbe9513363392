"""What the config may say about Kafka."""

from __future__ import annotations

from typing import Literal

import msgspec

from connectors.secret import Secret


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``groups`` and ``dead_letters`` are patterns as a shell has them; only what they name is looked at.

    ``timeout``: wall seconds that a reading may take.
    """

    bootstrap: tuple[str, ...]  # host:port
    groups: tuple[str, ...] = ("*",)
    dead_letters: tuple[str, ...] = ("*.dlq",)
    timeout: float = 2.0
    user: str = ""  # given: SASL
    password: Secret | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    tls: bool = False
    ca_file: str = ""  # default: the machine's own authorities
    cert_file: str = ""  # of the client, with key_file, where the brokers ask for one
    key_file: str = ""
    check_hostname: bool = True
    interval: float | None = None  # wall seconds between readings; default: the environment's
