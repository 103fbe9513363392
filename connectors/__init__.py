"""The outside world: one module a system, all behind one port.

    ConnectorError
    └── raised only while opening (bad settings, a secret that is not there); once open,
        failure is a value: ``read`` returns ``Unreachable``, ``apply`` returns ``Applied``.

A client library is imported by its connector, in a thread of that connector, at its first read.
"""

from __future__ import annotations

from typing import Protocol

from console.model.change import Applied, Change, Probed, RunContext
from console.model.component import ComponentId
from console.model.snapshot import Detail, Seen, Unreachable


class ConnectorError(Exception):
    """A connector cannot be opened. The message is one line that names the connector and the setting."""


class Clock(Protocol):
    """Time as the estate lives it. In production estate time is wall time; a demo may run faster, and stand still."""

    @property
    def speed(self) -> float:
        """Estate seconds a wall second, above 0; in a pause, what they will be after it."""
        ...

    @property
    def paused(self) -> bool:
        """Whether estate time stands still."""
        ...

    def now(self) -> float:
        """Estate seconds since the epoch: what ages, rates and ``for`` are counted in."""
        ...

    def wall(self) -> float:
        """Wall seconds since the epoch: what journals, leases and ``until`` are written in."""
        ...

    def monotonic(self) -> float:
        """Wall seconds that never jump: what deadlines and durations are measured with."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep for estate seconds."""
        ...


class Connector(Protocol):
    """The port. Every call ends within the connector's own finite deadline and none raises for a sick backend."""

    name: str  # the key in the config, and the first part of its components' ids

    async def read(self) -> Seen:
        """One complete reading, or why there is none. May always be called again."""
        ...

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """A drill-down, on demand and only then: pods of a deployment, partitions of a group, slow log."""
        ...

    async def apply(self, change: Change, run: RunContext) -> Applied:
        """One conditional write that carries its mark: refused when the before-value is no longer there."""
        ...

    async def probe(self, change: Change, run: RunContext) -> Probed:
        """Reads the target back and says whose value it holds. Never writes."""
        ...

    async def close(self) -> None:
        """Let go of sockets and threads. Never waits for a hung call."""
        ...


CONNECTORS: tuple[str, ...] = ("prometheus", "kafka", "redis", "kubernetes", "host")
"""Every connector there is, in the order in which the header names them. ``connectors.settings.<name>``
says what its table in the config may have, ``connectors.<name>`` has ``open_connector``."""
