"""The servers that a simulated Redis is made of, and which of them the estate's applications speak to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.simulator.redis import cluster_commands, outage, replication_commands
from connectors.simulator.redis.call import Command
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.node import Node
from connectors.simulator.redis.shop import Home, one_home
from connectors.simulator.redis.statistics import Statistics
from connectors.simulator.redis.traffic import Share
from connectors.simulator.tick import Cache

ALL_COMMANDS: Mapping[bytes, Command] = {
    **COMMANDS,
    **replication_commands.TABLE,
    **outage.TABLE,
    **cluster_commands.NO_CLUSTER,
}


@dataclass(slots=True)
class _Seen:
    """Of one server, at the last second."""

    share: Share = field(default_factory=Share)
    statistics: Statistics | None = None
    restarts: int = 0
    processed: int = 0
    part: float | None = None


class Topology(ABC):
    """``nodes`` are all servers with data, the first primary first. Stepped once a simulated second."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.cache: Cache | None = None  # as the model last said it, of all servers together
        self.lost = 0  # data sets that a server came back without
        self._seen = {node: _Seen() for node in nodes}

    @property
    @abstractmethod
    def primaries(self) -> Collection[Node]:
        """The servers that the applications write to now."""

    @property
    @abstractmethod
    def homes(self) -> Sequence[Home]:
        """Where the applications' keys live, in an order that stays."""

    @property
    def sentinel_address(self) -> tuple[str, int] | None:
        return None

    @property
    def answering(self) -> bool:
        """Whether the applications get an answer; what the model took down counts as answering."""
        return not any(node.failing for node in self.primaries)

    def home_of(self, key: bytes) -> int:
        return one_home(key)

    def fail_over(self) -> None:
        """A replica leads from the election on; nothing where there is none."""
        return

    def step(self, t: int, cache: Cache) -> None:
        """One simulated second: processes start, roles settle, and each server shows its part of ``cache``."""
        for node in self.nodes:
            node.step(t)
        self._note_restarts()
        self._settle(t)
        for node in sorted(self.nodes, key=lambda node: node.server.replication.master is not None):
            node.server.replication.step(t, self._written(node, cache))  # what a master wrote is read after it
        for node in self.nodes:
            self._show(node, cache)
        self.cache = cache

    async def start(self, host: str) -> None:
        """Opens the ports, which the system chooses; who followed an address follows it where it is now."""
        before = {node.server.address: node.server for node in self.nodes}
        for node in self.nodes:
            await node.open(host)
        for node in self.nodes:
            master = node.server.replication.master
            if master is not None and master in before:
                node.server.replication.follow(*before[master].address)

    async def stop(self) -> None:
        for node in self.nodes:
            await node.close()

    def _settle(self, t: int) -> None:
        """Whoever watches over the servers acts."""
        return

    @abstractmethod
    def _part(self, node: Node) -> float:
        """Share of the applications' traffic that the node has now, 0..1; 0: it is a replica."""

    @abstractmethod
    def _written(self, node: Node, cache: Cache) -> int:
        """Bytes that the applications wrote to the node in this second."""

    def _note_restarts(self) -> None:
        for node, seen in self._seen.items():
            if node.restarts != seen.restarts:
                seen.restarts = node.restarts
                self.lost += node in self.primaries and not node.kept_everything

    def _show(self, node: Node, cache: Cache) -> None:
        server, seen, part = node.server, self._seen[node], self._part(node)
        promoted, reset = bool(part and seen.part == 0), seen.statistics is not server.statistics
        if seen.statistics is not None and (promoted or reset):
            seen.share.begin()
        if reset:
            seen.statistics, seen.processed = server.statistics, 0
        before, server.cache = (
            server.cache,
            seen.share.of_primary(cache, part) if part else seen.share.of_replica(cache),
        )
        server.statistics.peak_memory = max(server.statistics.peak_memory, server.cache.memory)
        theirs = max(0, server.cache.commands - before.commands) if before else 0
        server.operations = theirs + server.statistics.processed - seen.processed
        seen.processed, seen.part = server.statistics.processed, part
