"""The machine the console runs on: a slow bastion explains a slow console, and a wrong clock many a refused token.

It is a connector like the others: psutil is imported in its one thread, after the first frame. How far this machine's
clock is from those of the servers is judged where all readings come together: see console/model/skew.py.
"""

from __future__ import annotations

import getpass
import os
import socket

from connectors import Clock, Connector
from connectors.host.behind import behind
from connectors.host.examine import NOTHING_TO_SET, findings, version
from connectors.host.measure import Meter
from connectors.settings.host import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable

__all__ = ["Settings", "open_connector"]

DEADLINE = 5.0  # wall seconds, the import of psutil included; a file system that hangs is left behind after it


def open_connector(name: str, settings: Settings, clock: Clock) -> Connector:
    return HostConnector(name, settings, clock)


class HostConnector:
    """One component, ``host/local``."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._bulkhead = Bulkhead(name, 1)
        self._meter: Meter | None = None

    async def read(self) -> Seen:
        """Load a core, memory, disk, network and clock of the machine; CPU, memory and files of the console itself."""
        started = self._clock.monotonic()
        try:
            at, seen = await self._bulkhead.call(self._observe, DEADLINE)
        except TimeoutError:
            return self._unread(FailureKind.TIMED_OUT, f"no answer from the system in {DEADLINE:g} s")
        except OSError as error:
            return self._unread(FailureKind.PROTOCOL, f"the system does not tell: {error.strerror}")
        took = self._clock.monotonic() - started
        lost = tuple(each.note for each in seen.signals if each.name == "disk" and each.value is None)
        return Snapshot(self.name, at, took, (seen,), identity=socket.gethostname(), problems=lost)

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """The same numbers in words, with the machine's size."""
        seen = await self.read()
        if isinstance(seen, Unreachable):
            return seen
        if component != self._component:
            return Unreachable(self.name, seen.at, FailureKind.NOT_FOUND, f"{component} is not this machine")
        rows = tuple(
            (signal.name, "?" if signal.value is None else f"{signal.value:.4g}", signal.unit, signal.note)
            for signal in seen.components[0].signals
        )
        extra = {"host": seen.identity, "cores": str(os.cpu_count() or 1), "disk": self._settings.disk}
        return Detail(component, seen.at, "this machine", ("signal", "value", "unit", "note"), rows, extra=extra)

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        seen = await self.read()
        found: tuple[Finding, ...]
        if isinstance(seen, Unreachable):
            found = (Finding("measure this machine", Grade.NO, seen.reason, seen.advice, kind=seen.kind),)
        else:
            found = findings(seen.components[0], writes)
        host = socket.gethostname()
        return Examination(self.name, host, version(), identity=host, who=_user(), findings=found)

    def behind(self, component: ComponentId, signal: str) -> str:
        return behind(signal, self._settings.disk) if component == self._component else ""

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED, f"{change.component}: {NOTHING_TO_SET}")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: {NOTHING_TO_SET}")

    async def close(self) -> None:
        self._bulkhead.close()

    @property
    def _component(self) -> ComponentId:
        return f"{self.name}/local"

    def _unread(self, kind: FailureKind, reason: str) -> Unreachable:
        return Unreachable(self.name, self._clock.now(), kind, reason)

    def _observe(self) -> tuple[float, Observed]:
        """When it was measured, and what; in the worker, since the first time psutil is imported before."""
        if self._meter is None:
            self._meter = Meter(self.name, self._settings.disk)
        at = self._clock.now()
        return at, self._meter.read(self._component, at)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""  # a user id without a name, as in a container
