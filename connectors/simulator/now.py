"""All that holds during one simulated second, whichever equation asks."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.architecture import Architecture
from connectors.simulator.crisis import Crisis
from connectors.simulator.tick import Levers, Mode


@dataclass(frozen=True, slots=True)
class Now:
    """The second ``t`` of an architecture under levers and a crisis; its noise is the seed's."""

    plant: Architecture
    levers: Levers
    crisis: Crisis
    t: int
    seed: int

    def ready(self, workload: str) -> int:
        """Pods of the workload that may receive work."""
        return self.levers.pods_of(workload).ready

    def strength(self, workload: str) -> float:
        """Ready pods, cold ones at half."""
        pods = self.levers.pods_of(workload)
        return max(pods.ready - pods.cold / 2, 0.0)

    def on(self, mode: Mode) -> bool:
        """Whether the application works in that mode."""
        return self.levers.on(mode)

    @property
    def cache_ok(self) -> float:
        """Share of look-ups that reach the cache."""
        return self.crisis.cache_ok if self.levers.reported.cache_up else 0.0

    @property
    def ordering(self) -> float:
        """Share of requests that order something."""
        off = self.levers.features_off
        if self.levers.read_only or any(
            feature.orders and name in off for name, feature in self.plant.features.items()
        ):
            return 0.0
        return self.plant.users.orders * self.crisis.conversion
