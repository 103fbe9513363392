"""Servers that are lost and come back by a word from outside: a line at the simulator, a test."""

from __future__ import annotations

from connectors.simulator.redis.topology import Topology

LOST = "lost"


class Losses:
    """Of ``servers``, which must be stepped for what is said here to be seen."""

    def __init__(self, servers: Topology) -> None:
        self._servers = servers

    def lose_primary(self) -> None:
        """The primary's process ends and stays so until ``restore``."""
        next(iter(self._servers.primaries)).hold_down(LOST)

    def lose(self, index: int) -> None:
        """The same with the server of that place in the wire's ``urls``."""
        self._servers.nodes[index].hold_down(LOST)

    def fail_over(self) -> None:
        """A replica leads from the election on, without anybody having died; nothing where there is none."""
        self._servers.fail_over()

    def restore(self) -> None:
        """Whoever was lost is started again; who had the data of a primary that was replaced follows it."""
        for node in self._servers.nodes:
            node.release(LOST)
