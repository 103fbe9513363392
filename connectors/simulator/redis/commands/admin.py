"""What people and monitors ask a server about itself: INFO, the slow log, memory, the list of commands."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.info import info_text
from connectors.simulator.redis.keyspace import Value
from connectors.simulator.redis.protocol import OK, Failure, Reply, Status, Verbatim
from connectors.simulator.redis.server import Call, Command, text


def info(call: Call) -> Reply:
    return Verbatim(info_text(call.server, [text(section) for section in call.options(0)]))


def size(call: Call) -> Reply:
    return call.server.size(call.client.database)


def time_now(call: Call) -> Reply:
    microseconds = int(call.server.wall() * 1_000_000)
    return [b"%d" % (microseconds // 1_000_000), b"%d" % (microseconds % 1_000_000)]


def last_save(call: Call) -> Reply:
    return int(call.server.clock.wall(call.server.started))


def role(call: Call) -> Reply:
    return [b"master", 0, []]


def slow_log(call: Call) -> Reply:
    """Always empty: no command of a simulated server is slow."""
    match call.options(0):
        case [b"get"] | [b"get", _]:
            return []
        case [b"len"]:
            return 0
        case [b"reset"]:
            return OK
    raise Failure(f"ERR unknown subcommand '{text(call.args[0])}'. Try SLOWLOG HELP.")


def latency(call: Call) -> Reply:
    match call.options(0):
        case [b"latest"] | [b"history", _]:
            return []
        case [b"reset", *_]:
            return 0
        case [b"doctor"]:
            return Verbatim("Dave, I have observed no latency at all in this simulated server.\n")
    raise Failure(f"ERR unknown subcommand '{text(call.args[0])}'. Try LATENCY HELP.")


def memory(call: Call) -> Reply:
    match call.options(0):
        case [b"usage", _] | [b"usage", _, b"samples", _]:
            value = call.keys.get(call.args[1])
            return None if value is None else 56 + len(call.args[1]) + _bytes_of(value)
        case [b"doctor"]:
            return Verbatim("Sam, I can't find any memory issue in your instance.\n")
    raise Failure(f"ERR unknown subcommand '{text(call.args[0])}'. Try MEMORY HELP.")


def _bytes_of(value: Value) -> int:
    """Roughly what the real server would take: the content and a header an item."""
    if isinstance(value, bytes):
        return len(value)
    items = [*value, *value.values()] if isinstance(value, dict) else value
    return sum(len(item or b"") + 16 for item in items)


def commands(call: Call) -> Reply:
    match call.options(0):
        case []:
            return [_entry(call, name) for name in call.server.commands]
        case [b"count"]:
            return len(call.server.commands)
        case [b"docs", *_]:
            return {}
        case [b"list"]:
            return list(call.server.commands)
        case [b"info", *names]:
            return [_entry(call, name) for name in names or call.server.commands]
        case [b"getkeys", *_]:
            return _keys_of(call)
    raise Failure(f"ERR unknown subcommand '{text(call.args[0])}'. Try COMMAND HELP.")


def _entry(call: Call, name: bytes) -> Reply:
    command = call.server.commands.get(name)
    if command is None:
        return None
    flags = [Status("write" if command.write else "readonly")] + ([] if command.script else [Status("noscript")])
    return [name, command.arity, flags, command.first, command.last, command.step, [], [], [], []]


def _keys_of(call: Call) -> Reply:
    words = call.args[1:]
    if not words:
        raise Failure("ERR Unknown subcommand or wrong number of arguments for 'GETKEYS'. Try COMMAND HELP.")
    _, command = call.server.find(words)
    if not command.first:
        raise Failure("ERR The command has no key arguments")
    last = command.last + len(words) if command.last < 0 else command.last
    return words[command.first : last + 1 : command.step]


TABLE: Mapping[bytes, Command] = {
    b"info": Command(info, -1),
    b"dbsize": Command(size, 1),
    b"time": Command(time_now, 1),
    b"lastsave": Command(last_save, 1),
    b"role": Command(role, 1, script=False),
    b"slowlog": Command(slow_log, -2),
    b"latency": Command(latency, -2, script=False),
    b"memory": Command(memory, -2),
    b"command": Command(commands, -1),
}
