"""What a view may draw from: one immutable value, so that drawing the same scene twice gives the same cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.acting import Offer
from console.model.component import ComponentId
from console.model.reading import Reading
from console.model.snapshot import Detail, Unreachable
from console.model.topology import STALE_AFTER, Topology


@dataclass(frozen=True, slots=True)
class Scene:
    """``now`` is estate seconds, ``wall`` wall seconds; both stand still while the screen is paused."""

    topology: Topology
    now: float
    wall: float
    width: int = 80
    height: int = 24
    chosen: str = ""
    offers: tuple[Offer, ...] = ()
    inspections: Mapping[ComponentId, Detail | Unreachable] = field(default_factory=dict)

    def late(self, source: str, at: float) -> bool:
        """Whether what this source said at ``at`` is too old to be believed."""
        return self.now - at > STALE_AFTER * self.topology.layout.interval_of(source)

    def stale(self, reading: Reading) -> bool:
        return reading.stale or self.late(reading.source, reading.at)
