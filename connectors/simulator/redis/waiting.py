"""Clients that wait: for a key that somebody fills (BLPOP and its sisters), or for a pause to end.

A client that waits gets ``LATER`` for a reply; the reply itself comes through a future that its conversation awaits.
Who waited longest is served first, after the command (or the whole transaction or script) that filled the key, as
the real server does it. A waiter watches its keys by their stamps, so that a command that touches none of them
costs a comparison.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.simulator.redis.keyspace import WRONG_TYPE, Keyspace
from connectors.simulator.redis.protocol import Failure, Later, Reply

LATER = Later()


@dataclass(eq=False, slots=True)
class Waiter:
    """One client's wait. ``attempt`` says the reply, or LATER while there is still nothing for it."""

    client_id: int
    keys: Keyspace
    names: tuple[bytes, ...]
    attempt: Callable[[], Reply]
    timeout: float  # wall seconds; 0: for ever
    empty: Reply  # what is said when the time is over
    done: asyncio.Future[Reply]
    stamps: tuple[int, ...] = ()

    def touched(self) -> bool:
        stamps = tuple(self.keys.watches.stamp(name) for name in self.names)
        changed, self.stamps = stamps != self.stamps, stamps
        return changed


class Waiting:
    """All who wait at one server, the longest first."""

    def __init__(self) -> None:
        self._waiters: dict[int, Waiter] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    def park(
        self,
        client_id: int,
        keys: Keyspace,
        names: Sequence[bytes],
        attempt: Callable[[], Reply],
        timeout: float,
        empty: Reply,
    ) -> Later:
        """From now on the client waits, in a running event loop; ``timeout`` is in wall seconds, 0: for ever."""
        done: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        chosen = tuple(dict.fromkeys(names))
        stamps = tuple(keys.watches.add(name) for name in chosen)
        self._waiters[client_id] = Waiter(client_id, keys, chosen, attempt, timeout, empty, done, stamps)
        return LATER

    def of(self, client_id: int) -> Waiter | None:
        return self._waiters.get(client_id)

    def serve(self) -> None:
        """Answers those whose keys were touched and hold what they wait for; again while that touches others'."""
        served = bool(self._waiters)
        while served:
            served = False
            for waiter in list(self._waiters.values()):
                served = self._serve(waiter) or served

    def _serve(self, waiter: Waiter) -> bool:
        if waiter.client_id not in self._waiters or not waiter.touched():
            return False
        try:
            reply = waiter.attempt()
        except Failure as failure:
            if str(failure) == WRONG_TYPE:
                return False  # it waits for a key of its kind
            reply = failure
        if reply is LATER:
            return False
        self.end(waiter.client_id, reply)
        return True

    def end(self, client_id: int, reply: Reply) -> bool:
        """Ends a client's wait with this reply; whether it waited."""
        waiter = self._waiters.pop(client_id, None)
        if waiter is None:
            return False
        for name in waiter.names:
            waiter.keys.watches.remove(name)
        if not waiter.done.done():
            waiter.done.set_result(reply)
        return True

    def forget(self, client_id: int) -> None:
        """The client is gone."""
        self.end(client_id, None)


@dataclass(slots=True)
class Pause:
    """CLIENT PAUSE: until when clients are held, by a wall clock that nobody turns (``monotonic`` seconds)."""

    monotonic: Callable[[], float] = time.monotonic
    until: float = 0.0
    writes_only: bool = True
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, seconds: float, writes_only: bool) -> None:
        """A pause in force is never shortened, and stays one of all commands until it ends."""
        if self.left(write=True) > 0:
            self.until = max(self.until, self.monotonic() + seconds)
            self.writes_only = self.writes_only and writes_only
        else:
            self.until, self.writes_only = self.monotonic() + seconds, writes_only
        self.over.clear()

    def end(self) -> None:
        self.until = 0.0
        self.over.set()

    def left(self, write: bool) -> float:
        """Wall seconds for which a command must still wait, 0 when it need not."""
        if self.writes_only and not write:
            return 0.0
        return max(0.0, self.until - self.monotonic())

    async def wait(self, write: bool) -> None:
        """Returns once such a command may run."""
        while (left := self.left(write)) > 0:
            self.over.clear()
            try:
                await asyncio.wait_for(self.over.wait(), left)
            except TimeoutError:
                continue
