"""One primary, its replicas and, where there are any, the Sentinel that watches them."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.keyspace import Keyspace
from connectors.simulator.redis.memory import memory_guard
from connectors.simulator.redis.node import Node
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.port import Port
from connectors.simulator.redis.replication_commands import replica_guard
from connectors.simulator.redis.sentinel import Sentinel
from connectors.simulator.redis.server import Server
from connectors.simulator.redis.shop import Home
from connectors.simulator.redis.topology import ALL_COMMANDS, Topology
from connectors.simulator.redis.traffic import written
from connectors.simulator.tick import Cache

FIRST_PORT = 6379  # until the system chooses one


class Replicated(Topology):
    """``kept`` are the keys that a server still has when it comes back from nothing."""

    def __init__(self, clock: SimClock, seed: int, options: RedisOptions, kept: Collection[bytes]) -> None:
        servers = [_server(clock, seed, index, options) for index in range(1 + options.replicas)]
        super().__init__([Node(server, kept, options.tls) for server in servers])
        for server in servers:
            server.replication.fellows = servers
            server.guards = (*server.guards, replica_guard(server), memory_guard(server))
        for server in servers[1:]:
            server.replication.follow(*servers[0].address)
        self._sentinel = Sentinel(clock, seed, self.nodes, RedisOptions(tls=options.tls)) if options.replicas else None
        self._sentinel_port = Port(self._sentinel.server, options.tls) if self._sentinel else None

    @property
    def primary(self) -> Node:
        """The server that the Sentinel says is the primary."""
        return self._sentinel.failover.primary if self._sentinel else self.nodes[0]

    @property
    def primaries(self) -> Collection[Node]:
        return (self.primary,)

    @property
    def homes(self) -> Sequence[Home]:
        return (self._home,)

    @property
    def sentinel_address(self) -> tuple[str, int] | None:
        return self._sentinel.server.address if self._sentinel else None

    def fail_over(self) -> None:
        if self._sentinel:
            self._sentinel.failover.force()

    async def start(self, host: str) -> None:
        await super().start(host)
        if self._sentinel_port:
            await self._sentinel_port.open(host)

    async def stop(self) -> None:
        if self._sentinel_port:
            await self._sentinel_port.close()
        await super().stop()

    def _settle(self, t: int) -> None:
        if self._sentinel:
            self._sentinel.step(t)

    def _home(self) -> Keyspace | None:
        return self.primary.server.keyspace(0) if self.primary.serving else None

    def _part(self, node: Node) -> float:
        return float(node is self.primary)

    def _written(self, node: Node, cache: Cache) -> int:
        return written(cache, self.cache) if node is self.primary and node.serving else 0


def _server(clock: SimClock, seed: int, index: int, options: RedisOptions) -> Server:
    own = seed if index == 0 else random.Random(f"{seed}/{index}").getrandbits(32)
    server = Server(clock, own, ALL_COMMANDS, options)
    server.port = FIRST_PORT + index if options.replicas else 0
    return server
