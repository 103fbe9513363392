"""Calls into the blocking client from the loop: a few at once, each with a total deadline of its own.

A call's time counts from when a thread is free for it: a first reading of twenty namespaces makes some hundred calls,
and the last one is not late because the others were asked first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from connectors.deadline import Overdue, within
from connectors.failure import Failed
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

T = TypeVar("T")
SLACK = 0.5  # wall seconds beyond one request's timeout


class Calls:
    """``await calls.ask(server, function)``: the result, or Failed."""

    def __init__(self, name: str, threads: int, timeout: float) -> None:
        self.bulkhead = Bulkhead(name, threads)
        self._turn = asyncio.Semaphore(threads)
        self._timeout = timeout

    @property
    def budget(self) -> float:
        """Wall seconds a call."""
        return self._timeout + SLACK

    async def ask(self, server: str, function: Callable[[], T]) -> T:
        """``server`` is who is asked, for the reason why not."""
        try:
            async with self._turn:
                return await within(self.bulkhead, self.budget, lambda _: function())
        except Overdue as error:
            raise Failed(FailureKind.TIMED_OUT, f"{server} did not answer within {self._timeout:g} s") from error

    def close(self) -> None:
        self.bulkhead.close()
