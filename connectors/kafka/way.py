"""How to get to the brokers and in: which host and port, by which name it is checked, and with what credentials."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

KEPT = "*"  # in the place of a port: the one that the broker advertises


def split(address: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port``. ValueError where it is neither."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(address)
    return host.strip("[]"), int(port)


def mapped(address: str, by: Mapping[str, str]) -> str:
    """Where to go for a broker that advertises this ``host:port``: the first rule that fits, the most exact one first.

    A rule's left side is a pattern of ``host:port`` or of a host alone; a right side without a port keeps the port.

    >>> mapped("kafka-1.internal:9092", {"kafka-1.internal:9092": "localhost:19092", "*": "10.0.0.1"})
    'localhost:19092'
    >>> mapped("kafka-2.internal:9093", {"*:9092": "localhost:19092", "*.internal": "10.0.0.1"})
    '10.0.0.1:9093'
    """
    host, port = split(address)
    for rule in sorted(by, key=lambda rule: ("*" in rule, -len(rule))):
        if fnmatchcase(address, rule) or fnmatchcase(host, rule):
            return aimed(by[rule], port)
    return address


def aimed(target: str, port: int) -> str:
    """A rule's right side as ``host:port``; ValueError where it is no host.

    >>> [aimed(target, 9092) for target in ("10.0.0.1", "localhost:*", "localhost:19092", "[::1]")]
    ['10.0.0.1:9092', 'localhost:9092', 'localhost:19092', '[::1]:9092']
    """
    host = target.removesuffix(f":{KEPT}")
    if not host or (":" in host and not host.endswith("]")):
        split(target)
        return target
    return f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class Way:
    """``options`` are the client library's own, credentials among them: they are never shown.

    ``server_name`` is checked against each broker's certificate; "": the host that the broker advertises.
    """

    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str = ""
    address_map: Mapping[str, str] = field(default_factory=dict)
