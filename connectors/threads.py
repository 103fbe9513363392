"""A bulkhead: a few daemon threads for one blocking client, with a deadline around every call.

Daemon threads, because a hung call must not delay the exit; a pool for each backend, because a hung one must
not starve another. A call past its deadline is abandoned: its late result goes nowhere.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import TypeVar, cast

T = TypeVar("T")
_Job = tuple[Callable[[], object], "asyncio.Future[object]", asyncio.AbstractEventLoop]


class Bulkhead:
    """``await bulkhead.call(function, deadline=2.0)`` runs a blocking function off the loop."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._limit = threads
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0

    async def call(self, function: Callable[[], T], deadline: float) -> T:
        """The function's result, or its exception; TimeoutError when ``deadline`` wall seconds have passed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._jobs.put((function, future, loop))
        self._grow()
        async with asyncio.timeout(deadline):
            return cast(T, await future)

    def close(self) -> None:
        """Threads end after the call they are in; nobody waits for them."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _grow(self) -> None:
        if self._idle.acquire(blocking=False) or self._started >= self._limit:
            return
        name = f"{self._name}-{self._started}"
        self._started += 1
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, future, loop = job
            outcome = (None, None) if future.cancelled() else _outcome(function)
            self._idle.release()  # before the caller knows: it may have the next job at once, and needs no new thread
            _settle(loop, future, *outcome)


def _outcome(function: Callable[[], object]) -> tuple[object, BaseException | None]:
    try:
        return function(), None
    except BaseException as raised:  # noqa: BLE001 - handed to the caller, whatever it is
        return None, raised


def _settle(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[object], result: object, error: BaseException | None
) -> None:
    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
