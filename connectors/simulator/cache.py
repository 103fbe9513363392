"""The cache, as buckets of keys of like popularity: equation 7.

A key that is absent is asked for (after 1/rate), read from the database and put back; a key that is there
expires after its TTL. Nobody holds a second reader back (no single-flight), so every look-up of an absent key
reads the database: a slow database lengthens the absence, and that makes it slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp

from connectors.simulator.tick import Cache

KEYS = 300_000
ZIPF = 1.2
BUCKETS = 30
KEY_BYTES = 2048
EMPTY_BYTES = 150 * 2**20
MEMORY_MAX = 2**30
CLIENTS_A_POD = 4


def _buckets() -> tuple[tuple[float, float], ...]:
    """(keys, share of the look-ups) of each bucket: ranks in geometric steps, Zipf's law for the popularity."""
    edges = [KEYS ** (i / BUCKETS) for i in range(BUCKETS + 1)]
    weights = [(low ** (1 - ZIPF) - high ** (1 - ZIPF)) for low, high in pairwise(edges)]
    total = sum(weights)
    sizes = [high - low for low, high in pairwise(edges)]
    return tuple((size, weight / total) for size, weight in zip(sizes, weights, strict=True))


POPULARITY = _buckets()
ROOM = (MEMORY_MAX - EMPTY_BYTES) / KEY_BYTES  # keys that fit


@dataclass(frozen=True, slots=True)
class Store:
    """Which share of each bucket is there, and the server's counters since it started."""

    present: tuple[float, ...] = (0.5,) * BUCKETS
    hits: float = 0.0
    misses: float = 0.0
    evicted: float = 0.0
    expired: float = 0.0
    commands: float = 0.0

    @property
    def hit_share(self) -> float:
        """Share of look-ups that find their key, 0..1."""
        return sum(share * there for (_, share), there in zip(POPULARITY, self.present, strict=True))

    @property
    def keys(self) -> float:
        return sum(size * there for (size, _), there in zip(POPULARITY, self.present, strict=True))


def step(store: Store, lookups: float, ttl: float, fill: float, ok: float) -> Store:
    """The store a second later. ``lookups`` a second, ``ttl`` and ``fill`` (the database's answer) in seconds,
    ``ok`` the share of absent keys that can be filled now."""
    hits = lookups * store.hit_share
    expired = store.keys / ttl
    present = _settled(store.present, lookups, ttl, fill, ok)
    keys = sum(size * there for (size, _), there in zip(POPULARITY, present, strict=True))
    kept = min(1.0, ROOM / keys) if keys > 0 else 1.0
    return Store(
        present=tuple(there * kept for there in present) if kept < 1 else present,
        hits=store.hits + hits,
        misses=store.misses + lookups - hits,
        evicted=store.evicted + keys * (1 - kept),
        expired=store.expired + expired,
        commands=store.commands + lookups + (lookups - hits),  # a get each, and a set for each miss
    )


def _settled(present: tuple[float, ...], lookups: float, ttl: float, fill: float, ok: float) -> tuple[float, ...]:
    """d o/dt = ok (1 - o)/a - o/TTL a bucket, with a = 1/(rate of a key) + fill, solved over one second."""
    loss = 1 / ttl
    after = []
    for (size, share), there in zip(POPULARITY, present, strict=True):
        rate = lookups * share / size
        gain = ok * rate / (1 + rate * fill)
        settled = gain / (gain + loss)
        after.append(settled + (there - settled) * exp(-(gain + loss)))
    return tuple(after)


def shown(store: Store, before: Store, pods: int) -> Cache:
    """The cache as its INFO has it, ``before`` a second earlier, with ``pods`` connected to it."""
    lookups = store.hits + store.misses - before.hits - before.misses
    return Cache(
        hits=int(store.hits),
        misses=int(store.misses),
        evicted=int(store.evicted),
        expired=int(store.expired),
        commands=int(store.commands),
        memory=int(EMPTY_BYTES + store.keys * KEY_BYTES),
        memory_max=MEMORY_MAX,
        clients=pods * CLIENTS_A_POD,
        blocked=0,
        rejected=0,
        keys=int(store.keys),
        hit_rate=(store.hits - before.hits) / lookups if lookups > 0 else store.hit_share,
    )
