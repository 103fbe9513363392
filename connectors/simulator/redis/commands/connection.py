"""The connection itself: protocol, user and password, database."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.acl_rules import Refused
from connectors.simulator.redis.call import SYNTAX, Call, Command, integer, text
from connectors.simulator.redis.commands.clients import checked_name
from connectors.simulator.redis.commands.keys import database
from connectors.simulator.redis.commands.transactions import forget
from connectors.simulator.redis.protocol import OK, Failure, Reply, Status
from connectors.simulator.redis.server import VERSION

NO_PASSWORD = (
    "ERR AUTH <password> called without any password configured for the default user."
    " Are you sure your configuration is correct?"
)


def ping(call: Call) -> Reply:
    if len(call.args) > 1:
        raise Failure("ERR wrong number of arguments for 'ping' command")
    if call.client.protocol == 2 and call.client.subscriptions:
        return [b"pong", call.args[0] if call.args else b""]
    return call.args[0] if call.args else Status("PONG")


def echo(call: Call) -> Reply:
    return call.args[0]


def select(call: Call) -> Reply:
    call.client.database = database(call.args[0])
    return OK


def quit_(call: Call) -> Reply:
    call.client.closing = True
    return OK


def reset(call: Call) -> Reply:
    client = call.client
    forget(call.server, client)
    call.server.monitors.listeners.pop(client.id, None)
    client.channels.clear()
    client.patterns.clear()
    client.protocol, client.database, client.name = 2, 0, b""
    client.authenticated, client.user, client.silence = call.server.acl.open, "default", ""
    return Status("RESET")


def auth(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure(SYNTAX)
    if len(call.args) == 1 and call.server.acl.open:
        raise Failure(NO_PASSWORD)
    _authenticate(call, call.args[0] if len(call.args) == 2 else b"default", call.args[-1])
    return OK


def _authenticate(call: Call, user: bytes, password: bytes) -> None:
    server, name = call.server, text(user)
    if not server.acl.admits(name, password):
        server.acl.log.add(
            Refused("auth", call.name.upper()), name, "toplevel", call.client.line(server), server.wall()
        )
        raise Failure("WRONGPASS invalid username-password pair or user is disabled.")
    call.client.authenticated, call.client.user = True, name


def hello(call: Call) -> Reply:
    protocol = _protocol(call)
    words, name = call.args[1:], call.client.name
    while words:
        option, needed = words[0].lower(), 3 if words[0].lower() == b"auth" else 2
        if option not in (b"auth", b"setname") or len(words) < needed:
            raise Failure(f"ERR Syntax error in HELLO option '{text(words[0])}'")
        if option == b"auth":
            _authenticate(call, words[1], words[2])
        else:
            name = checked_name(words[1])
        words = words[needed:]
    if not call.client.authenticated:
        raise Failure(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH"
            " <user> <pass> option can be used to authenticate the client and select the RESP protocol version at"
            " the same time"
        )
    call.client.protocol, call.client.name = protocol, name
    return _greeting(call)


def _protocol(call: Call) -> int:
    if not call.args:
        return call.client.protocol
    try:
        protocol = integer(call.args[0])
    except Failure:
        raise Failure("ERR Protocol version is not an integer or out of range") from None
    if protocol not in (2, 3):
        raise Failure("NOPROTO unsupported protocol version")
    return protocol


def _greeting(call: Call) -> Reply:
    greeting: dict[bytes, Reply] = {
        b"server": b"redis",
        b"version": VERSION.encode(),
        b"proto": call.client.protocol,
        b"id": call.client.id,
        b"mode": call.server.mode.encode(),
        b"role": b"master" if call.server.replication.master is None else b"replica",
        b"modules": [],
    }
    if call.server.mode == "sentinel":
        del greeting[b"role"]
    return greeting


TABLE: Mapping[bytes, Command] = {
    b"ping": Command(ping, -1),
    b"echo": Command(echo, 2),
    b"select": Command(select, 2),
    b"quit": Command(quit_, -1, script=False, stranger=True),
    b"reset": Command(reset, 1, script=False, stranger=True),
    b"auth": Command(auth, -2, script=False, stranger=True),
    b"hello": Command(hello, -1, script=False, stranger=True),
}
