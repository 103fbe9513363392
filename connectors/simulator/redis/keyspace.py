"""One database: keys, values, deadlines, an order for SCAN and stamps for WATCH. No protocol here.

Deadlines are simulated seconds. A key past its deadline is gone the moment anybody looks at it; keys that nobody
looks at are swept a few at a time by ``expire_due``. SCAN walks the keys in the order of a hash that never changes,
so that a key that lives through the whole walk is always seen, whatever comes and goes meanwhile.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar
from zlib import crc32

from connectors.simulator.redis.protocol import Failure
from connectors.simulator.redis.stream import StreamValue
from connectors.simulator.redis.zset import ZSetValue


class SetValue(dict[bytes, None]):
    """A set that keeps its order, so that replies are the same in each run; a class, to be told from a hash."""


class HashValue(dict[bytes, bytes]):
    """A hash."""


Value = bytes | HashValue | SetValue | list[bytes] | ZSetValue | StreamValue
V = TypeVar("V", bytes, HashValue, SetValue, list[bytes], ZSetValue, StreamValue)

TYPE_NAMES: dict[type, str] = {
    bytes: "string",
    HashValue: "hash",
    SetValue: "set",
    list: "list",
    ZSetValue: "zset",
    StreamValue: "stream",
}
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


class Watches:
    """A stamp a watched key, which changes with the key. Nothing is kept of keys that nobody watches."""

    def __init__(self) -> None:
        self._watchers: Counter[bytes] = Counter()
        self._stamps: Counter[bytes] = Counter()

    def touch(self, key: bytes) -> None:
        if key in self._watchers:
            self._stamps[key] += 1

    def add(self, key: bytes) -> int:
        """From now on the key's stamp changes with the key; the stamp now."""
        self._watchers[key] += 1
        return self._stamps[key]

    def stamp(self, key: bytes) -> int:
        return self._stamps[key]

    def remove(self, key: bytes) -> None:
        self._watchers[key] -= 1
        if self._watchers[key] <= 0:
            del self._watchers[key], self._stamps[key]


class Keyspace:
    """``now`` gives simulated seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._values: dict[bytes, Value] = {}
        self._order: list[tuple[int, bytes]] = []
        self._deadlines: dict[bytes, float] = {}
        self._due: list[tuple[float, bytes]] = []
        self._used: dict[bytes, float] = {}
        self.watches = Watches()
        self._mean_at: int | None = None
        self._mean = 0.0

    def __len__(self) -> int:
        return len(self._values)

    def absent(self, keys: frozenset[bytes]) -> list[bytes]:
        """Which of these are not there, sorted. No deadline is looked at, so ask right after ``expire_due``."""
        return sorted(keys.difference(self._values))

    @property
    def expiring(self) -> int:
        """How many keys have a deadline."""
        return len(self._deadlines)

    def mean_time_left(self) -> float:
        """Simulated seconds that the keys with a deadline still live, on average; 0 without any. Reckoned anew each
        second: there may be many keys, and many who ask."""
        now = int(self.now())
        if self._mean_at != now:
            left = sum(self._deadlines.values()) - now * len(self._deadlines)
            self._mean_at, self._mean = now, max(0.0, left / len(self._deadlines)) if self._deadlines else 0.0
        return self._mean

    def get(self, key: bytes) -> Value | None:
        deadline = self._deadlines.get(key)
        if deadline is not None and deadline <= self.now():
            self.delete(key)
        return self._values.get(key)

    def of_type(self, key: bytes, kind: type[V]) -> V | None:
        """The value, None where there is no key; a WRONGTYPE failure where it is something else."""
        value = self.get(key)
        if value is not None and type(value) is not kind:
            raise Failure(WRONG_TYPE)
        if value is not None:
            self._used[key] = self.now()
        return value

    def idle(self, key: bytes) -> float:
        """Simulated seconds since a command last read or wrote the value."""
        return max(0.0, self.now() - self._used.get(key, self.now()))

    def put(self, key: bytes, value: Value, keep_ttl: bool = False) -> None:
        if not keep_ttl:
            self._deadlines.pop(key, None)
        if key not in self._values:
            insort(self._order, _place(key))
        self._values[key] = value
        self._used[key] = self.now()
        self.watches.touch(key)

    def keep(self, key: bytes, value: Value, seconds: float) -> None:
        """Puts a value that lives for so many simulated seconds, more than 0: a cache is filled with thousands."""
        now = self.now()
        if key not in self._values:
            insort(self._order, _place(key))
        self._values[key] = value
        self._used[key] = now
        self._deadlines[key] = now + seconds
        heapq.heappush(self._due, (now + seconds, key))
        self.watches.touch(key)

    def settle(self, key: bytes, value: Value) -> None:
        """Keeps a collection after a change in place, or removes its key when nothing is left in it."""
        if value:
            self.put(key, value, keep_ttl=True)
        else:
            self.delete(key)

    def delete(self, key: bytes) -> bool:
        self._deadlines.pop(key, None)
        self._used.pop(key, None)
        if self._values.pop(key, None) is None:
            return False
        del self._order[bisect_left(self._order, _place(key))]
        self.watches.touch(key)
        return True

    def living(self) -> Iterator[bytes]:
        """The keys that live, over a copy: the caller may change them meanwhile."""
        return (key for key in list(self._values) if self.get(key) is not None)

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """About ``count`` keys from ``cursor`` on, and the next cursor, 0 at the end."""
        start = bisect_left(self._order, (cursor, b""))
        end = min(start + count, len(self._order))
        while 0 < end < len(self._order) and self._order[end][0] == self._order[end - 1][0]:
            end += 1  # keys of one hash are never parted by a cursor
        following = self._order[end][0] if end < len(self._order) else 0
        found = [key for _, key in self._order[start:end]]
        return following, [key for key in found if self.get(key) is not None]

    def deadline(self, key: bytes) -> float | None:
        return self._deadlines.get(key)

    def set_deadline(self, key: bytes, deadline: float | None) -> None:
        """A deadline in simulated seconds, None to keep the key for ever. One in the past deletes it."""
        if deadline is None:
            self._deadlines.pop(key, None)
        elif deadline <= self.now():
            self.delete(key)
        else:
            self._deadlines[key] = deadline
            heapq.heappush(self._due, (deadline, key))
        self.watches.touch(key)

    def expire_due(self, limit: int = 1000) -> int:
        """Removes up to ``limit`` keys past their deadline; says how many."""
        if len(self._due) > 2 * len(self._deadlines) + 1000:  # mostly deadlines that were changed since
            self._due = [(deadline, key) for key, deadline in self._deadlines.items()]
            heapq.heapify(self._due)
        gone, now = 0, self.now()
        while self._due and self._due[0][0] <= now and gone < limit:
            deadline, key = heapq.heappop(self._due)
            if self._deadlines.get(key) == deadline:
                gone += self.delete(key)
        return gone


def _place(key: bytes) -> tuple[int, bytes]:
    return crc32(key), key
