"""The traffic model with its memory: what the estate steps once a simulated second."""

from __future__ import annotations

from connectors.simulator import observed, traffic
from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.now import Now
from connectors.simulator.scenarios import FAULT, Scenario
from connectors.simulator.state import opened
from connectors.simulator.tick import Levers, Tick
from connectors.simulator.usage import usage


class Model:
    """A scenario on an architecture, a seed and the state so far."""

    def __init__(
        self, scenario: Scenario, seed: int, workers: int | None = None, architecture: Architecture | None = None
    ) -> None:
        """``workers``: members of each consumer group at the start; None: as many as the architecture says."""
        self.architecture = architecture or architecture_named(DEFAULT)
        self.scenario = scenario
        self._seed = seed
        self._opened = 0.0  # the second from which the scenario's times are counted
        self._state = opened(self.architecture, workers)
        self._counters: observed.Counters = {}

    def begin(self, scenario: Scenario, t: int) -> None:
        """This begins to go wrong at second ``t``, in the place of what did."""
        self.scenario = scenario
        self._opened = t - FAULT

    def reseed(self, seed: int) -> None:
        """Other noise from the next second on."""
        self._seed = seed

    def step(self, t: int, levers: Levers) -> Tick:
        """Second ``t`` under these levers. Call it, or ``pass_by``, once a second, in order."""
        before = self._state
        now = self._now(t, levers)
        self._state, second = traffic.step(before, now)
        tick = observed.tick_of(before, self._state, second, now, self._counters)
        self._counters = tick.counters
        return tick

    def pass_by(self, t: int, levers: Levers) -> None:
        """Second ``t`` while nobody looks: all is counted as ``step`` does it, and nothing is told."""
        now = self._now(t, levers)
        self._state, second = traffic.step(self._state, now)
        used = usage(self._state, second, now)
        self._counters = observed.counters_of(second, now, used, self._counters)

    def _now(self, t: int, levers: Levers) -> Now:
        return Now(self.architecture, levers, self.scenario.crisis(t - self._opened), t, self._seed)
