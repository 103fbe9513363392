"""What an application keeps in its Redis: the flag document, and a cache of keys that expire and are filled again.

The keys that one can scan are a sample of the cache; the model counts the whole. The application fills a missing key
when somebody asks for it: here a tenth of the keys is looked at each simulated second.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from connectors.simulator.architecture import Architecture, Group
from connectors.simulator.levers import TTL, number_of
from connectors.simulator.redis.keyspace import HashValue, Keyspace

FLAGS_KEY = b"seawall:flags"
MARK = b"mark:"
ROUND = 10  # simulated seconds in which each key is looked at once

Home = Callable[[], Keyspace | None]
"""Database 0 of the server where some of the keys live now; None while nobody serves them."""


def one_home(key: bytes) -> int:
    """Of a Redis that is no cluster."""
    return 0


class Shop:
    """Fills ``homes`` and keeps filling them; ``wall`` says when a value in the document has ended.

    ``home_of`` says which home a key has: there are several in a cluster.
    """

    def __init__(
        self,
        homes: Sequence[Home],
        seed: int,
        wall: Callable[[], float],
        architecture: Architecture,
        home_of: Callable[[bytes], int] = one_home,
    ) -> None:
        self._homes = homes
        self._home_of = home_of
        self._wall = wall
        self._read: dict[str, Mapping[str, object]] = {}  # the document as it was last read
        self._random = random.Random(seed)
        self._groups = {
            b"%b:%d" % (group.name.encode(), n): group
            for group in architecture.cache.groups
            for n in range(group.sample)
        }
        names = list(self._groups)
        self._rounds = tuple(self._parted(names[start::ROUND]) for start in range(ROUND))
        document = {name.encode(): json.dumps(value).encode() for name, value in architecture.flags.items()}
        if (keys := self._home(FLAGS_KEY)) is not None:
            keys.put(FLAGS_KEY, HashValue(document))
        for key, group in self._groups.items():
            if (keys := self._home(key)) is not None:
                self._fill(keys, group, key, group.ttl, soonest=0.05)
        self.flags()

    def flags(self) -> dict[str, Mapping[str, object]]:
        """The fields of the flag document that hold a JSON object, without the marks.

        While nobody serves the document the application goes on with what it last read.
        """
        keys = self._home(FLAGS_KEY)
        if keys is not None:
            held = keys.get(FLAGS_KEY)
            self._read = dict(_documents(held)) if isinstance(held, HashValue) else {}
        return dict(self._read)

    def step(self, t: int) -> None:
        """One simulated second: expired keys go, a share of the missing ones comes back for its group's TTL."""
        ttl: dict[str, float] = {}
        for home, names in zip(self._homes, self._rounds[t % ROUND], strict=True):
            keys = home()
            if keys is None:
                continue
            keys.expire_due()
            for key in keys.absent(names):
                group = self._groups[key]
                if group.name not in ttl:
                    ttl[group.name] = self._ttl(group)
                self._fill(keys, group, key, ttl[group.name])

    def _home(self, key: bytes) -> Keyspace | None:
        return self._homes[self._home_of(key)]()

    def _parted(self, names: Sequence[bytes]) -> tuple[frozenset[bytes], ...]:
        """The names by their home."""
        parts: list[set[bytes]] = [set() for _ in self._homes]
        for name in names:
            parts[self._home_of(name)].add(name)
        return tuple(frozenset(part) for part in parts)

    def _ttl(self, group: Group) -> float:
        """Seconds a key of the group lives, as the application reads it from the flag document."""
        value = number_of(self.flags().get(f"{TTL}{group.name}", {}), self._wall())
        return group.ttl if value is None else value

    def _fill(self, keys: Keyspace, group: Group, key: bytes, ttl: float, soonest: float = 0.95) -> None:
        """A value as long as the group's, for ``ttl`` seconds give or take a little: from ``soonest`` of them on."""
        draw = self._random.random()
        seconds = max(1.0, ttl * (soonest + (1.05 - soonest) * draw))
        keys.keep(key, b"%0*d" % (group.bytes, int(draw * 1e15)), seconds)


def _documents(held: HashValue) -> Iterator[tuple[str, Mapping[str, object]]]:
    for field, raw in held.items():
        if not field.startswith(MARK) and (document := _document(raw)) is not None:
            yield field.decode("utf-8", "replace"), document


@lru_cache(maxsize=64)  # the same few texts are read every simulated second
def _document(raw: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return MappingProxyType(document) if isinstance(document, dict) else None
