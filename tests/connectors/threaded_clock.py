"""A clock that tells from where it was asked: what a worker saw must not be stamped by whoever waits for it."""

from __future__ import annotations

import threading

from console.clock import SystemClock

IN_A_WORKER = 2_000_000_000.0  # estate seconds
ELSEWHERE = 1_000_000_000.0


class ThreadedClock(SystemClock):
    """Its estate time is one for the main thread, in which the loop is, and another for all others."""

    def now(self) -> float:
        return ELSEWHERE if threading.current_thread() is threading.main_thread() else IN_A_WORKER
