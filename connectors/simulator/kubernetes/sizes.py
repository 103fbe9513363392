"""The arithmetic of a deployment's replica sets, pure: who grows and who shrinks next.

Source: the deployment controller (``pkg/controller/deployment``: rolling.go, sync.go) and its documentation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """A replica set: pods wanted, pods available, and the most that its deployment had when it was last sized."""

    name: str
    replicas: int
    available: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rolling update's ``maxSurge`` and ``maxUnavailable`` as numbers of pods, for so many wanted ones."""

    wanted: int
    surge: int
    unavailable: int

    @property
    def floor(self) -> int:
        """Pods that must stay available."""
        return self.wanted - self.unavailable


Sizes = dict[str, int]  # by replica set: only those that change


def share(value: object, total: int, up: bool) -> int:
    """An ``IntOrString``: a count, or a percentage of ``total`` rounded up or down; 0 for what is neither."""
    if isinstance(value, int):
        return value
    text = str(value).rstrip("%")
    part = total * int(text) / 100 if text.isdecimal() else 0
    return math.ceil(part) if up else math.floor(part)


def bounds(wanted: int, surge: object, unavailable: object) -> Bounds:
    """Surge is rounded up, unavailable down; where both come to nothing one pod may be missing, or none could move."""
    most, missing = share(surge, wanted, up=True), share(unavailable, wanted, up=False)
    return Bounds(wanted, most, min(max(missing, 0 if most else 1), wanted))


def rolled(limits: Bounds, new: Group, old: Sequence[Group]) -> Sizes:
    """The next step of a rolling update: the new set grows as far as it may; else the old ones shrink."""
    if new.replicas > limits.wanted:
        return {new.name: limits.wanted}
    total = new.replicas + sum(group.replicas for group in old)
    grown = min(limits.wanted + limits.surge - total, limits.wanted - new.replicas)
    if grown > 0:
        return {new.name: new.replicas + grown}
    return _shrunk(limits, new, old, total)


def _shrunk(limits: Bounds, new: Group, old: Sequence[Group], total: int) -> Sizes:
    """First old pods that are not available anyway, then available ones down to the floor."""
    spare = total - limits.floor - (new.replicas - new.available)
    if spare <= 0:
        return {}
    sizes: Sizes = {}
    for group in old:
        cut = min(spare, group.replicas - min(group.available, group.replicas))
        spare -= cut
        if cut:
            sizes[group.name] = group.replicas - cut
    excess = sum(group.available for group in (new, *old)) - limits.floor
    for group in old:
        left = sizes.get(group.name, group.replicas)
        cut = min(left, max(excess, 0))
        excess -= cut
        if cut:
            sizes[group.name] = left - cut
    return sizes


def recreated(wanted: int, new: Group, old: Sequence[Group], running: bool) -> Sizes:
    """``Recreate``: the old ones to nothing; the new one only when none of their pods is ``running`` any more."""
    sizes = {group.name: 0 for group in old if group.replicas}
    if sizes or running:
        return sizes
    return {new.name: wanted} if new.replicas != wanted else {}


def proportioned(limits: Bounds, new: Group | None, old: Sequence[Group]) -> Sizes:
    """A change of the wanted count in the middle of a rollout: every set that has pods takes its share of it."""
    active = [group for group in (*old, *([new] if new else [])) if group.replicas]
    if len(active) <= 1:
        only = active[0] if active else new or (old[-1] if old else None)
        return {only.name: limits.wanted} if only and only.replicas != limits.wanted else {}
    if new and new.replicas == limits.wanted and new.available == limits.wanted:
        return {group.name: 0 for group in old if group.replicas}
    most = limits.wanted + limits.surge if limits.wanted else 0
    to_add = most - sum(group.replicas for group in active)
    ordered = sorted(active, key=lambda group: group.replicas, reverse=True)
    sizes, added = {}, 0
    for group in ordered:
        part = _proportion(group, most, to_add, added)
        sizes[group.name] = group.replicas + part
        added += part
    first = ordered[0].name
    sizes[first] = max(0, sizes[first] + to_add - added)
    return {group.name: sizes[group.name] for group in active if sizes[group.name] != group.replicas}


def _proportion(group: Group, most: int, to_add: int, added: int) -> int:
    part = round(group.replicas * most / group.most) - group.replicas if group.most and most else -group.replicas
    left = to_add - added
    return max(0, min(part, left)) if to_add > 0 else min(0, max(part, left))
