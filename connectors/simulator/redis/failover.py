"""What watches a primary and its replicas and, when the primary is gone, makes another one: a Sentinel's work.

In the real server's order and words (sentinel.c), with one Sentinel that agrees with itself: subjectively down after
``DOWN_AFTER`` without an answer, objectively down at once, elected and the best replica chosen ``ELECTION`` later.
A server that comes back and thinks itself a master is told to follow after ``SANE``, as the real one waits
four of its publishing periods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.simulator.redis.node import Node

NAME = "mymaster"
DOWN_AFTER = 5  # simulated seconds, down-after-milliseconds; the default of 30 s is shortened nearly everywhere
ELECTION = 1
SANE = 8
TIMEOUT = 60  # failover-timeout; a failed attempt is repeated after twice this


class Failover:
    """``announce`` hears each event and its text, as they are published. ``step`` moves it, once a simulated second."""

    def __init__(self, nodes: Sequence[Node], announce: Callable[[str, str], None], run_id: Callable[[], str]) -> None:
        self.nodes = nodes
        self.primary = nodes[0]
        self.epoch = 0
        self.down: set[Node] = set()  # subjectively
        self._announce = announce
        self._run_id = run_id  # the Sentinel's own
        self._silent_since: dict[Node, int] = {}
        self._astray_since: dict[Node, int] = {}
        self._attempt: int | None = None  # when the running failover chooses
        self._not_before = 0
        self._t = 0

    @property
    def replicas(self) -> list[Node]:
        """The servers that are known as replicas, whether they answer or not."""
        return [node for node in self.nodes if node is not self.primary]

    @property
    def running(self) -> bool:
        """A failover was begun and nobody is promoted yet."""
        return self._attempt is not None

    def silent_for(self, node: Node) -> int:
        """Simulated seconds since it last answered."""
        return self._t - self._silent_since.get(node, self._t)

    def step(self, t: int) -> None:
        self._t = t
        for node in self.nodes:
            self._look_at(node)
        self._follow_the_leader()
        if self.primary in self.down and self._attempt is None and t >= self._not_before:
            self._begin()
        if self._attempt is not None and t >= self._attempt:
            self._choose()
        for node in self.replicas:
            self._set_right(node)

    def force(self) -> bool:
        """SENTINEL FAILOVER: without asking whether the primary is down. False where no replica would do."""
        if self._best() is None:
            return False
        self._begin(forced=True)
        return True

    def describe(self, node: Node) -> str:
        """The node as events name it."""
        host, port = node.server.address
        if node is self.primary:
            return f"master {NAME} {host} {port}"
        master_host, master_port = self.primary.server.address
        return f"slave {host}:{port} {host} {port} @ {NAME} {master_host} {master_port}"

    def _look_at(self, node: Node) -> None:
        deposed = node is self.primary and node.server.replication.master is not None
        if node.answering and not deposed:  # a primary that says it is a replica is as good as gone
            self._silent_since.pop(node, None)
            if node in self.down:
                self.down.discard(node)
                self._announce("-sdown", self.describe(node))
                if node is self.primary:
                    self._announce("-odown", self.describe(node))
            return
        since = self._silent_since.setdefault(node, self._t)
        if self._t - since >= DOWN_AFTER and node not in self.down:
            self.down.add(node)
            self._announce("+sdown", self.describe(node))

    def _follow_the_leader(self) -> None:
        """FAILOVER changed the roles without a Sentinel."""
        master = self.primary.server.replication.source()
        leader = next((node for node in self.replicas if node.server is master), None)
        if leader is not None and leader.server.replication.master is None:
            self._switch(leader)

    def _begin(self, forced: bool = False) -> None:
        self.epoch += 1
        primary = self.describe(self.primary)
        if not forced:
            self._announce("+odown", f"{primary} #quorum 1/1")
        self._announce("+new-epoch", str(self.epoch))
        self._announce("+try-failover", primary)
        self._attempt = self._t + ELECTION

    def _choose(self) -> None:
        self._attempt = None
        self._not_before = self._t + 2 * TIMEOUT
        primary, chosen = self.describe(self.primary), self._best()
        self._announce("+vote-for-leader", f"{self._run_id()} {self.epoch}")
        self._announce("+elected-leader", primary)
        self._announce("+failover-state-select-slave", primary)
        if chosen is None:
            self._announce("-failover-abort-no-good-slave", primary)
            return
        self._announce("+selected-slave", self.describe(chosen))
        self._announce("+failover-state-send-slaveof-noone", self.describe(chosen))
        self._promote(chosen)
        self._announce("+failover-end", primary)
        self._switch(chosen)
        self._not_before = self._t

    def _promote(self, chosen: Node) -> None:
        primary = self.describe(self.primary)
        self._announce("+failover-state-wait-promotion", self.describe(chosen))
        chosen.server.replication.catch_up()
        chosen.server.replication.lead()
        chosen.hang_up()
        self._announce("+promoted-slave", self.describe(chosen))
        self._announce("+failover-state-reconf-slaves", primary)
        for node in self.nodes:
            if node is not chosen and node.serving:
                self._announce("+slave-reconf-sent", self.describe(node))
                self._reconfigure(node, chosen)
                self._announce("+slave-reconf-done", self.describe(node))

    def _switch(self, leader: Node) -> None:
        old, new = self.primary.server.address, leader.server.address
        self.primary = leader
        self.down.discard(leader)
        self._astray_since.clear()
        self._announce("+switch-master", f"{NAME} {old[0]} {old[1]} {new[0]} {new[1]}")
        for node in self.replicas:
            self._announce("+slave", self.describe(node))

    def _set_right(self, node: Node) -> None:
        """A known replica that says it is a master, or follows somebody else, is made to follow the primary."""
        astray = node.answering and node.server.replication.master != self.primary.server.address
        if not astray or not self.primary.answering:
            self._astray_since.pop(node, None)
            return
        since = self._astray_since.setdefault(node, self._t)
        if self._t - since >= SANE:
            is_master = node.server.replication.master is None
            self._announce("+convert-to-slave" if is_master else "+fix-slave-config", self.describe(node))
            self._reconfigure(node, self.primary)

    def _reconfigure(self, node: Node, leader: Node) -> None:
        node.server.replication.follow(*leader.server.address)
        node.hang_up()  # CLIENT KILL TYPE normal, as the real one adds to its REPLICAOF

    def _best(self) -> Node | None:
        """The answering replica that read most; the smaller run id where two read the same."""
        able = [node for node in self.replicas if node.serving and node.server.replication.master is not None]
        if not able:
            return None
        return min(able, key=lambda node: (-node.server.replication.offset, node.server.run_id))
