"""Rules: a signal and a bound → health, with ``for`` and hysteresis so that a saw-tooth does not flap.

The defaults are the field's usual targets (Google SRE book, chapter 6, for latency and errors as user-facing
signals; 70 % CPU and 80 % memory as the common head-room for autoscaled and stateful services; 95 % of a CDN and
80 % of a cache as what those who run them expect). ``latency`` is the mean time a backend takes for one statement or
call: one that takes a tenth of a second spends it waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

from console.model.component import Health
from console.model.signal import Unit
from console.model.units import show

ROOM = 0.1  # of what is left to 1: the most that a share must rise above its bound to clear


@dataclass(frozen=True, slots=True)
class Rule:
    """``signal`` is a glob over ``alias.name``. Exactly one of ``above`` and ``below`` is set, in base units.

    The rule fires once the bound has been passed for ``hold`` seconds on end, and clears when the value is
    back inside by ``slack`` (a share of the bound; for a share that must not fall, at most a tenth of what is left
    to 1, which it can never pass).
    """

    signal: str
    above: float | None = None
    below: float | None = None
    hold: float = 60.0
    health: Health = Health.WARN
    slack: float = 0.05
    besides: frozenset[str] = frozenset()  # names (alias.signal) that a rule of their own speaks for

    def passed(self, value: float, firing: bool) -> bool:
        """Whether the value is on the wrong side; a firing rule needs it back by ``slack`` to say no."""
        if self.above is not None:
            return value > self.above - (abs(self.above) * self.slack if firing else 0.0)
        if self.below is not None:
            return value < self.below + (self._rise(self.below) if firing else 0.0)
        return False

    def text(self, unit: Unit) -> str:
        """``above 200ms for 60s``"""
        side, bound = ("above", self.above) if self.above is not None else ("below", self.below)
        return f"{side} {show(bound, unit)}" + (f" for {self.hold:g}s" if self.hold else "")

    def _rise(self, below: float) -> float:
        rise = abs(below) * self.slack
        return min(rise, (1 - below) * ROOM) if 0 < below <= 1 else rise


@dataclass(frozen=True, slots=True)
class Watch:
    """Where one rule stands on one signal: since when it has been passed, and whether that is long enough."""

    since: float | None = None
    firing: bool = False


def judge(rule: Rule, watch: Watch, value: float | None, at: float) -> Watch:
    """The rule's next state. No value neither fires nor clears: what fired goes on firing."""
    if value is None:
        return watch if watch.firing else Watch()
    if not rule.passed(value, watch.firing):
        return Watch()
    since = at if watch.since is None else watch.since
    return Watch(since, watch.firing or at - since >= rule.hold)


@lru_cache(maxsize=65536)
def matching(patterns: tuple[str, ...], name: str) -> tuple[int, ...]:
    """The indices of the globs that ``alias.signal`` matches. Remembered: the same few names come every second."""
    return tuple(index for index, pattern in enumerate(patterns) if fnmatchcase(name, pattern))


def overlay(defaults: tuple[Rule, ...], own: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Own rules take the place of defaults about the same signal at the same health."""
    replaced = {(rule.signal, rule.health) for rule in own}
    return own + tuple(rule for rule in defaults if (rule.signal, rule.health) not in replaced)


def layered(defaults: tuple[Rule, ...], ready: tuple[Rule, ...], own: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Three layers of rules: the operator's own, below them those that came with presets, below them the defaults.

    A preset's rule names one signal of one alias, so at its health it speaks there instead of the defaults, whose globs
    go on about all others. An own rule that covers its signal, at the same health, takes its place.
    """
    kept = tuple(rule for rule in ready if not any(_covers(each, rule) for each in own))
    general = tuple(
        replace(rule, besides=frozenset(each.signal for each in ready if _covers(rule, each))) for rule in defaults
    )
    return overlay(kept + general, own)


def _covers(rule: Rule, other: Rule) -> bool:
    return rule.health is other.health and fnmatchcase(other.signal, rule.signal)


WARN, CRIT = Health.WARN, Health.CRIT

DEFAULT_RULES: tuple[Rule, ...] = (
    Rule("gateway.p95", above=0.2),
    Rule("gateway.p95", above=1.0, hold=30, health=CRIT),
    Rule("*.errors", above=0.001),
    Rule("*.errors", above=0.05, hold=15, health=CRIT),
    Rule("*.success", below=0.99),
    Rule("*.success", below=0.9, hold=15, health=CRIT),
    Rule("*.cpu", above=0.7),
    Rule("*.cpu", above=0.95, hold=30, health=CRIT),
    Rule("*.memory_ratio", above=0.8),
    Rule("*.memory_ratio", above=0.95, hold=30, health=CRIT),
    Rule("cdn.hit_rate", below=0.95),
    Rule("*.latency", above=0.1, hold=30),
    Rule("*.latency", above=0.5, hold=30, health=CRIT),
    Rule("cache.hit_rate", below=0.8, hold=30),
    Rule("cache.hit_rate", below=0.5, hold=30, health=CRIT),
    Rule("*.growth", above=1.0, hold=120),
    Rule("*.drain", above=3600.0, hold=60),
    Rule("*.stalled", above=0.0, hold=0),  # has stood still for a minute by then
    Rule("*.stopped", above=0.0, hold=60),
    Rule("*.tasks_failed", above=0.0, hold=0),
    Rule("*.loss", below=6 * 3600.0, hold=0),
    Rule("*.loss", below=3600.0, hold=0, health=CRIT),
    Rule("*.lost", above=0.0, hold=0, health=CRIT),
    Rule("*.arrivals", above=0.0),
    Rule("*.connections_ratio", above=0.8),
    Rule("*.connections_ratio", above=0.95, hold=15, health=CRIT),
    Rule("*.unavailable", above=0.0, hold=120),
    Rule("*.up", below=1.0, hold=15, health=CRIT),
    Rule("*.deep", below=1.0, hold=15),
    Rule("*.certificate", below=14 * 86400.0, hold=0),
    Rule("*.certificate", below=3 * 86400.0, hold=0, health=CRIT),
    Rule("*.writable_primaries", below=1.0, hold=5, health=CRIT),
    Rule("*.writable_primaries", above=1.0, hold=5, health=CRIT, slack=0.0),  # a split brain; 1 is back inside
    Rule("*.rejections", above=0.0, hold=0, health=CRIT),
    Rule("*.offline_partitions", above=0.0, hold=0, health=CRIT),
    Rule("*.under_min_isr", above=0.0, hold=15, health=CRIT),
    Rule("*.under_replicated", above=0.0, hold=120),
    Rule("*.brokers_missing", above=0.0, hold=30),
    Rule("*.controllers", below=1.0, hold=30, health=CRIT),
    Rule("*.quota_ratio", above=0.9),
    Rule("*.quota_room", below=1.0, hold=30),  # pods that the quotas still let in
    Rule("*.nodes_not_ready", above=0.0),
    Rule("*.nodes_pressured", above=0.0),
    Rule("*.overdue", above=300.0, hold=0),  # of a schedule: a start that did not come
    Rule("*.last_failed", above=0.0, hold=0),  # a cron job's last run
    Rule("*.load", above=1.5),
    Rule("*.disk", above=0.95),
    Rule("*.open_files_ratio", above=0.8),
    Rule("*.skew", above=2.0, hold=15),  # see console/model/skew.py
)
