"""COMMAND, SLOWLOG, LATENCY and DEBUG: what a server tells of its commands and of how slow they were.

No command of a simulated server is slow, so the slow log and the latency events are empty, as on a healthy real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.simulator.redis.call import SYNTAX, Call, Command, text
from connectors.simulator.redis.catalog import Fact, catalog
from connectors.simulator.redis.commands.configuration import setting
from connectors.simulator.redis.commands.counts import at_least
from connectors.simulator.redis.commands.subcommands import Subcommand, family, help_of
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.protocol import OK, Failure, Reply, Status, Verbatim

NO_DEBUG = (
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local'
    " connection, otherwise you need to set this option in the configuration file, and then restart the server."
)
NO_LATENCY = (
    "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use \"CONFIG SET"
    ' latency-monitor-threshold <milliseconds>." in order to enable it.\n'
)
ALL_WELL = "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit.\n"


def _command(call: Call) -> Reply:
    if call.args:
        return _FAMILY.handler(call)
    return [_entry(call, name) for name in call.server.commands]


def _entry(call: Call, name: bytes) -> Reply:
    """One command as COMMAND INFO shows it: None for an unknown one."""
    command, fact = call.server.commands.get(name.lower()), catalog().get(text(name.lower()))
    if command is None:
        return None
    if fact is None:
        flags = frozenset({Status("write" if command.write else "readonly")})
        return [name, command.arity, list(flags), command.first, command.last, command.step, [], [], [], []]
    return _told(fact)


def _told(fact: Fact) -> Reply:
    subcommands = [_told(one) for name, one in catalog().items() if name.startswith(f"{fact.name}|")]
    flags: list[Reply] = [Status(flag) for flag in fact.flags]
    categories: list[Reply] = [Status(f"@{name}") for name in sorted(fact.categories)]
    return [
        fact.name.encode(),
        fact.arity,
        flags,
        fact.first,
        fact.last,
        fact.step,
        categories,
        [],
        [],
        subcommands,
    ]


def _docs(call: Call) -> Reply:
    names = [name.lower() for name in call.args[1:]] or list(call.server.commands)
    known = {name: catalog()[text(name)] for name in names if name in call.server.commands and text(name) in catalog()}
    return {
        name: {
            b"summary": f"A command of the {fact.group} group".encode(),
            b"since": fact.since.encode(),
            b"group": fact.group.encode(),
        }
        for name, fact in known.items()
    }


def _list(call: Call) -> Reply:
    names = list(call.server.commands)
    match call.options(1):
        case []:
            return names
        case [b"filterby", b"pattern", pattern]:
            return [name for name in names if matches(pattern, name)]
        case [b"filterby", b"aclcat", category]:
            facts = {name: catalog().get(text(name)) for name in names}
            return [name for name, fact in facts.items() if fact and text(category) in fact.categories]
        case [b"filterby", b"module", _]:
            return []
    raise Failure(SYNTAX)


def _info(call: Call) -> Reply:
    return [_entry(call, name) for name in call.args[1:] or call.server.commands]


def _keys_of(call: Call) -> Reply:
    words = call.args[1:]
    try:
        _, command = call.server.door.find(words)
    except Failure as failure:
        unknown = "unknown" in str(failure)
        why = "Invalid command specified" if unknown else "Invalid number of arguments specified for command"
        raise Failure(f"ERR {why}") from None
    if not command.first and command.locate is None:
        raise Failure("ERR The command has no key arguments")
    return command.keys_in(words)


COMMAND: Mapping[bytes, Subcommand] = {
    b"count": Subcommand(lambda call: len(call.server.commands), 2),
    b"docs": Subcommand(_docs, -2),
    b"list": Subcommand(_list, -2),
    b"info": Subcommand(_info, -2),
    b"getkeys": Subcommand(_keys_of, -4),
    b"help": help_of(
        "COMMAND",
        ("(no subcommand)", "Details about all commands."),
        ("COUNT", "How many commands there are."),
        ("DOCS [<command-name> ...]", "What the commands are for."),
        ("GETKEYS <full-command>", "The keys of a command."),
        ("INFO [<command-name> ...]", "Details about some commands."),
        ("LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]", "Their names."),
    ),
}
_FAMILY = family("command", COMMAND)


def _checked(words: list[bytes]) -> None:
    if len(words) > 1 and _FAMILY.check is not None:
        _FAMILY.check(words)


def _slow_get(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure("ERR wrong number of arguments for 'slowlog|get' command")
    if len(call.args) == 2:
        at_least(call.args[1], -1, "ERR count should be greater than or equal to -1")
    return []


SLOWLOG: Mapping[bytes, Subcommand] = {
    b"get": Subcommand(_slow_get, -2),
    b"len": Subcommand(lambda call: 0, 2),
    b"reset": Subcommand(lambda call: OK, 2),
    b"help": help_of(
        "SLOWLOG",
        ("GET [<count>]", "The newest entries: id, time, microseconds, arguments, address and name of the client."),
        ("LEN", "How many entries there are."),
        ("RESET", "Forgets them."),
    ),
}


def _doctor(call: Call) -> Reply:
    return Verbatim(NO_LATENCY if setting(call.server, "latency-monitor-threshold") == "0" else ALL_WELL)


def _graph(call: Call) -> Reply:
    raise Failure(f"ERR No samples available for event '{text(call.args[1])}'")


LATENCY: Mapping[bytes, Subcommand] = {
    b"latest": Subcommand(lambda call: [], 2),
    b"history": Subcommand(lambda call: [], 3),
    b"graph": Subcommand(_graph, 3),
    b"reset": Subcommand(lambda call: 0, -2),
    b"doctor": Subcommand(_doctor, 2),
    b"histogram": Subcommand(lambda call: {}, -2),
    b"help": help_of(
        "LATENCY",
        ("DOCTOR", "What the latency events say, for people."),
        ("GRAPH <event>", "An event's samples as a picture."),
        ("HISTOGRAM [COMMAND ...]", "How long commands took."),
        ("HISTORY <event>", "An event's samples."),
        ("LATEST", "The latest sample of each event."),
        ("RESET [<event> ...]", "Forgets the events."),
    ),
}


def _debug(call: Call) -> Reply:
    raise Failure(NO_DEBUG)


def monitor(call: Call) -> Reply:
    call.server.monitors.listeners[call.client.id] = call.client.push
    return OK


TABLE: Mapping[bytes, Command] = {
    b"command": replace(_FAMILY, handler=_command, arity=-1, check=_checked),
    b"slowlog": family("slowlog", SLOWLOG),
    b"latency": family("latency", LATENCY, script=False),
    b"debug": Command(_debug, -2, script=False),
    b"monitor": Command(monitor, 1, script=False),
}
