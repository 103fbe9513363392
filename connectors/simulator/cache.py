"""The cache, as buckets of keys of like popularity: equation 7.

A key that is absent is asked for (after 1/rate), read from the database and put back; a key that is there
expires after its TTL. Unless there is single-flight, nobody holds a second reader back, so every look-up of an
absent key reads the database: a slow database lengthens the absence, and that makes it slower. Keys that were
written together expire together, and then all of that happens at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import exp

from connectors.simulator.architecture import Cache, Group
from connectors.simulator.now import Now
from connectors.simulator.tick import Cache as Shown
from connectors.simulator.tick import Mode

BUCKETS = 30
HALF, NOTHING = (0.5,) * BUCKETS, (0.0,) * BUCKETS  # of each bucket
MIB = 2**20
SHORTEST_TTL = 1.0
STAYS = 1e-9  # a second: keys that expire together do not expire before

Buckets = tuple[tuple[float, float], ...]  # (keys, share of the look-ups)


@lru_cache(maxsize=64)
def buckets_of(keys: int, zipf: float) -> Buckets:
    """Buckets of keys: ranks in geometric steps, Zipf's law for the popularity."""
    edges = [keys ** (i / BUCKETS) for i in range(BUCKETS + 1)]
    weights = [(low ** (1 - zipf) - high ** (1 - zipf)) for low, high in pairwise(edges)]
    total = sum(weights)
    sizes = [high - low for low, high in pairwise(edges)]
    return tuple((size, weight / total) for size, weight in zip(sizes, weights, strict=True))


@dataclass(frozen=True, slots=True)
class Store:
    """Which share of each bucket of a group is there, and its counters since the server started."""

    group: Group
    buckets: Buckets
    present: tuple[float, ...] = NOTHING
    keys: float = 0.0  # that are there
    hit_share: float = 0.0  # share of look-ups that find their key, 0..1
    hits: float = 0.0
    misses: float = 0.0
    evicted: float = 0.0
    expired: float = 0.0
    commands: float = 0.0

    def holding(self, present: tuple[float, ...]) -> Store:
        """The same with other keys in it."""
        keys = hit_share = 0.0
        for (size, share), there in zip(self.buckets, present, strict=True):
            keys += size * there
            hit_share += share * there
        return replace(self, present=present, keys=keys, hit_share=min(hit_share, 1.0))


Stores = tuple[Store, ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """How absent keys come back: in ``seconds``, for the share ``ok`` of them."""

    seconds: float
    ok: float


def opened(cache: Cache) -> Stores:
    """Each group that the model counts, half full."""
    counted = (group for group in cache.groups if group.share > 0)
    stores = (Store(group, buckets_of(max(round(cache.keys * group.share), 2), cache.zipf)) for group in counted)
    return tuple(store.holding(HALF) for store in stores)


def reads(stores: Stores, lookups: float, seconds: float, now: Now) -> float:
    """Reads of the database for each look-up, at ``lookups`` a second in all and ``seconds`` for a read.

    With single-flight an absent key is read once in the time between its being asked for and its being filled.
    """
    ok = now.cache_ok
    if not now.on(Mode.SINGLE_FLIGHT):
        return 1 - ok * sum(store.group.share * store.hit_share for store in stores)
    first = sum(store.group.share * _first(store, lookups * store.group.share, seconds) for store in stores)
    return 1 - ok + ok * first


def _first(store: Store, lookups: float, seconds: float) -> float:
    """Share of look-ups that are the first for an absent key."""
    found = zip(store.buckets, store.present, strict=True)
    return sum(share * (1 - there) / (1 + lookups * share / size * seconds) for (size, share), there in found)


def step(stores: Stores, lookups: float, fill: Fill, now: Now, flushed: bool) -> Stores:
    """The cache a second later. ``lookups`` are those that reach it in this second."""
    if now.cache_ok <= 0:
        return tuple(Store(store.group, store.buckets, NOTHING) for store in stores)
    room, held = _room(now), sum(store.keys for store in stores)
    evicts = now.levers.reported.cache_evicts
    full = not evicts and held >= room
    filled = replace(fill, ok=0.0) if full else fill
    grown = [_stepped(store, lookups * store.group.share, filled, now) for store in stores]
    if flushed:
        return tuple(store.holding(NOTHING) for store in grown)
    return tuple(grown) if full else _fitted(grown, room, evicts)


def _fitted(grown: Sequence[Store], room: float, evicts: bool) -> Stores:
    """As many keys as fit; without eviction the one more that was accepted last, and nothing more."""
    keys = sum(store.keys for store in grown)
    fitting = room if evicts else room + 1
    if keys <= fitting:
        return tuple(grown)
    kept = fitting / keys
    if evicts:
        return tuple(_evicted(store, kept) for store in grown)
    return tuple(store.holding(tuple(there * kept for there in store.present)) for store in grown)


def memory_max(now: Now) -> float:
    """Bytes that the cache may use."""
    return now.levers.reported.cache_memory_max or now.plant.cache.memory * MIB


def _room(now: Now) -> float:
    """Keys that fit."""
    return max(memory_max(now) - now.plant.cache.empty * MIB, 0.0) / now.plant.cache.key_bytes


def _evicted(store: Store, kept: float) -> Store:
    gone = store.keys * (1 - kept)
    return replace(store.holding(tuple(there * kept for there in store.present)), evicted=store.evicted + gone)


def _stepped(store: Store, lookups: float, fill: Fill, now: Now) -> Store:
    ttl = max(now.levers.ttl.get(store.group.name, store.group.ttl), SHORTEST_TTL)
    together = now.crisis.together > 0.5 and not now.on(Mode.JITTER)
    if together and now.t % round(ttl) == 0:
        expired, store = store.keys, store.holding(NOTHING)
    else:
        expired = 0.0 if together else store.keys / ttl
    hits = lookups * store.hit_share
    return replace(
        store.holding(_settled(store, lookups, STAYS if together else 1 / ttl, fill)),
        hits=store.hits + hits,
        misses=store.misses + lookups - hits,
        expired=store.expired + expired,
        commands=store.commands + lookups + (lookups - hits),  # a get each, and a set for each miss
    )


def _settled(store: Store, lookups: float, loss: float, fill: Fill) -> tuple[float, ...]:
    """d o/dt = ok (1 - o)/a - o/TTL a bucket, with a = 1/(rate of a key) + fill, solved over one second."""
    after = []
    for (size, share), there in zip(store.buckets, store.present, strict=True):
        rate = lookups * share / size
        gain = fill.ok * rate / (1 + rate * fill.seconds)
        settled = gain / (gain + loss)
        after.append(settled + (there - settled) * exp(-(gain + loss)))
    return tuple(after)


def shown(stores: Stores, before: Stores, now: Now) -> Shown:
    """The cache as its INFO has it, ``before`` a second earlier."""
    plant = now.plant.cache
    hits, misses = (sum(getattr(store, name) for store in stores) for name in ("hits", "misses"))
    hits_before, misses_before = (sum(getattr(store, name) for store in before) for name in ("hits", "misses"))
    lookups = hits + misses - hits_before - misses_before
    keys = sum(store.keys for store in stores)
    share = sum(store.group.share * store.hit_share for store in stores)
    return Shown(
        hits=int(hits),
        misses=int(misses),
        evicted=int(sum(store.evicted for store in stores)),
        expired=int(sum(store.expired for store in stores)),
        commands=int(sum(store.commands for store in stores)),
        memory=int(plant.empty * MIB + keys * plant.key_bytes),
        memory_max=int(memory_max(now)),
        clients=sum(map(now.ready, _connected(now))) * plant.clients,
        blocked=0,
        rejected=0,
        keys=int(keys),
        hit_rate=min(max((hits - hits_before) / lookups, 0.0), 1.0) if lookups > 0 else min(share, 1.0),
        up=now.cache_ok > 0,
    )


def _connected(now: Now) -> set[str]:
    """The workloads that use the cache."""
    return {front.workload for front in now.plant.fronts} | {topic.workload for topic in now.plant.consumed}
