"""What the config may say about Kafka."""

from __future__ import annotations

from typing import Literal

import msgspec

from connectors.secret import Secret

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names are patterns as a shell has them. A group or topic is looked at where its allow-list names it, and not
    its deny-list; one of the brokers' own topics (``__…``) only where a pattern that begins so allows it.

    ``timeout``: wall seconds that a reading may take.
    """

    bootstrap: tuple[str, ...]  # host:port
    groups: tuple[str, ...] = ("*",)
    not_groups: tuple[str, ...] = ()
    topics: tuple[str, ...] = ("*",)
    not_topics: tuple[str, ...] = ()
    dead_letters: tuple[str, ...] = ("*.dlq",)
    timeout: float = 2.0
    address_map: dict[str, str] = {}  # what brokers advertise → where they are from here: "*:9092" = "localhost:19092"
    user: str = ""  # given: SASL
    password: Secret | None = None
    mechanism: Mechanism = "PLAIN"
    token: Secret | None = None  # of OAUTHBEARER; or it is got from token_url
    token_url: str = ""  # that grants a token for client_id and client_secret (RFC 6749, 4.4)
    client_id: str = ""
    client_secret: Secret | None = None
    scope: str = ""
    tls: bool = False
    ca_file: str = ""  # default: the machine's own authorities
    cert_file: str = ""  # of the client, with key_file, where the brokers ask for one
    key_file: str = ""
    key_password: Secret | None = None
    check_hostname: bool = True
    tls_server_name: str = ""  # the name in the brokers' certificate; default: the host that each one advertises
    connect: tuple[str, ...] = ()  # REST addresses of Kafka Connect: one worker of each cluster is enough
    connect_user: str = ""  # basic authentication, with connect_password; or a bearer token
    connect_password: Secret | None = None
    connect_token: Secret | None = None
    connect_ca_file: str = ""  # default: the machine's own authorities
    interval: float | None = None  # wall seconds between readings; default: the environment's

    @property
    def oauth(self) -> bool:
        return self.mechanism == "OAUTHBEARER"

    @property
    def sasl(self) -> bool:
        return bool(self.user) or self.oauth
