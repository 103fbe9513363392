"""An answer that is not there yet: a group's members are answered when the last of them has come.

Handlers stay plain functions without a loop: they hand out a ``Later``, whoever completes it gives it its answer,
and only the connection that asked awaits it. What has its answer at once is never awaited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol


class Cancellable(Protocol):
    def cancel(self) -> None: ...


class Alarm(Protocol):
    """Wall time that a coordinator counts its timeouts in, as its clients do: simulated time may stand still."""

    def now(self) -> float:
        """Seconds, from any start."""
        ...

    def at(self, when: float, ring: Callable[[], None]) -> Cancellable:
        """Calls ``ring`` once ``now`` has reached ``when``."""
        ...


class LoopAlarm:
    """The running event loop's own time."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def at(self, when: float, ring: Callable[[], None]) -> Cancellable:
        return asyncio.get_running_loop().call_at(when, ring)


class StoppedAlarm:
    """Time that moves only when it is told to: ``run`` rings what falls due on the way."""

    def __init__(self) -> None:
        self._now = 0.0
        self._set: list[_Ring] = []

    def now(self) -> float:
        return self._now

    def at(self, when: float, ring: Callable[[], None]) -> Cancellable:
        self._set.append(_Ring(when, ring))
        return self._set[-1]

    def run(self, seconds: float) -> None:
        end = self._now + seconds
        while due := [ring for ring in self._set if not ring.cancelled and ring.when <= end]:
            first = min(due, key=lambda ring: ring.when)
            self._now = max(self._now, first.when)
            self._set.remove(first)
            first.call()
        self._now = end


class _Ring:
    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when, self.call, self.cancelled = when, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Later:
    """Given once; a second giving is ignored (the asker may have been answered by a timeout already)."""

    def __init__(self) -> None:
        self._given: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    @property
    def given(self) -> bool:
        return bool(self._given)

    @property
    def message(self) -> Any:
        """The answer. IndexError before it was given."""
        return self._given[0]

    def give(self, message: Any) -> None:
        if self._given:
            return
        self._given.append(message)
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    async def taken(self) -> Any:
        """The answer, once it is there."""
        if not self._given:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._given[0]
