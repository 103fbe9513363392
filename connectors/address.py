"""``host:port``, as people write it and as servers name each other, and where that is reached from here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

KEPT = "*"  # in the place of a port: the one that the server names


def split(text: str, default: int | None = None) -> tuple[str, int]:
    """Host and port of ``host:port``, ``[::1]:port`` or, with a ``default`` port, the host alone; ValueError.

    >>> split("cache:7000"), split("[::1]:7000"), split("cache", 6379)
    (('cache', 7000), ('::1', 7000), ('cache', 6379))
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        whole = bool(bracket) and (not rest or rest.startswith(":"))
    else:
        host, _, port = text.partition(":")
        whole = True
    if not (whole and host) or (not port and default is None) or (port and not _is_port(port)):
        raise ValueError(f'"{text.rpartition("@")[2]}" is not like "host:port"')  # before it there may be a password
    return host, int(port) if port else default or 0


def joined(host: str, port: int) -> str:
    """As ``split`` reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def mapped(address: str, by: Mapping[str, str]) -> str:
    """Where to go for a server that is named by this ``host:port``: the first rule that fits, the most exact one first.

    A rule's left side is a pattern of ``host:port`` or of a host alone; a right side without a port keeps the port.
    ValueError where the address is none, or the rule's right side.

    >>> mapped("kafka-1.internal:9092", {"kafka-1.internal:9092": "localhost:19092", "*": "10.0.0.1"})
    'localhost:19092'
    >>> mapped("kafka-2.internal:9093", {"*:9092": "localhost:19092", "*.internal": "10.0.0.1"})
    '10.0.0.1:9093'
    """
    host, port = split(address)
    for rule in sorted(by, key=lambda rule: ("*" in rule, -len(rule))):
        if rule in (address, host) or fnmatchcase(address, rule) or fnmatchcase(host, rule):
            return aimed(by[rule], port)
    return address


def aimed(target: str, port: int) -> str:
    """A rule's right side as ``host:port``; ValueError where it is no host.

    >>> [aimed(target, 9092) for target in ("10.0.0.1", "localhost:*", "localhost:19092", "[::1]")]
    ['10.0.0.1:9092', 'localhost:9092', 'localhost:19092', '[::1]:9092']
    """
    host, there = split(target.removesuffix(f":{KEPT}"), port)
    return joined(host, there)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536
