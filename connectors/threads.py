"""A bulkhead: a few daemon threads for one blocking client, with a deadline around every call.

Daemon threads, because a hung call must not delay the exit; a pool for each backend, because a hung one must
not starve another. A call past its deadline is abandoned: its late result goes nowhere. One that still waits for a
thread then is forgotten, so that nothing piles up behind threads that hang.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    function: Callable[[], object]
    future: asyncio.Future[object]
    loop: asyncio.AbstractEventLoop


class Bulkhead:
    """``await bulkhead.call(function, deadline=2.0)`` runs a blocking function off the loop."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._limit = threads
        self._changed = threading.Condition()  # guards what follows
        self._waiting: deque[_Job] = deque()
        self._threads = 0
        self._free = 0  # of the threads: who will take the next job
        self._closed = False

    async def call(self, function: Callable[[], T], deadline: float) -> T:
        """The function's result, or its exception; TimeoutError when ``deadline`` wall seconds have passed."""
        loop = asyncio.get_running_loop()
        job = _Job(function, loop.create_future(), loop)
        self._put(job)
        try:
            async with asyncio.timeout(deadline):
                return cast(T, await job.future)
        finally:
            self._forget(job)

    def close(self) -> None:
        """Threads end after the calls that wait for them; nobody waits for the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _put(self, job: _Job) -> None:
        with self._changed:
            self._waiting.append(job)
            if len(self._waiting) > self._free and self._threads < self._limit:
                self._threads += 1
                self._free += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads - 1}", daemon=True).start()
            self._changed.notify()

    def _forget(self, job: _Job) -> None:
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)

    def _take(self) -> _Job | None:
        """The next job, whenever it comes; None: this thread's work is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._free -= 1
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None

    def _work(self) -> None:
        while (job := self._take()) is not None:
            outcome = _outcome(job.function)
            with self._changed:
                self._free += 1  # before the caller knows: it may have the next job at once, and needs no new thread
            _settle(job, *outcome)
            del job, outcome  # or what it returned would live until the next call


def _outcome(function: Callable[[], object]) -> tuple[object, BaseException | None]:
    try:
        return function(), None
    except BaseException as raised:  # noqa: BLE001 - handed to the caller, whatever it is
        return None, raised


def _settle(job: _Job, result: object, error: BaseException | None) -> None:
    def settle() -> None:
        if job.future.done():
            return
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)

    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        job.loop.call_soon_threadsafe(settle)
