"""What is measured: gauges and counters. A value of None means unknown, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """The unit decides how a number is read and shown; the value itself is always in base units."""

    NONE = ""
    RATIO = "ratio"  # 0..1, shown as a percentage
    SECONDS = "s"
    BYTES = "B"
    PER_SECOND = "/s"
    MESSAGES = "messages"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured number. ``value`` None: asked for and not known (no data, NaN, no traffic)."""

    name: str
    value: float | None
    unit: Unit
    at: float  # estate seconds (epoch based) when it was true
    source: str  # who measured it: "prometheus", "kubernetes" …
    note: str = ""  # why it is None, or what to know when reading it; text from outside stays data


@dataclass(frozen=True, slots=True)
class Counter:
    """A number that only grows, until its owner restarts. Becomes a rate over two samples of the same ``epoch``.

    The rate's name is ``rate_name``. ``epoch`` identifies the thing that counts (a ``run_id``, a uid):
    another epoch, or a smaller value, is a reset and restarts the rate.
    """

    name: str
    value: float
    rate_name: str
    at: float
    source: str
    epoch: str = ""
    unit: Unit = Unit.PER_SECOND  # of the rate
