"""Opens the connectors and watches them: one loop each, one topology for all. No Textual in it.

Retries and back-off live here (``watcher``, ``breaker``) and nowhere else. A sick backend is read more rarely, never
in a hurry, and never delays another: every loop waits only for its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

import msgspec

from connectors import Clock, Connector, ConnectorError
from connectors.credentials import fingerprint
from console.config import Environment
from console.config_error import ConfigError
from console.ghost import ghost_of
from console.model.component import ComponentId, source_of, system_of
from console.model.observe import aged, empty, observe
from console.model.reading import Reading
from console.model.snapshot import Detail, FailureKind, Seen, Unreachable
from console.model.topology import Topology
from console.watcher import Watcher


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
        self._watchers: dict[str, Watcher] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()

    async def start(self) -> None:
        """Starts one watch loop a connector."""
        self._tasks = [
            asyncio.create_task(self._watcher(name).watch(), name=f"watch {name}") for name in self.connectors
        ]

    async def stop(self) -> None:
        """Ends the loops and lets go of every backend. Never waits for a hung call."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await asyncio.gather(*(self._watcher(name).stop() for name in self.connectors))

    async def read_now(self) -> Topology:
        """One reading of every source, side by side; returns when the slowest has answered or given up."""
        await asyncio.gather(*(self._watcher(name).read() for name in self.connectors))
        return self.topology

    async def next(self) -> Topology:
        """Waits for the next observation, of whichever source."""
        async with self._news:
            await self._news.wait()
        return self.topology

    def look(self) -> Topology:
        """What is known now: while every source hangs, nothing is seen, and what was seen becomes stale."""
        self.topology = aged(self.topology, self.clock.now())
        return self.topology

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """A drill-down into one component, by the connector that knows it."""
        source = source_of(component)
        if source not in self.connectors:
            reason = f"no connector for {component} in environment {self.environment.name}"
            return Unreachable(source, self.clock.now(), FailureKind.NOT_FOUND, reason)
        return await self._watcher(source).inspect(component)

    async def ghost(self, alias: str, back: float) -> Mapping[str, Reading] | Unreachable:
        """A line's readings ``back`` estate seconds ago, or why nobody can tell; on demand only."""
        return await ghost_of(alias, back, self.environment.layout, self.connectors, self.clock)

    def connector_for(self, component: ComponentId) -> Connector:
        """The connector that knows this component; KeyError names the system that is not configured."""
        return self.connectors[source_of(component)]

    def _watcher(self, name: str) -> Watcher:
        if name not in self._watchers:
            settings = self.environment.connectors.get(name)
            renewed = partial(fingerprint, settings) if settings is not None else tuple
            interval = self.environment.interval_of(name)
            self._watchers[name] = Watcher(self.connectors[name], self.clock, interval, self._post, renewed)
        return self._watchers[name]

    async def _post(self, seen: Seen) -> None:
        self.topology = observe(self.topology, seen)
        self._changed(self.topology)
        async with self._news:
            self._news.notify_all()
