"""A Sentinel as clients ask one: where the master is, who replicates it, and what happened, over pub/sub.

It is a server of its own with few commands. Its knowledge is ``Failover``'s; what it would measure on the line (pings,
INFO's age) it says as a quiet network has it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.call import Call, Command
from connectors.simulator.redis.commands import admin, clients, connection, publishing
from connectors.simulator.redis.commands.publishing import deliver
from connectors.simulator.redis.commands.subcommands import Subcommand, dispatch
from connectors.simulator.redis.failover import DOWN_AFTER, NAME, TIMEOUT, Failover
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.node import Node
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.protocol import OK, Failure, NullArray, Reply, Status
from connectors.simulator.redis.server import Server

QUORUM = 1
NO_SUCH_MASTER = "ERR No such master with that name"
Entry = dict[bytes, Reply]


class Sentinel:
    """Watches ``nodes``, the primary first, and answers on its own server about them."""

    def __init__(self, clock: SimClock, seed: int, nodes: Sequence[Node], options: RedisOptions) -> None:
        self.failover = Failover(nodes, self._announce, lambda: self.server.run_id)
        self._source = random.Random(f"{seed}/sentinel")
        self.server = Server(clock, self._source.getrandbits(32), self._commands(), options)
        self.server.mode = "sentinel"
        self.server.watching = self._info

    def step(self, t: int) -> None:
        """One simulated second."""
        self.failover.step(t)

    def _announce(self, event: str, about: str) -> None:
        deliver(self.server, event.encode(), about.encode())

    def _commands(self) -> Mapping[bytes, Command]:
        shared = (b"ping", b"auth", b"hello", b"quit", b"reset", b"client", b"acl", b"command", b"info", b"publish")
        listening = (b"subscribe", b"psubscribe", b"unsubscribe", b"punsubscribe")
        everything = {**admin.TABLE, **clients.TABLE, **connection.TABLE, **publishing.TABLE}
        found = {name: everything[name] for name in (*shared, *listening) if name in everything}
        return {
            **found,
            b"role": Command(lambda call: [b"sentinel", [NAME.encode()]], 1),
            b"sentinel": Command(dispatch("sentinel", self._subcommands()), -2),
        }

    def _subcommands(self) -> Mapping[bytes, Subcommand]:
        return {
            b"get-master-addr-by-name": Subcommand(self._address, 3),
            b"masters": Subcommand(lambda call: [self._master()], 2),
            b"master": Subcommand(self._named(lambda call: self._master()), 3),
            b"replicas": Subcommand(self._named(self._replicas), 3),
            b"slaves": Subcommand(self._named(self._replicas), 3),
            b"sentinels": Subcommand(self._named(lambda call: []), 3),
            b"ckquorum": Subcommand(self._named(self._check_quorum), 3),
            b"failover": Subcommand(self._named(self._force), 3),
            b"is-master-down-by-addr": Subcommand(self._is_down, 6),
            b"myid": Subcommand(lambda call: self.server.run_id.encode(), 2),
            b"reset": Subcommand(lambda call: int(matches(call.args[1], NAME.encode())), 3),
            b"flushconfig": Subcommand(lambda call: OK, 2),
        }

    def _named(self, handler: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
        def checked(call: Call) -> Reply:
            if call.args[1] != NAME.encode():
                raise Failure(NO_SUCH_MASTER)
            return handler(call)

        return checked

    def _address(self, call: Call) -> Reply:
        if call.args[1] != NAME.encode():
            return NullArray()
        host, port = self.failover.primary.server.address
        return [host.encode(), b"%d" % port]

    def _master(self) -> Entry:
        watch = self.failover
        flags = ["master"]
        if watch.primary in watch.down:
            flags = ["s_down", "o_down", "master"]
        if watch.running:
            flags.append("failover_in_progress")
        return {
            b"name": NAME.encode(),
            **self._instance(watch.primary, flags),
            b"config-epoch": b"%d" % watch.epoch,
            b"num-slaves": b"%d" % len(watch.replicas),
            b"num-other-sentinels": b"0",
            b"quorum": b"%d" % QUORUM,
            b"failover-timeout": b"%d" % (TIMEOUT * 1000),
            b"parallel-syncs": b"1",
        }

    def _replicas(self, call: Call) -> Reply:
        return [self._replica(node) for node in self.failover.replicas]

    def _replica(self, node: Node) -> Entry:
        watch = self.failover
        host, port = watch.primary.server.address
        own = node.server.replication
        linked = node.serving and own.source() is not None
        flags = ["slave"] if node not in watch.down else ["s_down", "slave", "disconnected"]
        return {
            b"name": b"%b:%d" % (node.server.host.encode(), node.server.port),
            **self._instance(node, flags),
            b"master-link-down-time": b"0" if linked else b"%d" % (watch.silent_for(watch.primary) * 1000),
            b"master-link-status": b"ok" if linked else b"err",
            b"master-host": host.encode(),
            b"master-port": b"%d" % port,
            b"slave-priority": b"100",
            b"slave-repl-offset": b"%d" % own.offset,
            b"replica-announced": b"1",
        }

    def _instance(self, node: Node, flags: list[str]) -> Entry:
        """The fields that the real one says of a master and of a replica alike; its times are milliseconds."""
        silent = self.failover.silent_for(node) * 1000
        since_start = max(0, int((self.server.clock.now() - node.server.started) * 1000))
        return {
            b"ip": node.server.host.encode(),
            b"port": b"%d" % node.server.port,
            b"runid": node.server.run_id.encode(),
            b"flags": ",".join(flags).encode(),
            b"link-pending-commands": b"0",
            b"link-refcount": b"1",
            b"last-ping-sent": b"%d" % silent,
            b"last-ok-ping-reply": b"%d" % (silent + 120),
            b"last-ping-reply": b"%d" % (silent + 120),
            **({b"s-down-time": b"%d" % silent} if node in self.failover.down else {}),
            b"down-after-milliseconds": b"%d" % (DOWN_AFTER * 1000),
            b"info-refresh": b"%d" % (silent + 1200),
            b"role-reported": b"master" if node.server.replication.master is None else b"slave",
            b"role-reported-time": b"%d" % since_start,
        }

    def _info(self) -> Mapping[str, object]:
        """The lines of INFO's section."""
        watch = self.failover
        host, port = watch.primary.server.address
        state = "odown" if watch.primary in watch.down else "ok"
        return {
            "sentinel_masters": 1,
            "sentinel_tilt": 0,
            "sentinel_tilt_since_seconds": -1,
            "sentinel_running_scripts": 0,
            "sentinel_scripts_queue_length": 0,
            "sentinel_simulate_failure_flags": 0,
            "master0": (
                f"name={NAME},status={state},address={host}:{port},slaves={len(watch.replicas)},sentinels={QUORUM}"
            ),
        }

    def _check_quorum(self, call: Call) -> Reply:
        return Status("OK 1 usable Sentinels. Quorum and failover authorization can be reached")

    def _force(self, call: Call) -> Reply:
        if self.failover.running:
            raise Failure("INPROG Failover already in progress")
        if not self.failover.force():
            raise Failure("NOGOODSLAVE No suitable replica to promote")
        return OK

    def _is_down(self, call: Call) -> Reply:
        primary = self.failover.primary
        host, port = call.args[1].decode("ascii", "replace"), call.integer(2)
        asked = primary in self.failover.down and (host, port) == primary.server.address
        return [int(asked), b"*", 0]
