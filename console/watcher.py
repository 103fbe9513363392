"""One source, read again and again. A sick one is read more rarely, and two readings of one source never overlap."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace

from connectors import Clock, Connector
from connectors.credentials import Fingerprint
from console.breaker import LOCKED, patience, pause_after
from console.model.component import ComponentId
from console.model.snapshot import Detail, FailureKind, Seen, Unreachable

FARTHEST = 40.0  # wall seconds; more than any connector's deadlines together: one that breaks its word is abandoned
SHORTEST = 0.05  # wall seconds between two readings


class Watcher:
    """``told`` gets each reading; ``fingerprint`` says whether the credentials were renewed at their place."""

    def __init__(
        self,
        connector: Connector,
        clock: Clock,
        interval: float,
        told: Callable[[Seen], Awaitable[None]],
        fingerprint: Callable[[], Fingerprint] = tuple,
    ) -> None:
        self.connector = connector
        self._clock = clock
        self._interval = interval
        self._told = told
        self._fingerprint = fingerprint
        self._reading: asyncio.Task[Seen] | None = None
        self._failure: Unreachable | None = None
        self._started = 0.0  # monotonic: the last reading
        self._ended = 0.0

    async def watch(self) -> None:
        """Reads until it is cancelled."""
        task = asyncio.current_task()
        while not (task and task.cancelling()):  # a client may swallow a cancel that meets its answer
            credentials = self._fingerprint()
            await self.read()
            await self._pause(credentials)

    async def read(self) -> Seen:
        """A reading that begins from now on: one under way may have begun before a write that is to be seen.

        Those who ask while one is under way share the next.
        """
        under_way = self._reading
        if under_way is not None and not under_way.done():
            await asyncio.wait((under_way,))
        if self._reading is under_way or self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name=f"read {self.connector.name}")
        return await asyncio.shield(self._reading)

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """A drill-down, unless the breaker is open: then what is known of the failure, at once."""
        if self._failure is not None and self._failure.open:
            return replace(self._failure, reason=f"not asked now, it fails: {self._failure.reason}")
        try:
            return await self.connector.inspect(component)
        except Exception as error:  # noqa: BLE001 - a mistake in a drill-down must not end the screen that asked for it
            return _mistaken(self.connector.name, self._clock.now(), error)

    async def stop(self) -> None:
        """Lets go of the backend, and of a reading under way. Never waits for a hung call."""
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.connector.close()

    async def _read(self) -> Seen:
        self._started = self._clock.monotonic()
        seen = await self._ask()
        self._ended = self._clock.monotonic()
        if isinstance(seen, Unreachable):
            seen = self._counted(seen)
            self._failure = seen
        else:
            self._failure = None
        await self._told(seen)
        return seen

    def _counted(self, seen: Unreachable) -> Unreachable:
        seen = replace(seen, failures=1 if self._failure is None else self._failure.failures + 1)
        left = self._due(seen) - self._clock.monotonic()
        return replace(seen, next_at=self._clock.now() + max(0.0, left) * self._clock.speed)

    def _due(self, failure: Unreachable | None) -> float:
        """Monotonic: when to ask again. Intervals count from a reading's start, a server's wish from its answer."""
        pause = pause_after(failure, failure.failures if failure is not None else 0, self._interval)
        return max(self._started + pause, self._ended + patience(failure))

    async def _ask(self) -> Seen:
        name = self.connector.name
        try:
            async with asyncio.timeout(FARTHEST):
                return await self.connector.read()
        except TimeoutError:
            reason = f"{name}: no answer within {FARTHEST:g}s, past its own deadline"
            return Unreachable(name, self._clock.now(), FailureKind.TIMED_OUT, reason)
        except Exception as error:  # noqa: BLE001 - a connector's mistake would end its loop unseen: its source says it
            return _mistaken(name, self._clock.now(), error)

    async def _pause(self, credentials: Fingerprint) -> None:
        """Until the next reading is due, or the credentials that were refused have been renewed."""
        failure, started = self._failure, self._started
        due = self._due(failure)
        await asyncio.sleep(max(SHORTEST, min(due, started + self._interval) - self._clock.monotonic()))
        while (left := due - self._clock.monotonic()) > 0:
            if failure is not None and failure.kind in LOCKED and self._fingerprint() != credentials:
                return
            await asyncio.sleep(min(left, self._interval))


def _mistaken(name: str, at: float, error: Exception) -> Unreachable:
    """What no connector may raise, with the place that a maintainer asks for first."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
    return Unreachable(name, at, FailureKind.PROTOCOL, reason, "a mistake in Seawall: please report it")
