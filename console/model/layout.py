"""What the config says the estate looks like: layers from top to bottom, who stands in them, and other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.model.component import ComponentId, kind_of
from console.model.rules import DEFAULT_RULES, Rule


@dataclass(frozen=True, slots=True)
class Placement:
    """One line of the topology. It may join several components: a deployment, its HPA and a few queries."""

    alias: str
    layer: str
    id: ComponentId
    also: tuple[ComponentId, ...] = ()
    show: tuple[str, ...] = ()  # names of signals for the line; empty: the default of what it has

    @property
    def ids(self) -> tuple[ComponentId, ...]:
        return (self.id, *self.also)


@dataclass(frozen=True, slots=True)
class Layout:
    """Immutable for the life of a session."""

    placements: tuple[Placement, ...]
    aliases: Mapping[str, ComponentId] = field(default_factory=dict)  # names that have no line of their own
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # tier → names of features
    rules: tuple[Rule, ...] = DEFAULT_RULES
    interval: float = 1.0  # estate seconds between readings; three of them make a reading stale
    intervals: Mapping[str, float] = field(default_factory=dict)  # of the sources that are read at their own pace

    patterns: tuple[str, ...] = field(init=False)  # of the rules, in their order

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", tuple(rule.signal for rule in self.rules))

    def interval_of(self, source: str) -> float:
        """Estate seconds between two readings of this source."""
        return self.intervals.get(source, self.interval)

    @property
    def slowest(self) -> float:
        """Estate seconds within which every source that answers has been read."""
        return max((self.interval, *self.intervals.values()))

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(placement.layer for placement in self.placements))

    def resolve(self, target: str, kind: str | None = None) -> ComponentId | None:
        """The component that an alias or an id means; ``kind`` picks among those that share a line."""
        candidates = self._candidates(target)
        if kind is None:
            return candidates[0] if candidates else None
        return next((each for each in candidates if kind_of(each) == kind), None)

    def _candidates(self, target: str) -> tuple[ComponentId, ...]:
        if target in self.aliases:
            return (self.aliases[target],)
        for placement in self.placements:
            if target == placement.alias:
                return placement.ids
        return (target,) if "/" in target else ()
