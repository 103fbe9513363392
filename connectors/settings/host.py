"""What the config may say about the own machine."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``disk`` is a path on the file system to watch."""

    disk: str = "/"
    interval: float | None = None  # wall seconds between readings; default: the environment's
