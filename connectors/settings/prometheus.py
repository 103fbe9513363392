"""What the config may say about Prometheus."""

from __future__ import annotations

import msgspec

from connectors.secret import Secret


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``token`` is a bearer token; ``user`` and ``password`` are HTTP basic. ``timeout`` in wall seconds a query."""

    url: str
    token: Secret | None = None
    user: str = ""
    password: Secret | None = None
    timeout: float = 2.0
    interval: float | None = None  # wall seconds between readings; default: the environment's
