"""Countdowns: time to drain, to loss, to full. Linear, with the window shown; only what is under a day."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.history import Point

DAY = 86400.0
WINDOW = 120.0  # estate seconds looked back on
FEWEST = 5  # points; fewer say nothing about a slope


@dataclass(frozen=True, slots=True)
class Forecast:
    """``what`` happens on ``alias`` in ``seconds``, if the last ``window`` seconds go on as they were."""

    alias: str
    what: str  # "drained", "full", "loss", "connection limit"
    seconds: float
    window: float


def slope(points: tuple[Point, ...]) -> float | None:
    """Units a second by least squares; None for fewer than five points or no time between them."""
    if len(points) < FEWEST:
        return None
    middle = sum(point.at for point in points) / len(points)
    level = sum(point.value for point in points) / len(points)
    spread = sum((point.at - middle) ** 2 for point in points)
    if spread <= 0:
        return None
    return sum((point.at - middle) * (point.value - level) for point in points) / spread


def growth(points: tuple[Point, ...]) -> float | None:
    """The slope that may be drawn on: what rose and then stood still is not about to reach anything."""
    whole, recent = slope(points), slope(points[len(points) // 2 :])
    return whole if whole is None or recent is None else min(whole, recent)


def time_to_reach(value: float | None, limit: float | None, growth: float | None) -> float | None:
    """Seconds until ``value`` reaches ``limit`` from below; None when it does not, or not within a day."""
    if value is None or limit is None or growth is None:
        return None
    if value >= limit:
        return 0.0
    if growth <= 0:
        return None
    left = (limit - value) / growth
    return left if left < DAY else None


def time_to_drain(lag: float | None, consumed: float | None, produced: float | None) -> float | None:
    """Lag over the rate at which it shrinks, in seconds; None while it grows, stands, or a rate is unknown."""
    if lag is None or consumed is None or produced is None:
        return None
    if lag <= 0:
        return 0.0
    shrinking = consumed - produced
    return lag / shrinking if shrinking > 0 else None


def time_to_loss(kept: float | None, drain: float | None) -> float | None:
    """Seconds until retention deletes what nobody has read, at most a day: that is "none within a day".

    ``kept``: for how long the oldest unread message is still kept, at the least; None: not known. ``drain``: time to
    drain; a backlog that is gone before loses nothing. The earliest moment, for a consumer that goes on moves it on.
    """
    if kept is None:
        return None
    if drain is not None and drain <= kept:
        return DAY
    return min(kept, DAY)
