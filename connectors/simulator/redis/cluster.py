"""A cluster of three primaries without replicas: each has a third of the slots, and with them of the keys.

A node that does not answer for ``NODE_TIMEOUT`` is failed in everybody's eyes, and, as a cluster wants all its slots
(cluster-require-full-coverage, on by default), nobody serves a key until it is back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.cluster_commands import Member, cluster_guard, cluster_table
from connectors.simulator.redis.keyspace import Keyspace
from connectors.simulator.redis.memory import memory_guard
from connectors.simulator.redis.node import Node
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.server import Server
from connectors.simulator.redis.shop import Home
from connectors.simulator.redis.slots import SLOTS, evenly, slot_of
from connectors.simulator.redis.topology import ALL_COMMANDS, Topology
from connectors.simulator.tick import Cache

PRIMARIES = 3
FIRST_PORT = 7000  # until the system chooses one
NODE_TIMEOUT = 5  # simulated seconds; the default of 15 is shortened where failovers matter


@dataclass(eq=False, slots=True)
class Primary:
    """One node and its slots, both ends included."""

    node: Node
    id: str
    first: int
    last: int
    epoch: int
    failed: bool = False
    silent_since: int | None = None


class Cluster(Topology):
    """``kept`` are the keys that a server still has when it comes back from nothing."""

    def __init__(self, clock: SimClock, seed: int, options: RedisOptions, kept: Collection[bytes]) -> None:
        source = random.Random(f"{seed}/cluster")
        self._primaries = [
            Primary(_node(clock, source, index, options, kept), f"{source.getrandbits(160):040x}", *slots, index + 1)
            for index, slots in enumerate(evenly(PRIMARIES))
        ]
        self.members: list[Member] = list(self._primaries)
        self.seconds = 0
        super().__init__([primary.node for primary in self._primaries])
        for primary in self._primaries:
            server = primary.node.server
            server.guards = (*server.guards, cluster_guard(self, primary), memory_guard(server))
            server.commands = {**ALL_COMMANDS, **cluster_table(self, primary)}
            server.relays = self._others(primary)

    @property
    def healthy(self) -> bool:
        """Whether every slot is served."""
        return not any(primary.failed for primary in self._primaries)

    def owner(self, slot: int) -> Member:
        return next(member for member in self.members if member.first <= slot <= member.last)

    @property
    def primaries(self) -> Collection[Node]:
        return self.nodes

    @property
    def homes(self) -> Sequence[Home]:
        return [self._home(primary) for primary in self._primaries]

    def home_of(self, key: bytes) -> int:
        return self.members.index(self.owner(slot_of(key)))

    def _settle(self, t: int) -> None:
        self.seconds += 1
        for primary in self._primaries:
            if primary.node.server.alive:
                primary.silent_since, primary.failed = None, False
            elif primary.silent_since is None:
                primary.silent_since = t
            elif t - primary.silent_since >= NODE_TIMEOUT:
                primary.failed = True

    def _home(self, primary: Primary) -> Home:
        def home() -> Keyspace | None:
            return primary.node.server.keyspace(0) if primary.node.serving and self.healthy else None

        return home

    def _others(self, primary: Primary) -> Callable[[], list[Server]]:
        def others() -> list[Server]:
            return [one.node.server for one in self._primaries if one is not primary and one.node.server.alive]

        return others

    def _part(self, node: Node) -> float:
        primary = self._primaries[self.nodes.index(node)]
        return (primary.last - primary.first + 1) / SLOTS

    def _written(self, node: Node, cache: Cache) -> int:
        return 0  # nobody follows


def _node(clock: SimClock, source: random.Random, index: int, options: RedisOptions, kept: Collection[bytes]) -> Node:
    server = Server(clock, source.getrandbits(32), ALL_COMMANDS, options)
    server.mode = "cluster"
    server.port = FIRST_PORT + index
    return Node(server, kept, options.tls)
