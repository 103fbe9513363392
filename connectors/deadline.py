"""A total deadline for one blocking HTTP call, and what it was doing when the deadline came.

A socket's timeout counts from the last byte, so a server that drips holds a thread for as long as it likes. Here the
one who waits shuts the call's socket when the time is over: the thread comes back, and it can send nothing any more.
For a write that matters twice: the call says ``commit`` just before its request leaves, under the same lock that the
deadline takes, so that "nothing was sent" is a fact and not a guess.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from connectors.threads import Bulkhead

T = TypeVar("T")
_thread = threading.local()


class Overdue(TimeoutError):
    """The deadline came first. ``committed``: a write had left, or was about to, and its outcome is not known."""

    def __init__(self, committed: bool) -> None:
        super().__init__("deadline passed")
        self.committed = committed


class Line:
    """One call's hold on the socket that it uses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cut = False
        self._committed = False

    def hold(self, sock: object) -> None:
        """This is the socket from now on; TimeoutError when the deadline is already over."""
        with self._lock:
            self._check()
            self._socket = sock if isinstance(sock, socket.socket) else None

    def commit(self) -> None:
        """A write leaves now; TimeoutError, and it must not leave, when the deadline is already over."""
        with self._lock:
            self._check()
            self._committed = True

    def refused(self) -> None:
        """The target answered that the write did not happen."""
        with self._lock:
            self._committed = False

    def cut(self) -> bool:
        """Ends the call; whether a write may have happened."""
        with self._lock:
            self._cut = True
            if self._socket is not None:
                _shut(self._socket)
            return self._committed

    def _check(self) -> None:
        if self._cut:
            raise TimeoutError("past its deadline: nothing more is sent")


async def within(bulkhead: Bulkhead, deadline: float, function: Callable[[Line], T]) -> T:
    """``function``'s result or exception; Overdue when ``deadline`` wall seconds have passed or it timed out.

    Cancelled, it ends the call as the deadline would.
    """
    line = Line()

    def call() -> T:
        with holding(line):
            return function(line)

    try:
        return await bulkhead.call(call, deadline)
    except TimeoutError as error:
        raise Overdue(line.cut()) from error
    except asyncio.CancelledError:
        line.cut()  # nobody waits any more: a server that drips must not keep the thread
        raise


@contextmanager
def holding(line: Line) -> Iterator[None]:
    """Inside, every socket that this thread uses over ``pool_classes`` is the line's, and ends with it."""
    _thread.line = line
    try:
        yield
    finally:
        _thread.line = None


def pool_classes(pools: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Pools by scheme, urllib3's own where none are given, with connections that tell their call's line which socket
    they use.

    For ``PoolManager.pool_classes_by_scheme``; one that goes through SOCKS has pools of its own. Typed loosely: urllib3
    is imported only when a client is built.
    """
    from urllib3.poolmanager import pool_classes_by_scheme

    return {scheme: _telling(pool) for scheme, pool in (pools or pool_classes_by_scheme).items()}


def _telling(pool: Any) -> Any:
    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            _hold(self.sock)

        def request(self, *args: Any, **kwargs: Any) -> None:
            _hold(self.sock)
            super().request(*args, **kwargs)

    class Pool(pool):  # type: ignore[misc]
        ConnectionCls = Connection

    return Pool


def _hold(sock: object) -> None:
    line: Line | None = getattr(_thread, "line", None)
    if line is not None:
        line.hold(sock)


def _shut(sock: socket.socket) -> None:
    try:
        # Not SSLSocket.shutdown: that takes the TLS layer away under the thread that is reading.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # closed already: the call is over
