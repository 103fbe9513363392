"""INFO's replication section, and ROLE, of a master and of a replica, as the real server words them."""

from __future__ import annotations

from connectors.simulator.redis.protocol import Reply
from connectors.simulator.redis.replication import BACKLOG
from connectors.simulator.redis.server import Server

Lines = dict[str, object]


def replication_lines(server: Server) -> Lines:
    """The section's lines in the real server's order."""
    own = server.replication
    lines: Lines = {"role": own.role}
    if own.master is not None:
        lines |= _of_replica(server)
    lines |= _followers(server)
    history = bool(own.offset)
    return lines | {
        "master_failover_state": own.failing_over,
        "master_replid": own.id,
        "master_replid2": own.id2,
        "master_repl_offset": own.offset,
        "second_repl_offset": own.second_offset,
        "repl_backlog_active": int(history),
        "repl_backlog_size": BACKLOG,
        "repl_backlog_first_byte_offset": max(1, own.offset - BACKLOG + 1) if history else 0,
        "repl_backlog_histlen": min(own.offset, BACKLOG),
    }


def _of_replica(server: Server) -> Lines:
    own = server.replication
    host, port = own.master or ("", 0)
    linked = own.source() is not None
    silent = max(0, int(server.clock.now() - own.acknowledged))
    lines: Lines = {
        "master_host": host,
        "master_port": port,
        "master_link_status": "up" if linked else "down",
        "master_last_io_seconds_ago": silent if linked else -1,
        "master_sync_in_progress": 0,
        "slave_read_repl_offset": own.offset,
        "slave_repl_offset": own.offset,
    }
    if not linked:
        lines["master_link_down_since_seconds"] = silent
    return lines | {"slave_priority": 100, "slave_read_only": int(server.replication.read_only), "replica_announced": 1}


def _followers(server: Server) -> Lines:
    followers = server.replication.followers()
    lines: Lines = {"connected_slaves": len(followers)}
    for index, replica in enumerate(followers):
        theirs = replica.replication
        lag = max(0, int(server.clock.now() - theirs.acknowledged))
        lines[f"slave{index}"] = f"ip={replica.host},port={replica.port},state=online,offset={theirs.offset},lag={lag}"
    return lines


def role_reply(server: Server) -> Reply:
    """ROLE: a master with its replicas, or a replica with its master and the state of the link."""
    own = server.replication
    if own.master is not None:
        host, port = own.master
        state = b"connected" if own.source() is not None else b"connect"
        return [b"slave", host.encode(), port, state, own.offset if state == b"connected" else -1]
    replicas: list[Reply] = [
        [replica.host.encode(), b"%d" % replica.port, b"%d" % replica.replication.offset] for replica in own.followers()
    ]
    return [b"master", own.offset, replicas]
