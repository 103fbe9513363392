"""What the engine needs of the world, as narrow ports; ``console.session`` and the connectors fill them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from console.model.change import Applied, Change, Probed, RunContext
from console.model.component import ComponentId
from console.model.topology import Topology


class Clock(Protocol):
    """Estate time for checks, wall time for what is written down."""

    @property
    def speed(self) -> float:
        """Estate seconds a wall second, above 0."""
        ...

    def now(self) -> float:
        """Estate seconds since the epoch."""
        ...

    def wall(self) -> float:
        """Wall seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Wall seconds that never jump."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep for estate seconds."""
        ...


class Target(Protocol):
    """What writes: one connector."""

    async def apply(self, change: Change, run: RunContext) -> Applied:
        """One conditional write that carries its mark."""
        ...

    async def probe(self, change: Change, run: RunContext) -> Probed:
        """Whose value the target holds. Never writes."""
        ...


@runtime_checkable
class Permitting(Protocol):
    """A connector that can say beforehand whether a write would be allowed."""

    async def may(self, verb: str, resource: str, namespace: str) -> bool:
        """Whether these credentials may do this; asked of the system itself."""
        ...


class Watch(Protocol):
    """The estate as it is observed."""

    @property
    def topology(self) -> Topology:
        """The last observation."""
        ...

    async def next(self) -> Topology:
        """Waits for the next one."""
        ...

    async def read_now(self) -> Topology:
        """One fresh reading of every source."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """``actor``: who asked, for journal and marks."""

    watch: Watch
    target: Callable[[ComponentId], Target]  # KeyError when no connector knows the component
    clock: Clock
    actor: str

    async def pause(self, seconds: float) -> None:
        """Sleep for wall seconds."""
        await self.clock.sleep(seconds * self.clock.speed)

    def until(self, lasts: float | None) -> float | None:
        """The wall time at which a change that is made now and lasts so many estate seconds ends."""
        return None if lasts is None else self.clock.wall() + lasts / self.clock.speed
