"""Levers that the application itself obeys: TTLs, features and rate limits in the flag document in Redis."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.change import Change
from console.model.component import ComponentId
from console.model.layout import Layout
from console.model.topology import Topology
from playbooks import arithmetic
from playbooks.actions.action import Row, Take, change, current
from playbooks.exits import Exit, Refused
from playbooks.values import Want

ENDS = "the application itself"


@dataclass(frozen=True, slots=True)
class Ttl:
    """How long the application lets what it caches live, in seconds, by group of keys.

    Keys that are cached already keep the TTL they have.
    """

    group: str
    ttl: float

    def facts(self, layout: Layout) -> tuple[str, ...]:
        return (f"ttl.{self.group}",)

    def plan(self, topology: Topology, target: ComponentId) -> tuple[Change, ...]:
        return change(topology, target, f"ttl.{self.group}", _whole(self.ttl))

    def warnings(self, topology: Topology, target: ComponentId) -> tuple[str, ...]:
        before = current(topology, target, f"ttl.{self.group}")
        if isinstance(before, bool) or not isinstance(before, int | float):
            return ()
        line = arithmetic.memory(topology, target, before, self.ttl)
        return (line,) if line else ()


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag, on or off; read-only mode is one."""

    flag: str
    on: bool

    def facts(self, layout: Layout) -> tuple[str, ...]:
        return (f"flag.{self.flag}",)

    def plan(self, topology: Topology, target: ComponentId) -> tuple[Change, ...]:
        return change(topology, target, f"flag.{self.flag}", self.on)

    def warnings(self, topology: Topology, target: ComponentId) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Tier:
    """All features of a tier off. One that is off already is left alone, and so stays off after an undo."""

    tier: str

    def facts(self, layout: Layout) -> tuple[str, ...]:
        return tuple(f"flag.{name}" for name in layout.features.get(self.tier, ()))

    def plan(self, topology: Topology, target: ComponentId) -> tuple[Change, ...]:
        features = topology.layout.features.get(self.tier)
        if not features:
            raise Refused(Exit.REQUIREMENT, f"no features of tier {self.tier} in the config's [features]")
        return tuple(each for name in features for each in change(topology, target, f"flag.{name}", False))

    def warnings(self, topology: Topology, target: ComponentId) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests a minute that one user may make; the application answers 429 beyond."""

    rate: int
    per: str = "user"

    def facts(self, layout: Layout) -> tuple[str, ...]:
        return (f"rate.{self.per}",)

    def plan(self, topology: Topology, target: ComponentId) -> tuple[Change, ...]:
        return change(topology, target, f"rate.{self.per}", self.rate)

    def warnings(self, topology: Topology, target: ComponentId) -> tuple[str, ...]:
        return ()


def _whole(seconds: float) -> int | float:
    return int(seconds) if seconds == int(seconds) else seconds


def _feature(flag: str = "", on: bool = False, tier: str = "") -> Flag | Tier:
    return Tier(tier) if tier else Flag(flag, on)


def _feature_fits(keys: frozenset[str]) -> str:
    return "" if keys in ({"flag", "on"}, {"tier"}) else "either flag and on, or tier"


TTL = Row(
    target="redis",
    takes={"group": Take(Want.WORD, needed=True), "ttl": Take(Want.DURATION, needed=True)},
    make=Ttl,
    ends=ENDS,
)

FEATURE = Row(
    target="redis",
    takes={"flag": Take(Want.WORD), "on": Take(Want.BOOL), "tier": Take(Want.WORD)},
    make=_feature,
    ends=ENDS,
    fits=_feature_fits,
)

RATE_LIMIT = Row(
    target="redis",
    takes={"per": Take(Want.WORD, choices=("user",)), "rate": Take(Want.RATE, needed=True)},
    make=RateLimit,
    ends=ENDS,
)
