"""What operators did to the servers, as the model hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.redis.memory import NO_EVICTION, limit_of, policy_of
from connectors.simulator.redis.topology import Topology


@dataclass(frozen=True, slots=True)
class Deeds:
    """``up``: the applications get answers; what the model itself took down counts as up.

    ``memory_max`` are the bytes that CONFIG SET maxmemory allows in all, 0 for no limit; None where nobody changed it.
    ``evicts``: a full server drops keys for new ones. ``flushes``: how often the cache was emptied since the start, by
    FLUSHALL, FLUSHDB or a server that came back without.
    """

    up: bool
    memory_max: int | None
    evicts: bool
    flushes: int


def deeds_on(servers: Topology) -> Deeds:
    """As they stand now."""
    primaries = [node.server for node in servers.primaries]
    return Deeds(
        up=servers.answering,
        memory_max=_memory_max([limit_of(server) for server in primaries])
        if any("maxmemory" in server.settings for server in primaries)
        else None,
        evicts=not any(policy_of(server) == NO_EVICTION for server in primaries),
        flushes=servers.lost + sum(node.server.flushes for node in servers.nodes),
    )


def _memory_max(limits: list[int]) -> int:
    return 0 if 0 in limits else sum(limits)
