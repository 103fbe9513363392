"""CLIENT: who is connected, under what name; ending connections, holding them, letting them go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.simulator.redis.call import SYNTAX, Call, Client, Command, integer, text
from connectors.simulator.redis.commands.subcommands import Subcommand, family
from connectors.simulator.redis.protocol import OK, Failure, Reply, Verbatim

KINDS = ("normal", "master", "slave", "replica", "pubsub")


def _set_name(call: Call) -> Reply:
    call.client.name = checked_name(call.args[1])
    return OK


def checked_name(name: bytes) -> bytes:
    """The name; a Failure where it would break a line of CLIENT LIST."""
    if any(not 33 <= byte <= 126 for byte in name):
        raise Failure("ERR Client names cannot contain spaces, newlines or special characters.")
    return name


def _set_info(call: Call) -> Reply:
    option, value = call.args[1].lower(), call.args[2]
    if option not in (b"lib-name", b"lib-ver"):
        raise Failure(f"ERR Unrecognized option '{text(call.args[1])}'")
    if any(not 33 <= byte <= 126 for byte in value):
        raise Failure(f"ERR {text(option)} cannot contain spaces, newlines or special characters.")
    if option == b"lib-name":
        call.client.library = value
    else:
        call.client.library_version = value
    return OK


def _list(call: Call) -> Reply:
    chosen: Callable[[Client], bool] = lambda client: True  # noqa: E731
    match call.options(1):
        case []:
            pass
        case [b"type", kind]:
            wanted = _kind(kind)
            chosen = lambda client: _kind_of(client) == wanted  # noqa: E731
        case [b"id", *ids] if ids:
            numbers = {_id(raw) for raw in ids}
            chosen = lambda client: client.id in numbers  # noqa: E731
        case _:
            raise Failure(SYNTAX)
    lines = [client.line(call.server) + "\n" for client in call.server.clients.values() if chosen(client)]
    return Verbatim("".join(lines))


def _kind(raw: bytes) -> str:
    kind = text(raw)
    if kind not in KINDS:
        raise Failure(f"ERR Unknown client type '{kind}'")
    return "replica" if kind == "slave" else kind


def _kind_of(client: Client) -> str:
    return "pubsub" if client.subscriptions else "normal"


def _id(raw: bytes) -> int:
    try:
        number = integer(raw)
    except Failure:
        number = 0
    if number <= 0:
        raise Failure("ERR Invalid client ID")
    return number


def _kill(call: Call) -> Reply:
    """The old form names an address; the new one has filters and answers how many."""
    if len(call.args) == 2:
        found = [client for client in call.server.clients.values() if client.address == text(call.args[1])]
        if not found:
            raise Failure("ERR No such client")
        _end(call, found)
        return OK
    filters, spare = _filters(call)
    found = [client for client in call.server.clients.values() if all(keep(client) for keep in filters)]
    found = [client for client in found if not (spare and client is call.client)]
    _end(call, found)
    return len(found)


def _filters(call: Call) -> tuple[list[Callable[[Client], bool]], bool]:
    words = call.args[1:]
    if len(words) % 2:
        raise Failure(SYNTAX)
    filters: list[Callable[[Client], bool]] = []
    spare = True
    for option, value in zip([word.lower() for word in words[::2]], words[1::2], strict=True):
        if option == b"skipme":
            if value.lower() not in (b"yes", b"no"):
                raise Failure(SYNTAX)
            spare = value.lower() == b"yes"
        else:
            filters.append(_filter(call, option, value))
    return filters, spare


def _filter(call: Call, option: bytes, value: bytes) -> Callable[[Client], bool]:
    said = text(value)
    match option:
        case b"id":
            number = _kill_id(value)
            return lambda client: client.id == number
        case b"addr":
            return lambda client: client.address == said
        case b"laddr":
            return lambda client: said == f"{call.server.host}:{call.server.port}"
        case b"type":
            kind = _kind(value.lower())
            return lambda client: _kind_of(client) == kind
        case b"user":
            if said not in call.server.acl.users:
                raise Failure(f"ERR No such user '{said}'")
            return lambda client: client.user == said
    raise Failure(SYNTAX)


def _kill_id(raw: bytes) -> int:
    try:
        number = integer(raw)
    except Failure:
        number = 0
    if number <= 0:
        raise Failure("ERR client-id should be greater than 0")
    return number


def _end(call: Call, clients: list[Client]) -> None:
    for client in clients:
        client.closing = True  # its own conversation ends after this reply, the others' at once
        if client is not call.client:
            client.hang_up()


def _on_off(call: Call) -> Reply:
    if call.args[1].lower() not in (b"on", b"off"):
        raise Failure(SYNTAX)
    return OK


def _pause(call: Call) -> Reply:
    mode = call.args[2].lower() if len(call.args) == 3 else b"all"
    if mode not in (b"write", b"all"):
        raise Failure("ERR CLIENT PAUSE mode must be WRITE or ALL")
    try:
        milliseconds = integer(call.args[1])
    except Failure:
        raise Failure("ERR timeout is not an integer or out of range") from None
    if milliseconds < 0:
        raise Failure("ERR timeout is negative")
    call.server.pause.begin(milliseconds / 1000, mode == b"write")
    return OK


def _unpause(call: Call) -> Reply:
    call.server.pause.end()
    return OK


def _reply(call: Call) -> Reply:
    """OFF and SKIP have no reply themselves: the conversation keeps silent."""
    mode = call.args[1].lower()
    if mode == b"on":
        call.client.silence = ""
    elif mode == b"off":
        call.client.silence = "off"
    elif mode == b"skip":
        call.client.silence = call.client.silence or "next"
    else:
        raise Failure(SYNTAX)
    return OK


def _unblock(call: Call) -> Reply:
    how = call.args[2].lower() if len(call.args) == 3 else b"timeout"
    if how not in (b"timeout", b"error"):
        raise Failure("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    number = call.integer(1)
    waiter = call.server.waiting.of(number)
    if waiter is None:
        return 0
    error = Failure("UNBLOCKED client unblocked via CLIENT UNBLOCK")
    return int(call.server.waiting.end(number, error if how == b"error" else waiter.empty))


def _tracking(call: Call) -> Reply:
    """Off, as it always is; on needs what this server does not keep, and says so."""
    match call.options(1):
        case [b"off"]:
            return OK
        case [b"on", *_]:
            raise Failure("ERR Client side caching is not supported by this server")
    raise Failure(SYNTAX)


SUBCOMMANDS: Mapping[bytes, Subcommand] = {
    b"id": Subcommand(lambda call: call.client.id, 2),
    b"getname": Subcommand(lambda call: call.client.name or None, 2),
    b"setname": Subcommand(_set_name, 3),
    b"setinfo": Subcommand(_set_info, 4),
    b"list": Subcommand(_list, -2),
    b"info": Subcommand(lambda call: Verbatim(call.client.line(call.server) + "\n"), 2),
    b"kill": Subcommand(_kill, -3),
    b"pause": Subcommand(_pause, -3),
    b"unpause": Subcommand(_unpause, 2),
    b"reply": Subcommand(_reply, 3),
    b"unblock": Subcommand(_unblock, -3),
    b"no-evict": Subcommand(_on_off, 3),
    b"no-touch": Subcommand(_on_off, 3),
    b"tracking": Subcommand(_tracking, -3),
    b"trackinginfo": Subcommand(lambda call: {b"flags": frozenset({b"off"}), b"redirect": -1, b"prefixes": []}, 2),
    b"getredir": Subcommand(lambda call: -1, 2),
}

TABLE: Mapping[bytes, Command] = {b"client": family("client", SUBCOMMANDS, script=False)}
