"""The arithmetic of the horizontal pod autoscaler, pure.

Source: "Horizontal Pod Autoscaling" in the Kubernetes documentation (algorithm details, default behaviour), and for
what it leaves open the controller itself (``pkg/controller/podautoscaler``): the tolerance, unready pods counted as 0
on the way up, the stabilisation over both windows, and the limits by policy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

TOLERANCE = 0.1  # --horizontal-pod-autoscaler-tolerance
PERIOD = 15  # seconds, --horizontal-pod-autoscaler-sync-period

Dated = tuple[float, int]  # (simulated second, a number of replicas)


@dataclass(frozen=True, slots=True)
class Load:
    """What the metrics say about a workload. ``percent``: CPU of the ready pods, in percent of their request."""

    ready: int
    unready: int
    percent: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How many pods (or which percentage of them) may come or go within ``period`` seconds."""

    type: str  # "Pods" | "Percent"
    value: int
    period: int


@dataclass(frozen=True, slots=True)
class Rules:
    """One direction of ``spec.behavior``."""

    window: int  # seconds of stabilisation
    select: str  # "Max" (the largest change) | "Min" | "Disabled"
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """What the controller remembers: its recommendations, and the pods it added and took away."""

    recommended: tuple[Dated, ...] = ()
    added: tuple[Dated, ...] = ()
    removed: tuple[Dated, ...] = ()


def proposed(current: int, load: Load, target: int) -> int:
    """Replicas for a target utilisation in percent: ceil(n · cpu / target), or ``current`` within the tolerance."""
    ratio = load.percent / target
    if not (load.unready and ratio > 1.0):
        return current if _tolerable(ratio) else _ceil(ratio * load.ready)
    pods = load.ready + load.unready
    dampened = load.percent * load.ready // pods / target
    if _tolerable(dampened) or dampened < 1.0:
        return current
    return max(_ceil(dampened * pods), current)


def shared(current: int, value: float, each: float) -> int:
    """Replicas for a value of which each may have so much (an external ``AverageValue``)."""
    if each <= 0 or (current and _tolerable(value / (each * current))):
        return current
    return _ceil(value / each)


def proportional(current: int, ready: int, ratio: float) -> int:
    """Replicas for a value that is ``ratio`` times its target, over its ready pods (an external ``Value``)."""
    return current if _tolerable(ratio) else _ceil(ratio * ready)


def _tolerable(ratio: float) -> bool:
    return abs(1.0 - ratio) <= TOLERANCE + 1e-12


def _ceil(value: float) -> int:
    return math.ceil(value - 1e-9)  # 10 · 0.7 / 0.7 is 10, whatever the rounding says


def stabilised(current: int, wanted: int, past: Past, now: float, up: Rules, down: Rules) -> int:
    """The wish held against recent ones: the smallest of the up window, the largest of the down window."""
    lowest = min([wanted, *_within(past.recommended, now - up.window)])
    highest = max([wanted, *_within(past.recommended, now - down.window)])
    return min(max(current, lowest), highest)


def _within(dated: Iterable[Dated], since: float) -> list[int]:
    return [number for at, number in dated if at > since]


def limited(current: int, wanted: int, past: Past, now: float, up: Rules, down: Rules) -> int:
    """The wish cut to what the policies allow now."""
    if wanted > current:
        return min(wanted, max(current, _ceiling(current, past, now, up)))
    if wanted < current:
        return max(wanted, min(current, _floor(current, past, now, down)))
    return current


def _ceiling(current: int, past: Past, now: float, rules: Rules) -> int:
    if rules.select == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = current - _moved(past.added, policy, now) + _moved(past.removed, policy, now)
        percent = math.ceil(start * (100 + policy.value) / 100)
        limits.append(start + policy.value if policy.type == "Pods" else percent)
    return _chosen(rules, max, min)(limits, default=current)


def _floor(current: int, past: Past, now: float, rules: Rules) -> int:
    if rules.select == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = current + _moved(past.removed, policy, now) - _moved(past.added, policy, now)
        percent = int(start * (100 - policy.value) / 100)
        limits.append(start - policy.value if policy.type == "Pods" else percent)
    return _chosen(rules, min, max)(limits, default=current)


def _moved(dated: Iterable[Dated], policy: Policy, now: float) -> int:
    return sum(_within(dated, now - policy.period))


def _chosen(rules: Rules, largest_change: Callable[..., int], smallest: Callable[..., int]) -> Callable[..., int]:
    return smallest if rules.select == "Min" else largest_change


def remembered(past: Past, now: float, wanted: int | None, before: int, after: int, horizon: float = 3600.0) -> Past:
    """The past with this sync in it, without what no window can reach any more (3600 s is the longest allowed)."""
    recommended = () if wanted is None else ((now, wanted),)
    added = ((now, after - before),) if after > before else ()
    removed = ((now, before - after),) if after < before else ()
    return Past(
        _recent((*past.recommended, *recommended), now - horizon),
        _recent((*past.added, *added), now - horizon),
        _recent((*past.removed, *removed), now - horizon),
    )


def _recent(dated: tuple[Dated, ...], since: float) -> tuple[Dated, ...]:
    return tuple(item for item in dated if item[0] > since)
