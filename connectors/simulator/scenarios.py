"""Crises as data: what goes wrong, when and how hard; what to look at, what helps and what that costs.

A new crisis is one more entry in ``SCENARIOS``. Times are simulated seconds; 0 is when the estate was opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.simulator.crisis import CALM, Crisis

FAULT = 60.0  # when things begin to go wrong: time enough to see the calm


class UnknownScenario(ValueError):
    """No scenario has that name. The message lists those there are."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One knob of the crisis turned to a value: at once, or over ``over`` seconds, and back at ``until``.

    Between two positive values a knob moves exponentially (the same factor every second), because that is
    how word spreads; where one of them is 0, in a straight line. Of two turns of one knob the later in the
    scenario's list counts while it lasts.
    """

    knob: str
    to: float
    start: float = FAULT
    over: float = 0.0
    until: float = float("inf")
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


@dataclass(frozen=True, slots=True)
class Scenario:
    """A crisis and how to read it."""

    name: str
    title: str
    story: str
    look: str  # where it shows first
    helps: str
    costs: str  # what the help costs
    turns: tuple[Turn, ...] = ()

    def crisis(self, t: float) -> Crisis:
        """What is wrong at simulated second ``t``."""
        return replace(CALM, **{turn.knob: turn.at(t) for turn in self.turns if turn.lasts(t)})


_ALL = (
    Scenario(
        name="calm",
        title="An ordinary day",
        story="Nothing is wrong. Traffic breathes a little over the hour.",
        look="everything green",
        helps="nothing is needed",
        costs="nothing",
    ),
    Scenario(
        name="viral-spike",
        title="Viral spike, 100x traffic within five minutes",
        story="A link is shared and shared again. One page draws a hundred times the usual crowd, most of it only "
        "looking, some of it scrapers. The autoscaler runs into its maximum, then the cache's short TTL lets too "
        "many reads through and the database saturates; retries and a CDN that cannot refresh its copies follow. "
        "The crowd thins out after six minutes, but what has collapsed stays down.",
        look="gateway errors and api cpu, then database connections; the autoscaler at its maximum",
        helps="a higher HPA minimum and maximum, a longer catalog TTL, P2 features off and a rate limit for each "
        "user, together: more pods alone only open more connections to a database that is already full",
        costs="older catalog pages for up to the TTL, no recommendations, reviews or search suggestions, "
        "429s for heavy clients, the price of the pods",
        turns=(
            Turn("spike", to=100.0, over=300.0, until=FAULT + 360),
            Turn("spike", to=60.0, start=FAULT + 360, over=600.0, come_from=100.0),
            Turn("conversion", to=0.12, over=300.0),
        ),
    ),
)

SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


def scenario_named(name: str) -> Scenario:
    """The scenario of that name; UnknownScenario where there is none."""
    try:
        return SCENARIOS[name]
    except KeyError:
        raise UnknownScenario(f"no scenario {name!r}: choose one of {', '.join(SCENARIOS)}") from None
