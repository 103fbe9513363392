"""What psutil says of this machine and of this process, as signals. Read in one thread in well under a millisecond.

Nothing here walks processes or leaves the machine. What a platform does not tell is unknown.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from connectors.imports import imported
from console.model.component import ComponentId
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import Observed

if TYPE_CHECKING:
    import psutil


class Meter:
    """One machine and one process, read again and again: shares of CPU and a set clock need a reading before."""

    def __init__(self, source: str, disk: str, booted: Callable[[], float] | None = None) -> None:
        """``disk``: a path on the file system to watch; ``booted``: the time of boot by the clock as it is now.

        Imports psutil.
        """
        imported("psutil")
        import psutil

        self._source = source
        self._disk = disk
        self._process = psutil.Process()
        self._first = True
        # The kernel's time of boot is its clock less its uptime: it moves when the clock is set.
        self._booted = booted or psutil.boot_time
        self._booted_first = self._booted()

    def read(self, component: ComponentId, at: float) -> Observed:
        """A disk that is not there is unknown, and its note says so; OSError where the system tells nothing else."""
        import psutil

        signals = (*self._machine(at), *self._console(at), self._clock(at))
        network = psutil.net_io_counters()
        counters = (self._counter("received", network.bytes_recv, at), self._counter("sent", network.bytes_sent, at))
        return Observed(component, signals, counters if network else ())

    def _machine(self, at: float) -> tuple[Signal, ...]:
        import psutil

        cores = os.cpu_count() or 1
        return (
            self._signal("load", os.getloadavg()[0] / cores, Unit.RATIO, at, "one minute, a core"),
            self._signal("memory", psutil.virtual_memory().percent / 100, Unit.RATIO, at),
            self._file_system(at),
        )

    def _file_system(self, at: float) -> Signal:
        import psutil

        try:
            used = psutil.disk_usage(self._disk).percent / 100
        except OSError as error:
            return self._signal("disk", None, Unit.RATIO, at, f"{self._disk}: {error.strerror}")
        return self._signal("disk", used, Unit.RATIO, at, self._disk)

    def _console(self, at: float) -> tuple[Signal, ...]:
        # Since the last call, in shares of one core; the first call has nothing to compare with and says 0.
        busy, first = self._process.cpu_percent(interval=None) / 100, self._first
        self._first = False
        files, most = _files(self._process)
        ratio = files / most if files is not None and most else None
        return (
            self._signal(
                "console_cpu", None if first else busy, Unit.RATIO, at, "first reading" if first else "of one core"
            ),
            self._signal("console_memory", self._process.memory_info().rss, Unit.BYTES, at),
            self._signal("open_files", files, Unit.COUNT, at, f"of {most}" if most else "no limit is told"),
            self._signal("open_files_ratio", ratio, Unit.RATIO, at),
        )

    def _clock(self, at: float) -> Signal:
        """By how much it was set since the console started, to a second."""
        stepped = self._booted() - self._booted_first
        return self._signal("clock_set", abs(stepped), Unit.SECONDS, at, _side(stepped))

    def _signal(self, name: str, value: float | None, unit: Unit, at: float, note: str = "") -> Signal:
        return Signal(name, value, unit, at, self._source, note)

    def _counter(self, name: str, value: int, at: float) -> Counter:
        return Counter(f"{name}_total", value, name, at, self._source)  # bytes, so the rate is bytes a second


def _side(stepped: float) -> str:
    """The clock's jumps since the console started, in words."""
    if not stepped:
        return ""
    return f"{'forward' if stepped > 0 else 'back'} since the console started: ages before that are wrong"


def _files(process: psutil.Process) -> tuple[int | None, int | None]:
    """How many files and sockets the console has open, and how many it may; None where the platform does not tell."""
    try:
        import resource
    except ImportError:
        return None, None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return process.num_fds(), None if soft == resource.RLIM_INFINITY else soft
