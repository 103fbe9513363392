"""REPLICAOF, ROLE, WAIT and FAILOVER, and what a replica refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import SYNTAX, Call, Client, Command, Guard, integer, text
from connectors.simulator.redis.info_replication import role_reply
from connectors.simulator.redis.protocol import OK, Failure, Reply, Status
from connectors.simulator.redis.server import Server
from connectors.simulator.redis.waiting import LATER

READ_ONLY = "READONLY You can't write against a read only replica."
SCRIPTS = frozenset({b"eval", b"evalsha", b"fcall"})  # it is what they call that may be refused
NO_WAIT = (
    "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured"
    " to be writable (which is not the default) writes to replicas are just local and are not propagated."
)


def replica_guard(server: Server) -> Guard:
    """Turns writes away while the server follows another one."""

    def guard(client: Client, command: Command, words: list[bytes], where: str) -> None:
        writes = command.write and words[0].lower() not in SCRIPTS
        if writes and server.replication.master is not None and server.replication.read_only:
            raise Failure(READ_ONLY)

    return guard


def replica_of(call: Call) -> Reply:
    own = call.server.replication
    if [arg.lower() for arg in call.args] == [b"no", b"one"]:
        own.lead()
        return OK
    address = _address(call.args[0], call.args[1])
    if own.master == address:
        return Status("OK Already connected to specified master")
    own.follow(*address)
    return OK


def _address(host: bytes, port: bytes) -> tuple[str, int]:
    try:
        number = integer(port)
    except Failure:
        number = -1
    if not 0 <= number <= 65535:
        raise Failure("ERR Invalid master port")
    return text(host), number


def role(call: Call) -> Reply:
    return role_reply(call.server)


def wait(call: Call) -> Reply:
    """The replicas here read everything at once; too few of them are waited for in vain, in wall milliseconds."""
    if call.server.replication.master is not None:
        raise Failure(NO_WAIT)
    wanted, timeout = call.integer(0), _timeout(call.args[1])
    followers = call.server.replication.followers()
    for replica in followers:
        replica.replication.catch_up()
    if len(followers) >= wanted or not call.client.patient:
        return len(followers)
    return call.server.waiting.park(call.client.id, call.keys, (), lambda: LATER, timeout / 1000, len(followers))


def _timeout(raw: bytes) -> int:
    try:
        timeout = integer(raw)
    except Failure:
        raise Failure("ERR timeout is not an integer or out of range") from None
    if timeout < 0:
        raise Failure("ERR timeout is negative")
    return timeout


@dataclass(slots=True)
class _Wish:
    """What FAILOVER was asked for."""

    to: tuple[str, int] | None = None
    force: bool = False
    abort: bool = False
    timeout: int = 0


def failover(call: Call) -> Reply:
    """A handshake in a real one, which takes milliseconds; here the roles are changed before the reply."""
    wish = _wish(call)
    if wish.abort:
        raise Failure("ERR No failover in progress.")
    if call.server.replication.master is not None:
        raise Failure("ERR FAILOVER is not valid when server is a replica.")
    if not call.server.replication.followers():
        raise Failure("ERR FAILOVER requires connected replicas.")
    if wish.force and (not wish.timeout or wish.to is None):
        raise Failure("ERR FAILOVER with force option requires both a timeout and target HOST and IP.")
    change_roles(call.server, _target(call.server, wish.to))
    return OK


def _wish(call: Call) -> _Wish:
    wish, words = _Wish(), call.args
    while words:
        match words[0].lower():
            case b"abort" if len(call.args) == 1:
                wish.abort, words = True, words[1:]
            case b"to" if len(words) > 2 and wish.to is None:
                wish.to, words = (text(words[1]), integer(words[2])), words[3:]
            case b"timeout" if len(words) > 1 and not wish.timeout:
                wish.timeout, words = _failover_timeout(words[1]), words[2:]
            case b"force" if not wish.force:
                wish.force, words = True, words[1:]
            case _:
                raise Failure(SYNTAX)
    return wish


def _failover_timeout(raw: bytes) -> int:
    timeout = integer(raw)
    if timeout <= 0:
        raise Failure("ERR FAILOVER timeout must be greater than 0")
    return timeout


def _target(master: Server, wanted: tuple[str, int] | None) -> Server:
    followers = master.replication.followers()
    if wanted is None:
        return max(followers, key=lambda replica: replica.replication.offset)
    for replica in followers:
        if replica.address == wanted:
            return replica
    raise Failure("ERR FAILOVER target HOST and PORT is not a replica.")


def change_roles(master: Server, replica: Server) -> None:
    """The replica has all that was written, leads, and its master follows it."""
    replica.replication.catch_up()
    replica.replication.lead()
    master.replication.follow(*replica.address)


TABLE: Mapping[bytes, Command] = {
    b"replicaof": Command(replica_of, 3, script=False),
    b"slaveof": Command(replica_of, 3, script=False),
    b"role": Command(role, 1, script=False),
    b"wait": Command(wait, 3, script=False),
    b"failover": Command(failover, -1, script=False),
}
