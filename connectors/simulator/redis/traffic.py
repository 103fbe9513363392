"""Which part of the estate's own traffic each server shows in INFO: the model tells of one cache, not of servers.

The primary shows all of it, a primary of a cluster its share of the slots, a replica what it is sent. Counters begin
at 0 with the process, or with its promotion.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.simulator.tick import Cache

SET_BYTES = 2100  # of a SET of the model's cache in the replication stream: its 2 KB value and the words around it
REPLICA_CLIENTS = 2  # its master and a Sentinel
NOTHING = Cache(
    hits=0,
    misses=0,
    evicted=0,
    expired=0,
    commands=0,
    memory=0,
    memory_max=0,
    clients=0,
    blocked=0,
    rejected=0,
    keys=0,
    hit_rate=0.0,
)


class Share:
    """One server's part of the cache as the model says it."""

    def __init__(self) -> None:
        self._base = NOTHING  # the counters where the server's own begin
        self._last = NOTHING

    def begin(self) -> None:
        """The server's counters are 0 now."""
        self._base = self._last

    def of_primary(self, cache: Cache, part: float = 1.0) -> Cache:
        """``part`` of everything, 0..1."""
        self._hear(cache)
        base = self._base
        return replace(
            cache,
            hits=int((cache.hits - base.hits) * part),
            misses=int((cache.misses - base.misses) * part),
            evicted=int((cache.evicted - base.evicted) * part),
            expired=int((cache.expired - base.expired) * part),
            commands=int((cache.commands - base.commands) * part),
            rejected=int((cache.rejected - base.rejected) * part),
            memory=int(cache.memory * part),
            memory_max=int(cache.memory_max * part),
            keys=int(cache.keys * part),
        )

    def of_replica(self, cache: Cache) -> Cache:
        """The writes alone: each miss was filled with a SET."""
        self._hear(cache)
        return replace(
            NOTHING,
            commands=cache.misses - self._base.misses,
            memory=cache.memory,
            memory_max=cache.memory_max,
            keys=cache.keys,
            clients=REPLICA_CLIENTS,
        )

    def _hear(self, cache: Cache) -> None:
        if cache.commands < self._base.commands:  # the model began its counters again
            self._base = NOTHING
        self._last = cache


def written(cache: Cache, before: Cache | None) -> int:
    """Bytes that the estate's applications wrote between two seconds."""
    return max(0, cache.misses - before.misses) * SET_BYTES if before is not None else 0
