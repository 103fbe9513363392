"""Kafka: groups and where they stand, dead-letter topics, brokers. Read only: there is no lever here.

kafka-python is imported in a worker thread at the first reading, never by this module. The client is thrown away
and made anew after a reading that failed as a whole: what was wrong may be its credentials, or whom it knows.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from connectors import Clock, Connector
from connectors.deadline import Overdue, within
from connectors.failure import Failed
from connectors.kafka import pipelines
from connectors.kafka.behind import behind
from connectors.kafka.checked import check
from connectors.kafka.connect import Connecting
from connectors.kafka.detail import detail
from connectors.kafka.examine import examination, unreached
from connectors.kafka.failure import failed
from connectors.kafka.memory import Memory
from connectors.kafka.oauth import Tokens
from connectors.kafka.roll import Roll
from connectors.kafka.seldom import Seldom
from connectors.kafka.survey import Survey, Surveyor
from connectors.kafka.told import observed
from connectors.kafka.wanted import Wanted
from connectors.settings.kafka import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.examination import Examination, Write
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable

if TYPE_CHECKING:
    from connectors.kafka.client import Client

__all__ = ["Settings", "open_connector"]

THREADS = 32  # so many brokers are asked at the same time; a thread is made when it is needed
FIRST = 10.0  # wall seconds for importing the client, once
GRACE = 0.25  # wall seconds for an attempt that keeps its own time to say what went wrong
WARMING = 0.1  # share of the timeout that brokers have to be connected to, however long the first one took
NO_LEVER = "nothing on Kafka can be changed from here"


def open_connector(name: str, settings: Settings, clock: Clock) -> Connector:
    """ConnectorError where the settings cannot work. Nothing is sent and no client is imported yet."""
    check(name, settings)
    return KafkaConnector(name, settings, clock)


class KafkaConnector:
    """The port's implementation. A reading ends within ``timeout``, one that has to connect first within twice that."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._threads = Bulkhead(name, THREADS)
        self._imported = False
        self._tokens = Tokens(settings) if settings.oauth else None
        self._roll = Roll(clock.monotonic)
        self._seldom = Seldom(clock.monotonic)
        self._connecting = asyncio.Lock()
        self._client: Client | None = None
        self._surveyor: Surveyor | None = None
        self._memory = Memory()
        self._pipelines = pipelines.Connect(settings, self._threads)

    async def read(self) -> Seen:
        """Groups and dead letters that the settings want, and the cluster."""
        started = self._clock.monotonic()
        try:
            # Side by side: neither waits for the other's deadline.
            survey, connect = await asyncio.gather(self._look(Wanted.of(self._settings)), self._pipelines.read())
        except Failed as failure:
            return failure.unreachable(self.name, self._clock.now())
        at = survey.at
        left = self._settings.timeout - (self._clock.monotonic() - started)
        memory = self._memory = await self._remembered(survey, at, left)
        seen = await asyncio.to_thread(observed, survey, self.name, at, memory)
        return Snapshot(
            self.name,
            at,
            self._clock.monotonic() - started,
            (*seen, *pipelines.observed(connect.pipelines, seen, self.name, at)),
            identity=survey.cluster.id,
            problems=(*survey.problems, *connect.problems),
        )

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """A group's or a topic's partitions; ``…/cluster``: its brokers; ``…/broker/ID``; ``…/quotas``.

        ``…/connector/NAME``: the tasks of one of Connect's connectors.
        """
        _, _, rest = component.partition("/")
        kind, _, name = rest.partition("/")
        if kind == "connector":
            return await self._inspect_pipeline(component, name)
        wanted = Wanted.of(self._settings).only(kind, name)
        try:
            survey = await self._look(wanted)
        except Failed as failure:
            return failure.unreachable(self.name, self._clock.now())
        found = detail(survey, component, kind, name, survey.at, self._memory)
        if found is None:
            reason = "; ".join(survey.problems) or f"{component}: not found"
            return Unreachable(self.name, self._clock.now(), FailureKind.NOT_FOUND, reason)
        return found

    async def _inspect_pipeline(self, component: ComponentId, name: str) -> Detail | Unreachable:
        connect, at = await self._pipelines.read(), self._clock.now()
        reason = "; ".join(connect.problems) or f"{component}: not found"
        found = pipelines.detail(connect.pipelines, component, name, at)
        return found or Unreachable(self.name, at, FailureKind.NOT_FOUND, reason)

    async def _remembered(self, survey: Survey, at: float, seconds: float) -> Memory:
        """With this survey, and what the brokers are asked of the time before the first one while there is time left.

        Off the loop: ten thousand partitions take a tenth of a second.
        """
        memory = await asyncio.to_thread(self._memory.after, survey, at)
        asked = await asyncio.to_thread(memory.questions, survey)
        if not asked or self._surveyor is None or seconds <= 0:
            return memory
        times = {part: question.time for part, question in asked.items()}
        return memory.with_answers(asked, await self._surveyor.offsets_at(survey, times, seconds))

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED, f"{change.component}: {NO_LEVER}")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: {NO_LEVER}")

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        """Makes a reading, and asks what more we may do."""
        try:
            survey = await self._look(Wanted.of(self._settings))
            surveyor = await self._connected()
            rights = await surveyor.rights(survey, self._settings.timeout)
        except Failed as failure:
            return unreached(self.name, self._settings, failure)
        return examination(self.name, self._settings, survey, rights, writes)

    def behind(self, component: ComponentId, signal: str) -> str:
        return behind(self._settings, component, signal)

    @property
    def asked(self) -> int:
        """Requests that the present client has sent, without those that a connection begins with."""
        return self._client.asked if self._client is not None else 0

    async def close(self) -> None:
        self._forget()
        self._pipelines.close()
        self._threads.close()

    async def _look(self, wanted: Wanted) -> Survey:
        try:
            await self._renewed()
            surveyor = await self._connected()
            return await surveyor.look(wanted, self._settings.timeout)
        except Failed as failure:
            if self._tokens is not None and failure.kind is FailureKind.EXPIRED:
                self._tokens.forget()
            self._forget()
            raise

    async def _renewed(self) -> None:
        """A token that is near its end is replaced before anybody asks for it."""
        tokens = self._tokens
        if tokens is None or not tokens.due:
            return
        seconds = self._settings.timeout
        try:
            await within(self._threads, seconds, lambda line: tokens.renew(line, seconds))
        except Overdue:
            raise tokens.late() from None

    async def _connected(self) -> Surveyor:
        async with self._connecting:
            if self._surveyor is None:
                until = self._clock.monotonic() + self._settings.timeout
                self._client = await self._connect()
                surveyor = Surveyor(self._client, self._threads, self._roll, self._seldom, self._clock.now)
                await surveyor.warm(max(until - self._clock.monotonic(), self._settings.timeout * WARMING))
                self._surveyor = surveyor
            return self._surveyor

    async def _connect(self) -> Client:
        attempt = Connecting(self._settings, self._tokens)
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
