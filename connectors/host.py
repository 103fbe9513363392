"""The machine the console runs on: a slow bastion explains a slow console.

Nothing here walks processes or leaves the machine, so it is read in one thread in well under a millisecond. It is a
connector like the others all the same: psutil is imported in that thread, after the first frame.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from connectors import Clock, Connector
from connectors.settings.host import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable

if TYPE_CHECKING:
    import psutil

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
        self._process: psutil.Process | None = None

    async def read(self) -> Seen:
        """Load a core, memory, disk and network of the machine; CPU and memory of the console itself."""
        at, started = self._clock.now(), self._clock.monotonic()
        try:
            seen = await self._bulkhead.call(lambda: self._observe(at), DEADLINE)
        except TimeoutError:
            return Unreachable(self.name, at, FailureKind.TIMED_OUT, f"no answer from the system in {DEADLINE:g} s")
        except OSError as error:
            return Unreachable(self.name, at, FailureKind.PROTOCOL, f"{self._settings.disk}: {error.strerror}")
        took = self._clock.monotonic() - started
        return Snapshot(self.name, at, took, (seen,), identity=socket.gethostname())

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

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED, f"{change.component}: nothing on this machine can be set")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: nothing on this machine can be set")

    async def close(self) -> None:
        self._bulkhead.close()

    @property
    def _component(self) -> ComponentId:
        return f"{self.name}/local"

    def _observe(self, at: float) -> Observed:
        import psutil

        first = self._process is None
        process = self._process = self._process or psutil.Process()
        # Since the last call, in shares of one core; the first call has nothing to compare with and says 0.
        busy = process.cpu_percent(interval=None) / 100
        network = psutil.net_io_counters()
        disk = psutil.disk_usage(self._settings.disk)

        def signal(name: str, value: float | None, unit: Unit, note: str = "") -> Signal:
            return Signal(name, value, unit, at, self.name, note)

        def counter(name: str, value: int) -> Counter:
            return Counter(f"{name}_total", value, name, at, self.name)  # bytes, so the rate is bytes a second

        return Observed(
            self._component,
            (
                signal("load", os.getloadavg()[0] / (os.cpu_count() or 1), Unit.RATIO, "one minute, a core"),
                signal("memory", psutil.virtual_memory().percent / 100, Unit.RATIO),
                signal("disk", disk.percent / 100, Unit.RATIO, self._settings.disk),
                signal("console_cpu", None if first else busy, Unit.RATIO, "first reading" if first else "of one core"),
                signal("console_memory", process.memory_info().rss, Unit.BYTES),
            ),
            (counter("received", network.bytes_recv), counter("sent", network.bytes_sent)) if network else (),
        )
