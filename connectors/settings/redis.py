"""What the config may say about Redis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from connectors.secret import Secret


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``name`` is what the component is called: ``redis/<name>`` (``redis-b/<name>`` of the table ``redis-b``).

    One of three ways says where it is: ``url`` alone names one server; ``url`` with ``cluster``, or ``nodes``, names
    some of a cluster's; ``sentinels`` with ``master`` name those who know the primary. ``timeout`` in wall seconds,
    for a whole call on one server.
    """

    url: str = ""  # redis://host:6379/0, rediss:// for TLS, unix:///path
    cluster: bool = False  # the url's server is part of one
    nodes: tuple[str, ...] = ()  # host:port
    sentinels: tuple[str, ...] = ()  # host:port
    master: str = ""  # the name under which the Sentinels watch it
    address_map: Mapping[str, str] = {}  # as the servers name each other → where they are from here, as Kafka's
    name: str = "cache"
    user: str = ""
    password: Secret | None = None
    sentinel_user: str = ""
    sentinel_password: Secret | None = None
    tls: bool = False  # with nodes and sentinels; a url says it by rediss://
    ca_file: str = ""  # default: the machine's own authorities
    cert_file: str = ""  # of the client, with key_file, where the server asks for one
    key_file: str = ""
    check_hostname: bool = True
    protocol: Literal[2, 3] = 2  # RESP; what is read is the same, and every server knows 2
    flags_key: str = "seawall:flags"
    hits_key: str = "seawall:hits"  # where the application may publish its hits and misses by prefix
    timeout: float = 1.0
    interval: float | None = None  # wall seconds between readings; default: the environment's
