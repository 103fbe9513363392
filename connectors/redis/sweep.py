"""The sweep: raises the TTL of keys that exist already, gently. Help for a raised ``ttl.*`` fact, not a lever.

It cannot be undone: nothing remembers what each key had. ``EXPIRE … GT`` only raises, and leaves a key without a TTL
alone. SCAN goes in steps of 200, each of which holds the server for about a fifth of a millisecond; 10,000 keys a
second leave the latency of other clients where it was, ten times as much does not. The new TTLs are spread over a
tenth, because keys that were raised together would also expire together. The synchronous client in a thread of its
own is several times faster here than the asynchronous one.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from zlib import crc32

from connectors.redis.address import Address
from connectors.redis.client import blocking
from connectors.redis.refusal import redis_errors, translated
from connectors.secret import MissingSecret
from connectors.settings.redis import Settings
from connectors.threads import Bulkhead

if TYPE_CHECKING:
    import redis

STEP = 200  # keys a SCAN
SPREAD = 0.1  # of the TTL
REPORT = 0.25  # wall seconds between reports
FIRST = 15.0  # wall seconds more for the first report: the client is imported


@dataclass(frozen=True, slots=True)
class Swept:
    """How far a sweep has come. ``reason`` says why it ended before all keys were seen; "" when it did not."""

    matched: int
    raised: int
    seconds: float
    done: bool = False
    reason: str = ""

    def with_more(self, more: Swept, done: bool) -> Swept:
        """This sweep and another after it."""
        return Swept(
            self.matched + more.matched, self.raised + more.raised, self.seconds + more.seconds, done, more.reason
        )


async def walked(sweep: Sweep, name: str) -> AsyncGenerator[Swept, None]:
    """Its reports until one is ``done``, in a thread of its own; leaving the loop over them ends it."""
    bulkhead = Bulkhead(f"{name}-sweep", 1)
    try:
        while True:
            swept = await sweep.advance(bulkhead)
            yield swept
            if swept.done:
                return
    finally:
        sweep.end()
        bulkhead.close()


class Sweep:
    """One walk over the keys. ``advance`` does a quarter of a second's worth of it; ``stop`` is looked at each step."""

    def __init__(
        self,
        settings: Settings,
        address: Address,
        pattern: str,
        ttl: float,
        rate: float,
        limit: int,
        stop: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        if ttl <= 0 or rate <= 0 or limit <= 0:
            raise ValueError("ttl, rate and limit of a sweep must be more than 0")
        self._settings = settings
        self._address = address
        self._pattern = pattern
        self._ttl = math.ceil(ttl)
        self._rate = rate
        self._limit = limit
        self._stop = stop
        self._over = False
        self._monotonic = monotonic
        self._wait = wait or stop.wait
        self._client: redis.Redis | None = None
        self._cursor = 0
        self._looked = self._matched = self._raised = 0
        self._started = 0.0

    async def advance(self, bulkhead: Bulkhead) -> Swept:
        """The next report. Failures end the sweep with their reason; what was raised stays raised."""
        deadline = REPORT + 2 * self._settings.timeout + STEP / self._rate + (0 if self._client else FIRST)
        try:
            return await bulkhead.call(self.work, deadline)
        except TimeoutError:
            return self._report("the server did not answer in time")

    def work(self) -> Swept:
        """``advance`` for the thread that does it."""
        try:
            if self._client is None:
                self._client = blocking(self._settings, self._address)
                self._started = self._monotonic()
            return self._walk(self._client)
        except MissingSecret as error:
            return self._report(str(error))
        except redis_errors() as error:
            return self._report(translated(error, str(self._address), self._settings.timeout).reason)

    def end(self) -> None:
        """No further step, and no connection any more."""
        self._over = True
        if self._client is not None:
            self._client.close()

    def _walk(self, client: redis.Redis) -> Swept:
        until = self._monotonic() + REPORT
        while self._monotonic() < until:
            if self._over or self._stop.is_set():
                return self._report("stopped")
            self._step(client)
            if self._raised >= self._limit:
                return self._report(f"the limit of {self._limit} keys was reached")
            if self._cursor == 0:
                return self._report("", done=True)
            self._pace()
        return self._report("", done=False)

    def _step(self, client: redis.Redis) -> None:
        self._cursor, keys = _scanned(client.scan(self._cursor, match=self._pattern, count=STEP))
        self._looked += max(STEP, len(keys))
        self._matched += len(keys)
        pipeline = client.pipeline(transaction=False)
        for key in keys[: self._limit - self._raised]:
            pipeline.expire(key, self._ttl + crc32(key) % (int(self._ttl * SPREAD) + 1), gt=True)
        self._raised += sum(pipeline.execute())

    def _pace(self) -> None:
        ahead = self._looked / self._rate - (self._monotonic() - self._started)
        if ahead > 0:
            self._wait(ahead)

    def _report(self, reason: str, done: bool = True) -> Swept:
        return Swept(self._matched, self._raised, self._monotonic() - self._started, done, reason)


def _scanned(reply: object) -> tuple[int, list[bytes]]:
    """SCAN's reply, whose type redis-py leaves open."""
    cursor, keys = cast("tuple[int, list[bytes]]", reply)
    return cursor, keys
