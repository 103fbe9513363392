"""The connection itself: protocol, password, name, and the list of clients."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from connectors.simulator.redis.commands.transactions import forget
from connectors.simulator.redis.protocol import OK, Failure, Reply, Status, Verbatim
from connectors.simulator.redis.server import DATABASES, SYNTAX, VERSION, Call, Client, Command, integer, text

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
    index = call.integer(0)
    if not 0 <= index < DATABASES:
        raise Failure("ERR DB index is out of range")
    call.client.database = index
    return OK


def quit_(call: Call) -> Reply:
    call.client.closing = True
    return OK


def reset(call: Call) -> Reply:
    client = call.client
    forget(call.server, client)
    client.channels.clear()
    client.patterns.clear()
    client.protocol, client.database, client.name = 2, 0, b""
    client.authenticated = call.server.password is None
    return Status("RESET")


def auth(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure(SYNTAX)
    if len(call.args) == 1 and call.server.password is None:
        raise Failure(NO_PASSWORD)
    _authenticate(call, call.args[0] if len(call.args) == 2 else b"default", call.args[-1])
    return OK


def _authenticate(call: Call, user: bytes, password: bytes) -> None:
    wanted = call.server.password
    right = wanted is None or hmac.compare_digest(password, wanted)
    if user != b"default" or not right:
        raise Failure("WRONGPASS invalid username-password pair or user is disabled.")
    call.client.authenticated = True


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
            name = _checked_name(words[1])
        words = words[needed:]
    if not call.client.authenticated:
        raise Failure(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH"
            " <user> <pass> option can be used to authenticate the client and select the RESP protocol version at"
            " the same time"
        )
    call.client.protocol, call.client.name = protocol, name
    return _greeting(call.client)


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


def _greeting(client: Client) -> Reply:
    return {
        b"server": b"redis",
        b"version": VERSION.encode(),
        b"proto": client.protocol,
        b"id": client.id,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


def client_command(call: Call) -> Reply:
    sub = call.args[0].lower()
    found = _CLIENT.get(sub)
    if found is None:
        raise Failure(f"ERR unknown subcommand '{text(call.args[0])}'. Try CLIENT HELP.")
    handler, fewest, most = found
    if not fewest <= len(call.args) - 1 <= most:
        raise Failure(f"ERR wrong number of arguments for 'client|{text(sub)}' command")
    return handler(call)


def _set_name(call: Call) -> Reply:
    call.client.name = _checked_name(call.args[1])
    return OK


def _checked_name(name: bytes) -> bytes:
    if any(not 33 <= byte <= 126 for byte in name):
        raise Failure("ERR Client names cannot contain spaces, newlines or special characters.")
    return name


def _set_info(call: Call) -> Reply:
    option, value = call.args[1].lower(), call.args[2]
    if option == b"lib-name":
        call.client.library = _checked_attribute("lib-name", value)
    elif option == b"lib-ver":
        call.client.library_version = _checked_attribute("lib-ver", value)
    else:
        raise Failure(f"ERR Unrecognized option '{text(call.args[1])}'")
    return OK


def _checked_attribute(name: str, value: bytes) -> bytes:
    if any(not 33 <= byte <= 126 for byte in value):
        raise Failure(f"ERR {name} cannot contain spaces, newlines or special characters.")
    return value


def _list(call: Call) -> Reply:
    return Verbatim("".join(_line(call, client) + "\n" for client in call.server.clients.values()))


def _info(call: Call) -> Reply:
    return Verbatim(_line(call, call.client) + "\n")


def _line(call: Call, client: Client) -> str:
    age = max(0, int(call.server.wall() - client.since))
    queued = -1 if client.queue is None else len(client.queue)
    flags = "P" if client.subscriptions else "x" if client.queue is not None else "N"
    return (
        f"id={client.id} addr={client.address} laddr=127.0.0.1:{call.server.port} fd=8 name={text(client.name)}"
        f" age={age} idle=0 flags={flags} db={client.database} sub={len(client.channels)} psub={len(client.patterns)}"
        f" ssub=0 multi={queued} qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 obl=0 oll=0 omem=0 tot-mem=0 events=r"
        f" cmd={client.last_command} user=default redir=-1 resp={client.protocol} lib-name={text(client.library)}"
        f" lib-ver={text(client.library_version)}"
    )


def _on_off(call: Call) -> Reply:
    if call.args[1].lower() not in (b"on", b"off"):
        raise Failure(SYNTAX)
    return OK


_CLIENT: Mapping[bytes, tuple[Callable[[Call], Reply], int, int]] = {
    b"id": (lambda call: call.client.id, 0, 0),
    b"getname": (lambda call: call.client.name or None, 0, 0),
    b"setname": (_set_name, 1, 1),
    b"setinfo": (_set_info, 2, 2),
    b"list": (_list, 0, 100),
    b"info": (_info, 0, 0),
    b"no-evict": (_on_off, 1, 1),
    b"no-touch": (_on_off, 1, 1),
}

TABLE: Mapping[bytes, Command] = {
    b"ping": Command(ping, -1),
    b"echo": Command(echo, 2),
    b"select": Command(select, 2),
    b"quit": Command(quit_, -1, script=False, stranger=True),
    b"reset": Command(reset, 1, script=False, stranger=True),
    b"auth": Command(auth, -2, script=False, stranger=True),
    b"hello": Command(hello, -1, script=False, stranger=True),
    b"client": Command(client_command, -2, script=False),
}
