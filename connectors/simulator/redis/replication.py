"""Whom a server follows and who follows it, and how far each has come.

A replica shows its master's data the moment it is linked: what a real one copies over the line, these share. What
lags is the offset, by the second between two acknowledgements. A server that stops following takes a copy along.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.simulator.redis.server import Server

NO_ID = "0" * 40
BACKLOG = 1048576  # bytes, repl-backlog-size of the real server's configuration
PING_PERIOD = 10  # simulated seconds, repl-ping-replica-period
PING_BYTES = len(b"*1\r\n$4\r\nPING\r\n")


class Replication:
    """The part of ``server`` in replication. ``fellows`` are the servers that it can reach, itself among them."""

    def __init__(self, server: Server, source: random.Random) -> None:
        self._server = server
        self._source = source
        self.fellows: Sequence[Server] = (server,)
        self.master: tuple[str, int] | None = None  # as REPLICAOF named it; None: it is a master itself
        self.id = self._new_id()
        self.id2 = NO_ID
        self.offset = 0  # bytes of the replication stream that it wrote or read
        self.second_offset = -1
        self.acknowledged = 0.0  # simulated seconds at which a replica last heard of its master
        self.failing_over = "no-failover"  # FAILOVER's own words
        self.streaming = False  # a replica was linked once: writes are counted since

    @property
    def role(self) -> str:
        """As INFO and ROLE say it."""
        return "master" if self.master is None else "slave"

    @property
    def read_only(self) -> bool:
        """Whether it refuses writes while it is a replica."""
        return self._server.settings.get("replica-read-only", "yes") == "yes"

    def source(self) -> Server | None:
        """The living server that it follows; None for a master, and while the link is down."""
        found = next((fellow for fellow in self.fellows if fellow.address == self.master), None)
        return found if found is not None and found.alive and found is not self._server else None

    def followers(self) -> list[Server]:
        """The living replicas, in the order of their ports' opening."""
        return [fellow for fellow in self.fellows if fellow.alive and fellow.replication.source() is self._server]

    def follow(self, host: str, port: int) -> None:
        """REPLICAOF host port. The data is the master's from now on, if it is there."""
        self.master = (host, port)
        self.acknowledged = self._server.clock.now()
        self._link()

    def lead(self) -> None:
        """REPLICAOF NO ONE: a history of its own, which begins where the old one's ends."""
        if self.master is None:
            return
        source = self.source()
        self.master = None
        if source is not None:
            self._server.take_copy()
        self.id2, self.second_offset = self.id, self.offset + 1
        self.id = self._new_id()

    def begin_again(self) -> None:
        """The process was started again, without a dump to continue from."""
        self.id, self.id2, self.offset, self.second_offset = self._new_id(), NO_ID, 0, -1
        self.acknowledged = self._server.clock.now()
        self.failing_over = "no-failover"

    def wrote(self, words: Sequence[bytes]) -> None:
        """A write command went into the stream, as RESP."""
        self.offset += len(b"*%d\r\n" % len(words)) + sum(len(b"$%d\r\n" % len(word)) + len(word) + 2 for word in words)

    def step(self, t: int, model_bytes: int) -> None:
        """One simulated second. ``model_bytes`` of writes came from the estate's own clients."""
        if self.master is not None:
            self._link()
        elif self.streaming:
            self.offset += model_bytes + (PING_BYTES if t % PING_PERIOD == 0 else 0)

    def catch_up(self) -> None:
        """The replica reads all that its master wrote, and says so."""
        source = self.source()
        if source is not None:
            self.offset = source.replication.offset
            self.acknowledged = self._server.clock.now()

    def _link(self) -> None:
        source = self.source()
        if source is not None:
            source.replication.streaming = True
            self._server.share_data(source)
            self.id, self.id2 = source.replication.id, source.replication.id2
            self.second_offset = source.replication.second_offset
            self.catch_up()

    def _new_id(self) -> str:
        return f"{self._source.getrandbits(160):040x}"
