"""The outside world: one module a system, all behind one port.

    ConnectorError
    └── raised only while opening (bad settings, a secret that is not there); once open,
        failure is a value: ``read`` returns ``Unreachable``, ``apply`` returns ``Applied``.

A client library is imported by its connector, in a thread of that connector, at its first read.
"""

from __future__ import annotations

import re
from typing import Protocol, runtime_checkable

from console.model.change import Applied, Change, Probed, RunContext
from console.model.component import ComponentId, system_of
from console.model.examination import Examination, Write
from console.model.snapshot import Detail, Seen, Snapshot, Unreachable


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

    name: str  # its table in the config (`kafka`, `kafka-logs`), and the first part of its components' ids

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


@runtime_checkable
class Examining(Protocol):
    """A connector that can say what its credentials allow. For ``seawall doctor``; never part of a reading."""

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        """Tries every kind of read, and asks about every write without doing it. Never raises for a sick backend.

        A write is asked about as exactly as the system can answer: an access review, a dry run, ``ACL DRYRUN``. What
        cannot be asked is ``Grade.UNKNOWN``, with the reason; nothing is changed on the system.
        """
        ...


@runtime_checkable
class Explaining(Protocol):
    """A connector that can say how a number is measured. Every one can."""

    def behind(self, component: ComponentId, signal: str) -> str:
        """The query behind a signal, as a person would ask it with the system's own tool; "" where it has none.

        Pure: nothing is sent. ``signal`` is the name of a gauge, of a counter's rate, or of what follows from them.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A connector whose system keeps the past."""

    async def ghost(self, component: ComponentId, back: float) -> Snapshot | Unreachable:
        """The component's signals as they were ``back`` estate seconds ago; ``at`` is of then. On demand only."""
        ...


CONNECTORS: tuple[str, ...] = ("prometheus", "kafka", "redis", "kubernetes", "probe", "host")
"""Every connector there is, in the order in which the header names them. ``connectors.settings.<name>``
says what its table in the config may have, ``connectors.<name>`` has ``open_connector``."""


def is_source(key: str) -> bool:
    """Whether a table of this name configures a connector: a system, or one of several of its kind after a dash.

    >>> [is_source(key) for key in ("kafka", "kubernetes-eu", "kafka-", "kafkas", "interval")]
    [True, True, False, False, False]
    """
    return system_of(key) in CONNECTORS and re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", key) is not None
