"""Kafka: groups and where they stand, dead-letter topics, brokers. Read only: there is no lever here.

kafka-python is imported in a worker thread at the first reading, never by this module. The client is thrown away
and made anew after a reading that failed as a whole: it remembers refused credentials and waits longer each time.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from connectors import Clock, Connector, ConnectorError
from connectors.failure import Failed
from connectors.kafka.connect import Connecting
from connectors.kafka.dial import split
from connectors.kafka.failure import failed
from connectors.kafka.survey import Survey, Surveyor, Wanted
from connectors.kafka.told import detail, observed
from connectors.secret import MissingSecret
from connectors.settings.kafka import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable

if TYPE_CHECKING:
    from connectors.kafka.client import Client

__all__ = ["Settings", "open_connector"]

THREADS = 8  # so many brokers are asked at the same time
FIRST = 10.0  # wall seconds for importing the client, once
GRACE = 0.25  # wall seconds for an attempt that keeps its own time to say what went wrong
NO_LEVER = "nothing on Kafka can be changed from here"


def open_connector(name: str, settings: Settings, clock: Clock) -> Connector:
    """ConnectorError where the settings cannot work. Nothing is sent and no client is imported yet."""
    if not settings.bootstrap:
        raise ConnectorError(f"{name}: bootstrap names no broker")
    for address in settings.bootstrap:
        try:
            split(address)
        except ValueError as error:
            raise ConnectorError(f'{name}: bootstrap "{address}" is not like "host:9092"') from error
    if bool(settings.user) != bool(settings.password):
        raise ConnectorError(f"{name}: user and password go together")
    if settings.timeout <= 0:
        raise ConnectorError(f"{name}: timeout must be above 0")
    for file in (settings.ca_file, settings.cert_file, settings.key_file):
        if file and not Path(file).expanduser().is_file():
            raise ConnectorError(f"{name}: no such file: {file}")
    try:
        _ = settings.password and settings.password.reveal()
    except MissingSecret as error:
        raise ConnectorError(f"{name}: {error}") from error
    return KafkaConnector(name, settings, clock)


class KafkaConnector:
    """The port's implementation. A reading ends within ``timeout``, one that has to connect first within twice that."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._threads = Bulkhead(name, THREADS)
        self._imported = False
        self._connecting = asyncio.Lock()
        self._client: Client | None = None
        self._surveyor: Surveyor | None = None

    async def read(self) -> Seen:
        """Groups and dead letters that the settings want, and the cluster."""
        started = self._clock.monotonic()
        try:
            survey = await self._look(Wanted(self._settings.groups, self._settings.dead_letters))
        except Failed as failure:
            return failure.unreachable(self.name, self._clock.now())
        at = self._clock.now()
        return Snapshot(
            self.name,
            at,
            self._clock.monotonic() - started,
            observed(survey, self.name, at),
            identity=survey.cluster.id,
            problems=survey.problems,
        )

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """``kafka/group/NAME`` or ``kafka/topic/NAME``: its partitions; ``kafka/cluster``: what each broker leads."""
        _, _, rest = component.partition("/")
        kind, _, name = rest.partition("/")
        exact = (_literal(name),)
        wanted = {"group": Wanted(groups=exact), "topic": Wanted(topics=exact)}.get(kind, Wanted())
        try:
            survey = await self._look(wanted)
        except Failed as failure:
            return failure.unreachable(self.name, self._clock.now())
        found = detail(survey, component, kind, name, self._clock.now())
        if found is None:
            reason = "; ".join(survey.problems) or f"{component}: not found"
            return Unreachable(self.name, self._clock.now(), FailureKind.NOT_FOUND, reason)
        return found

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED, f"{change.component}: {NO_LEVER}")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: {NO_LEVER}")

    async def close(self) -> None:
        self._forget()
        self._threads.close()

    async def _look(self, wanted: Wanted) -> Survey:
        try:
            surveyor = await self._connected()
            return await surveyor.look(wanted, self._settings.timeout)
        except Failed:
            self._forget()
            raise

    async def _connected(self) -> Surveyor:
        async with self._connecting:
            if self._surveyor is None:
                self._client = await self._connect()
                self._surveyor = Surveyor(self._client, self._threads)
            return self._surveyor

    async def _connect(self) -> Client:
        attempt = Connecting(self._settings)
        try:
            if not self._imported:
                await self._threads.call(attempt.load, FIRST)
                self._imported = True
            return await self._threads.call(attempt.client, self._settings.timeout + GRACE)
        except TimeoutError:
            attempt.abandon()
            reason = f"{', '.join(self._settings.bootstrap)}: no connection within {self._settings.timeout:g}s"
            raise failed(FailureKind.TIMED_OUT, reason) from None

    def _forget(self) -> None:
        """Lets go of the client. Closing it may take long, so a thread of its own does it."""
        client, self._client, self._surveyor = self._client, None, None
        if client is not None:
            threading.Thread(target=client.close, name=f"{self.name}-closing", daemon=True).start()


def _literal(name: str) -> str:
    """A pattern that matches this name alone."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
