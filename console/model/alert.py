"""An alert that a monitoring system has raised, as it tells it. Text from outside: data, never markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AlertState(StrEnum):
    PENDING = "pending"  # its condition holds, its ``for`` is not over
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class Alert:
    """``since`` is in estate seconds, when its condition began to hold; None: not told. ``severity`` "" where unset."""

    name: str
    state: AlertState
    since: float | None
    source: str
    severity: str = ""
    summary: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
