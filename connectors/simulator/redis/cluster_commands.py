"""CLUSTER as a node of the simulated cluster answers it, what it refuses there, and where it sends clients instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from connectors.simulator.redis.call import Call, Client, Command, Guard, text
from connectors.simulator.redis.catalog import catalog, parents
from connectors.simulator.redis.commands import connection
from connectors.simulator.redis.commands.subcommands import Subcommand, dispatch
from connectors.simulator.redis.node import Node
from connectors.simulator.redis.protocol import OK, Failure, Reply, Verbatim
from connectors.simulator.redis.slots import SLOTS, slot_of

DOWN = "CLUSTERDOWN The cluster is down"
CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot"
NOT_LOCAL = "ERR Script attempted to access a non local key in a cluster node"
DISABLED = "ERR This instance has cluster support disabled"
BUS = 10000  # a node's bus is at its port plus this

Entry = dict[bytes, Reply]


class Member(Protocol):
    """A node as the others know it."""

    node: Node
    id: str
    first: int  # its slots
    last: int
    epoch: int
    failed: bool  # everybody agrees that it is gone


class View(Protocol):
    """What the commands need to know of the cluster."""

    members: list[Member]
    seconds: int  # simulated, since the estate's history began

    @property
    def healthy(self) -> bool: ...

    def owner(self, slot: int) -> Member: ...


def cluster_guard(view: View, own: Member) -> Guard:
    """Sends a client to the node that has its keys."""

    def guard(client: Client, command: Command, words: list[bytes], where: str) -> None:
        slots = {slot_of(key) for key in _keys_of(command, words)}
        if not slots:
            return
        if len(slots) > 1:
            raise Failure(CROSS_SLOT)
        if not view.healthy:
            raise Failure(DOWN)
        slot = slots.pop()
        owner = view.owner(slot)
        if owner is not own:
            host, port = owner.node.server.address
            raise Failure(NOT_LOCAL if where == "lua" else f"MOVED {slot} {host}:{port}")

    return guard


def _keys_of(command: Command, words: list[bytes]) -> list[bytes]:
    """Also of a subcommand: MEMORY USAGE key."""
    name = words[0].lower().decode("ascii", "replace")
    if command.first or name not in parents() or len(words) < 3:
        return command.keys_in(words)
    fact = catalog().get(f"{name}|{words[1].lower().decode('ascii', 'replace')}")
    return words[fact.first : fact.first + 1] if fact is not None and fact.first else []


def cluster_table(view: View, own: Member) -> Mapping[bytes, Command]:
    """The commands of one node that a server alone has otherwise, or not."""
    said = _Said(view, own)
    known = {
        b"info": Subcommand(said.info, 2),
        b"nodes": Subcommand(said.nodes, 2),
        b"slots": Subcommand(said.slots, 2),
        b"shards": Subcommand(said.shards, 2),
        b"links": Subcommand(said.links, 2),
        b"myid": Subcommand(lambda call: own.id.encode(), 2),
        b"keyslot": Subcommand(lambda call: slot_of(call.args[1]), 3),
        b"countkeysinslot": Subcommand(lambda call: len(_keys_in(call, _slot(call))), 3),
        b"getkeysinslot": Subcommand(_some_keys, 4),
        b"replicas": Subcommand(said.replicas, 3),
        b"slaves": Subcommand(said.replicas, 3),
        b"count-failure-reports": Subcommand(said.failure_reports, 3),
        b"failover": Subcommand(_refused("ERR You should send CLUSTER FAILOVER to a replica"), -2),
        b"saveconfig": Subcommand(lambda call: OK, 2),
    }
    return {
        b"cluster": Command(dispatch("cluster", known), -2, script=False),
        b"select": Command(_select, 2),
        b"readonly": Command(lambda call: OK, 1),
        b"readwrite": Command(lambda call: OK, 1),
        b"asking": Command(lambda call: OK, 1),
        b"replicaof": Command(_refused("ERR REPLICAOF not allowed in cluster mode."), 3),
        b"slaveof": Command(_refused("ERR REPLICAOF not allowed in cluster mode."), 3),
        b"failover": Command(
            _refused("ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead."), -1
        ),
    }


class _Said:
    """The replies about the cluster as ``own`` sees it."""

    def __init__(self, view: View, own: Member) -> None:
        self._view = view
        self._own = own

    def info(self, call: Call) -> Reply:
        failed = sum(member.last - member.first + 1 for member in self._view.members if member.failed)
        others = len(self._view.members) - 1
        messages = max(0, self._view.seconds) * others  # each node is pinged once a second
        lines: Mapping[str, object] = {
            "cluster_state": "ok" if self._view.healthy else "fail",
            "cluster_slots_assigned": SLOTS,
            "cluster_slots_ok": SLOTS - failed,
            "cluster_slots_pfail": 0,
            "cluster_slots_fail": failed,
            "cluster_known_nodes": len(self._view.members),
            "cluster_size": sum(not member.failed for member in self._view.members),
            "cluster_current_epoch": max(member.epoch for member in self._view.members),
            "cluster_my_epoch": self._own.epoch,
            "cluster_stats_messages_ping_sent": messages,
            "cluster_stats_messages_pong_sent": messages,
            "cluster_stats_messages_sent": 2 * messages,
            "cluster_stats_messages_ping_received": messages,
            "cluster_stats_messages_pong_received": messages,
            "cluster_stats_messages_received": 2 * messages,
            "total_cluster_links_buffer_limit_exceeded": 0,
        }
        return Verbatim("".join(f"{name}:{value}\r\n" for name, value in lines.items()))

    def nodes(self, call: Call) -> Reply:
        return Verbatim("".join(self._line(call, member) + "\n" for member in self._view.members))

    def _line(self, call: Call, member: Member) -> str:
        host, port = member.node.server.address
        flags = ("myself," if member is self._own else "") + ("master,fail" if member.failed else "master")
        link = "disconnected" if member.failed else "connected"
        heard = 0 if member is self._own else int(call.server.wall() * 1000)
        return (
            f"{member.id} {host}:{port}@{_bus(port)} {flags} - 0 {heard} {member.epoch} {link}"
            f" {member.first}-{member.last}"
        )

    def slots(self, call: Call) -> Reply:
        found: list[Reply] = []
        for member in self._view.members:
            host, port = member.node.server.address
            found.append([member.first, member.last, [host.encode(), port, member.id.encode(), []]])
        return found

    def shards(self, call: Call) -> Reply:
        return [
            {b"slots": [member.first, member.last], b"nodes": [self._in_shard(member)]} for member in self._view.members
        ]

    def _in_shard(self, member: Member) -> Entry:
        host, port = member.node.server.address
        return {
            b"id": member.id.encode(),
            b"port": port,
            b"ip": host.encode(),
            b"endpoint": host.encode(),
            b"role": b"master",
            b"replication-offset": member.node.server.replication.offset,
            b"health": b"fail" if member.failed else b"online",
        }

    def links(self, call: Call) -> Reply:
        others = [member for member in self._view.members if member is not self._own and not member.failed]
        return [self._link(call, member, way) for member in others for way in (b"to", b"from")]

    def _link(self, call: Call, member: Member, direction: bytes) -> Entry:
        started = max(member.node.server.started, self._own.node.server.started)
        return {
            b"direction": direction,
            b"node": member.id.encode(),
            b"create-time": int(call.server.clock.wall(started) * 1000),
            b"events": b"r",
            b"send-buffer-allocated": 0,
            b"send-buffer-used": 0,
        }

    def replicas(self, call: Call) -> Reply:
        self._known(call)
        return []

    def failure_reports(self, call: Call) -> Reply:
        return len(self._view.members) - 1 if self._known(call).failed else 0

    def _known(self, call: Call) -> Member:
        wanted = text(call.args[1])
        for member in self._view.members:
            if member.id == wanted:
                return member
        raise Failure(f"ERR Unknown node {wanted}")


def _bus(port: int) -> int:
    return port + BUS if port + BUS <= 65535 else port - BUS


def _slot(call: Call) -> int:
    slot = call.integer(1)
    if not 0 <= slot < SLOTS:
        raise Failure("ERR Invalid slot")
    return slot


def _keys_in(call: Call, slot: int) -> list[bytes]:
    return [key for key in call.server.keyspace(0).living() if slot_of(key) == slot]


def _some_keys(call: Call) -> Reply:
    slot, count = _slot(call), call.integer(2)
    if count < 0:
        raise Failure("ERR Invalid number of keys")
    return _keys_in(call, slot)[:count]


def _select(call: Call) -> Reply:
    if call.integer(0) != 0:
        raise Failure("ERR SELECT is not allowed in cluster mode")
    return connection.select(call)


def _refused(sentence: str) -> Callable[[Call], Reply]:
    def refuse(call: Call) -> Reply:
        raise Failure(sentence)

    return refuse


NO_CLUSTER: Mapping[bytes, Command] = {
    b"cluster": Command(_refused(DISABLED), -2, script=False),
    b"readonly": Command(_refused(DISABLED), 1),
    b"readwrite": Command(_refused(DISABLED), 1),
    b"asking": Command(_refused(DISABLED), 1),
}
"""Of a server that is in no cluster."""
