"""Crises as data: what goes wrong, when and how hard; what to look at, what helps and what that costs.

A new crisis is one more file in ``crises/``. It names components by their role in the architecture, so it strikes any.
Times are simulated seconds; 0 is when the estate was opened, and things go wrong from ``FAULT`` on.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib.resources import files
from math import inf
from typing import Any, Literal

import msgspec

from connectors.simulator.crisis import CALM, Crisis

FAULT = 60.0  # when things begin to go wrong: time enough to see the calm
FOLDER = "crises"
DEFAULT = "calm"
KNOBS = frozenset(knob.name for knob in fields(Crisis))

Role = Literal["front", "services", "workers", "replicas"]


class UnknownScenario(ValueError):
    """No scenario has that name. The message lists those there are."""


class BadScenario(ValueError):
    """A file that does not describe a scenario. The message says where and why."""


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One knob of the crisis turned to a value: at once, or over ``over`` seconds, and back at ``until``.

    Between two positive values a knob moves exponentially (the same factor every second), because that is
    how word spreads; where one of them is 0, in a straight line. Of two turns of one knob the later in the
    scenario's list counts while it lasts.
    """

    knob: str
    to: float
    start: float = FAULT
    over: float = 0.0
    until: float = inf
    come_from: float | None = None  # the value at ``start``; None: the calm one

    def lasts(self, t: float) -> bool:
        return self.start <= t < self.until

    def at(self, t: float) -> float:
        """The knob's value at ``t``, while the turn lasts."""
        first: float = getattr(CALM, self.knob) if self.come_from is None else self.come_from
        way = min((t - self.start) / self.over, 1.0) if self.over > 0 else 1.0
        if first > 0 and self.to > 0:
            return float(first * (self.to / first) ** way)
        return first + (self.to - first) * way


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An autoscaler's bounds; of several fronts together, by their shares."""

    low: int
    high: int


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does at second ``at``. A role stands for all workloads that have it; in the names of fields
    ``{front}``, ``{cache}``, ``{third_party}`` and ``{service}`` stand for names."""

    at: float
    set: Mapping[str, Mapping[str, Any]] = {}  # fields of the flag document
    off: tuple[Literal["P0", "P1", "P2"], ...] = ()  # features switched off by their tiers
    autoscale: Mapping[Role, Range] = {}
    scale: Mapping[Role, int] = {}
    restart: tuple[Role, ...] = ()  # rolling
    skip: bool = False  # commit beyond the message that heads the first topic's partition 0


class Wrong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What looks right and is not."""

    what: str
    moves: tuple[Move, ...]


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A crisis and how to read it."""

    name: str
    title: str
    story: str
    look: str  # where it shows first
    helps: str
    costs: str  # what the help costs
    turns: tuple[Turn, ...] = ()
    moves: tuple[Move, ...] = ()  # what an expert would do, and when
    wrong: Wrong | None = None

    def crisis(self, t: float) -> Crisis:
        """What is wrong at simulated second ``t``."""
        return replace(CALM, **{turn.knob: turn.at(t) for turn in self.turns if turn.lasts(t)})


def scenario_of(name: str, text: str) -> Scenario:
    """The scenario that a file's text describes; BadScenario says where it does not."""
    try:
        found = msgspec.convert({"name": name, **tomllib.loads(text)}, Scenario)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise BadScenario(f"{name}.toml: {error}") from error
    for turn in found.turns:
        if turn.knob not in KNOBS:
            raise BadScenario(f"{name}.toml: no knob {turn.knob!r}: one of {', '.join(sorted(KNOBS))}")
    return found


def _read() -> dict[str, Scenario]:
    """All of them, the calm first."""
    found = (
        scenario_of(entry.name.removesuffix(".toml"), entry.read_text(encoding="utf-8"))
        for entry in files("connectors.simulator").joinpath(FOLDER).iterdir()
        if entry.name.endswith(".toml")
    )
    return {each.name: each for each in sorted(found, key=lambda each: (each.name != DEFAULT, each.name))}


SCENARIOS: Mapping[str, Scenario] = _read()


def scenario_named(name: str) -> Scenario:
    """The scenario of that name; UnknownScenario where there is none."""
    try:
        return SCENARIOS[name]
    except KeyError:
        raise UnknownScenario(f"no scenario {name!r}: choose one of {', '.join(SCENARIOS)}") from None
