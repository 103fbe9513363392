"""What an estate may want of its Kafka beside the defaults: security, more groups, and patience with its peers."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.simulator.kafka.brokers import BROKERS
from connectors.simulator.kafka.rights import Right
from connectors.simulator.tick import Group

Security = Literal["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL"]


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """``security`` of all listeners, in Kafka's words; SSL needs ``tls``, SASL takes passwords from ``users``, and the
    bearer ``tokens``, each of a user, where there are any.

    A user who is not in ``rights`` may do everything; without SASL everybody is ``rights.ANONYMOUS``. ``versions`` of
    an older broker's APIs, by their keys, as it would offer them; empty: all that are served. Wall seconds:
    ``patience`` with a request or an answer that is under way, ``idle`` between two requests.
    """

    brokers: tuple[int, ...] = BROKERS
    advertised: str = ""  # the host that brokers name in place of where they are, as those in a network of their own do
    security: Security = "PLAINTEXT"
    users: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    rights: Mapping[str, frozenset[Right]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()  # beside the model's, with their topics, as they are: a large estate to look at
    patience: float = 15.0
    versions: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    idle: float = 600.0  # connections.max.idle.ms of a real broker

    def __post_init__(self) -> None:
        if self.encrypted != (self.tls is not None):
            raise ValueError(f"{self.security} and a TLS context: both or neither")

    @property
    def encrypted(self) -> bool:
        return self.security in ("SSL", "SASL_SSL")

    @property
    def asks_for_password(self) -> bool:
        return self.security in ("SASL_PLAINTEXT", "SASL_SSL")
