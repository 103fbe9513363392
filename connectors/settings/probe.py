"""What the config may say about probes: checks that need no exporter, made from this machine."""

from __future__ import annotations

from typing import Literal

import msgspec

from connectors.secret import Secret


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One check: exactly one of ``dns`` (a name), ``tcp`` (host:port) and ``http`` (a URL).

    ``deep`` is a second URL beside ``http``, of a health check that asks the dependencies too: it has a verdict of its
    own. ``expect``: the addresses that ``dns`` must answer with, all of them; empty: any. ``contains``: text that the
    first 64 KiB of the answer must have. ``status``: codes that are well; empty: 200 to 399, as load balancers have it.
    """

    dns: str = ""
    record: Literal["A", "AAAA", "CNAME"] = "A"
    server: str = ""  # host or host:port of the DNS server to ask; default: this machine's own
    expect: tuple[str, ...] = ()
    tcp: str = ""
    tls: bool = False  # of tcp: with a handshake
    http: str = ""
    deep: str = ""
    status: tuple[int, ...] = ()
    contains: str = ""
    token: Secret | None = None  # bearer
    ca_file: str = ""  # default: the machine's own authorities
    verify: bool = True  # False: any certificate is well


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``checks`` by name: the component is ``probe/<name>``. Times in wall seconds.

    The defaults are those of the field's load balancers (AWS ALB: 5 s, 2 to 5 successes, 2 failures; HAProxy:
    ``rise 2 fall 3``; NGINX Plus: every 5 s).
    """

    checks: dict[str, Check]
    timeout: float = 5.0
    rise: int = 2  # successes in a row that make it healthy
    fall: int = 3  # failures in a row that make it unhealthy
    interval: float | None = 5.0  # between two rounds of checks; none: the environment's
