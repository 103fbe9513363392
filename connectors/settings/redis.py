"""What the config may say about Redis."""

from __future__ import annotations

import msgspec

from connectors.secret import Secret


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``name`` is what the component is called: ``redis/<name>`` (``redis-b/<name>`` of the table ``redis-b``).

    ``timeout`` in wall seconds, for a whole call.
    """

    url: str
    name: str = "cache"
    user: str = ""
    password: Secret | None = None
    flags_key: str = "seawall:flags"
    timeout: float = 1.0
    interval: float | None = None  # wall seconds between readings; default: the environment's
