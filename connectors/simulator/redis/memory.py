"""The limit of a server's memory, and what is refused when there is no room: the model says how much is used."""

from __future__ import annotations

from connectors.simulator.redis.call import Client, Command, Guard
from connectors.simulator.redis.catalog import catalog, full_name
from connectors.simulator.redis.protocol import Failure
from connectors.simulator.redis.server import Server

STARTUP = 876_032  # bytes of a server without a key
POLICY = "allkeys-lru"  # unless CONFIG SET says another
NO_EVICTION = "noeviction"
OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
NEVER_QUEUED = frozenset({b"exec", b"discard", b"multi", b"watch", b"unwatch", b"quit", b"reset"})


def limit_of(server: Server) -> int:
    """Bytes, 0: no limit."""
    return int(server.settings.get("maxmemory", server.cache.memory_max if server.cache else 0))


def policy_of(server: Server) -> str:
    """``maxmemory-policy`` as it is in force."""
    return server.settings.get("maxmemory-policy", POLICY)


def out_of_memory(server: Server) -> bool:
    """More is used than allowed, and nothing may go or nothing is left that could. A replica does not ask."""
    limit = limit_of(server)
    if not limit or server.replication.master is not None:
        return False
    used = max(STARTUP, server.cache.memory if server.cache else 0)
    return used > limit and (policy_of(server) == NO_EVICTION or limit < STARTUP)


def memory_guard(server: Server) -> Guard:
    """Turns away what would take more memory; while there is none, nothing at all is queued for EXEC."""

    def guard(client: Client, command: Command, words: list[bytes], where: str) -> None:
        if not out_of_memory(server):
            return
        name = words[0].lower()
        queued = where == "multi" and name not in NEVER_QUEUED
        commands = client.queue or [] if name == b"exec" else [words]
        if queued or any(_takes_memory(each) for each in commands):
            raise Failure(OUT_OF_MEMORY)

    return guard


def _takes_memory(words: list[bytes]) -> bool:
    fact = catalog().get(full_name(words))
    return fact is not None and "denyoom" in fact.flags
