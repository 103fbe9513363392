"""How to get to the brokers and in: which host and port, by which name it is checked, and with what credentials."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Way:
    """``options`` are the client library's own, credentials among them: they are never shown.

    ``server_name`` is checked against each broker's certificate; "": the host that the broker advertises.
    """

    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str = ""
    address_map: Mapping[str, str] = field(default_factory=dict)
