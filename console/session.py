"""Opens the connectors and watches them: one loop each, one topology for all. No Textual in it.

Retries and back-off live here and nowhere else. A sick backend is read more rarely, never in a hurry,
and never delays another: every loop waits only for its own.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module

import msgspec

from connectors import Clock, Connector, ConnectorError
from console.config import Environment
from console.config_error import ConfigError
from console.model.component import ComponentId, source_of, system_of
from console.model.observe import empty, observe
from console.model.snapshot import Detail, FailureKind, Seen, Unreachable
from console.model.topology import Topology

BACK_OFF = (1, 1, 2, 4, 8)  # intervals to wait after the n-th failure in a row; the last one stays
LONGEST = 30.0  # wall seconds; nobody waits longer than this to learn that a backend is back
FARTHEST = 40.0  # wall seconds; more than any connector's deadlines together: one that breaks its word is abandoned


def open_connectors(environment: Environment, clock: Clock) -> dict[str, Connector]:
    """One connector for each table in the environment, in order; ConfigError where one cannot work as configured.

    Imports no client library.
    """
    return {name: _open(name, settings, environment, clock) for name, settings in environment.connectors.items()}


def _open(name: str, settings: msgspec.Struct, environment: Environment, clock: Clock) -> Connector:
    system = system_of(name)
    module = import_module(f"connectors.{system}")
    queries = tuple(query for query in environment.queries if source_of(query.component) == name)
    extra = (queries,) if system == "prometheus" else ()
    try:
        connector: Connector = module.open_connector(name, settings, clock, *extra)
    except ConnectorError as error:
        raise ConfigError(f"{environment.path}: {error}") from error
    return connector


class Session:
    """A live view of one environment. ``changed`` is called on the loop with each new topology."""

    def __init__(
        self, environment: Environment, clock: Clock, changed: Callable[[Topology], None] = lambda _: None
    ) -> None:
        self.environment = environment
        self.clock = clock
        self.topology = empty(environment.layout)
        self.connectors: Mapping[str, Connector] = open_connectors(environment, clock)
        self._changed = changed
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()

    async def start(self) -> None:
        """Starts one watch loop a connector."""
        self._tasks = [
            asyncio.create_task(self._watch(name, connector), name=f"watch {name}")
            for name, connector in self.connectors.items()
        ]

    async def stop(self) -> None:
        """Ends the loops and lets go of every backend. Never waits for a hung call."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for connector in self.connectors.values():
            await connector.close()

    async def read_now(self) -> Topology:
        """One reading of every source, side by side; returns when the slowest has answered or given up."""
        await asyncio.gather(*(self._read(name, connector) for name, connector in self.connectors.items()))
        return self.topology

    async def next(self) -> Topology:
        """Waits for the next observation, of whichever source."""
        async with self._news:
            await self._news.wait()
        return self.topology

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """A drill-down into one component, by the connector that knows it."""
        connector = self.connectors.get(source_of(component))
        if connector is None:
            reason = f"no connector for {component} in environment {self.environment.name}"
            return Unreachable(source_of(component), self.clock.now(), FailureKind.NOT_FOUND, reason)
        try:
            return await connector.inspect(component)
        except Exception as error:  # noqa: BLE001 - a mistake in a drill-down must not end the screen that asked for it
            return _mistaken(connector.name, self.clock.now(), error)

    def connector_for(self, component: ComponentId) -> Connector:
        """The connector that knows this component; KeyError names the system that is not configured."""
        return self.connectors[source_of(component)]

    async def _watch(self, name: str, connector: Connector) -> None:
        failures, task = 0, asyncio.current_task()
        while not (task and task.cancelling()):  # a client may swallow a cancel that meets its answer
            started = self.clock.monotonic()
            seen = await self._read(name, connector)
            failures = failures + 1 if isinstance(seen, Unreachable) else 0
            pause = pause_after(failures, self.environment.interval_of(name))
            await asyncio.sleep(max(0.05, pause - (self.clock.monotonic() - started)))

    async def _read(self, name: str, connector: Connector) -> Seen:
        try:
            async with asyncio.timeout(FARTHEST):
                seen = await connector.read()
        except TimeoutError:
            reason = f"{name}: no answer within {FARTHEST:g}s, past its own deadline"
            seen = Unreachable(name, self.clock.now(), FailureKind.TIMED_OUT, reason)
        except Exception as error:  # noqa: BLE001 - a connector's mistake would end its loop unseen: its source says it
            seen = _mistaken(name, self.clock.now(), error)
        await self._post(seen)
        return seen

    async def _post(self, seen: Seen) -> None:
        self.topology = observe(self.topology, seen)
        self._changed(self.topology)
        async with self._news:
            self._news.notify_all()


def _mistaken(name: str, at: float, error: Exception) -> Unreachable:
    """What no connector may raise, with the place that a maintainer asks for first."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
    return Unreachable(name, at, FailureKind.PROTOCOL, reason, "a mistake in Seawall: please report it")


def pause_after(failures: int, interval: float) -> float:
    """Wall seconds between two readings' starts after so many failures in a row.

    >>> [pause_after(n, 1.0) for n in (0, 1, 3, 5, 9)]
    [1.0, 1.0, 2.0, 8.0, 8.0]
    """
    if failures == 0:
        return interval
    factor = BACK_OFF[min(failures, len(BACK_OFF)) - 1]
    return max(interval, min(interval * factor, LONGEST))
