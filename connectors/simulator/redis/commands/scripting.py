"""EVAL and its family. The Lua library is imported with the first script, not with the simulator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from connectors.simulator.redis.call import Call, Command, integer, text
from connectors.simulator.redis.commands.counts import keys_after_count
from connectors.simulator.redis.commands.subcommands import Subcommand, family, help_of
from connectors.simulator.redis.lua_library import Script
from connectors.simulator.redis.protocol import OK, Failure, Reply

SCRIPT_FLAGS = frozenset({b"no-writes", b"allow-oom", b"allow-stale", b"no-cluster", b"allow-cross-slot-keys"})


def evaluate(call: Call) -> Reply:
    return _run(call, call.args[0])


def evaluate_sha(call: Call) -> Reply:
    body = call.server.scripts.get(call.args[0].lower())
    if body is None:
        raise Failure("NOSCRIPT No matching script. Please use EVAL.")
    return _run(call, body)


def _run(call: Call, body: bytes) -> Reply:
    from connectors.simulator.redis.lua import run_script

    count = integer(call.args[1])
    if count < 0:
        raise Failure("ERR Number of keys can't be negative")
    if count > len(call.args) - 2:
        raise Failure("ERR Number of keys can't be greater than number of args")
    code, only_reads = _without_shebang(body)
    script = Script(body, code, only_reads or call.name.endswith("_ro"))
    reply = run_script(call, script, call.args[2 : 2 + count], call.args[2 + count :])
    call.server.scripts[_sha(body)] = body
    return reply


def _without_shebang(body: bytes) -> tuple[bytes, bool]:
    """The script with its first line blank where that is ``#!lua flags=…``; whether it promises not to write."""
    if not body.startswith(b"#!"):
        return body, False
    line, newline, rest = body.partition(b"\n")
    if not newline:
        raise Failure("ERR Invalid script shebang")
    engine, *options = line.split() or [b""]
    if engine != b"#!lua":
        raise Failure(f"ERR Unexpected engine in script shebang: {text(engine)}")
    flags: list[bytes] = []
    for option in options:
        if not option.startswith(b"flags="):
            raise Failure(f"ERR Unknown lua shebang option: {text(option)}")
        flags += option.removeprefix(b"flags=").split(b",")
    unknown = [flag for flag in flags if flag not in SCRIPT_FLAGS]
    if unknown:
        raise Failure(f"ERR Unexpected flag in script shebang: {text(unknown[0])}")
    return newline + rest, b"no-writes" in flags


def _sha(body: bytes) -> bytes:
    return hashlib.sha1(body, usedforsecurity=False).hexdigest().encode()


def _exists(call: Call) -> Reply:
    return [int(sha.lower() in call.server.scripts) for sha in call.args[1:]]


def _flush(call: Call) -> Reply:
    if call.options(1) not in ([], [b"sync"], [b"async"]):
        raise Failure("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    call.server.scripts.clear()
    return OK


def _kill(call: Call) -> Reply:
    raise Failure("NOTBUSY No scripts in execution right now.")


def _load(call: Call) -> Reply:
    from connectors.simulator.redis.lua import check_script

    body = call.args[1]
    check_script(call, _without_shebang(body)[0])
    call.server.scripts[_sha(body)] = body
    return _sha(body)


def _no_function(call: Call) -> Reply:
    raise Failure("ERR Function not found")


def _no_library(call: Call) -> Reply:
    raise Failure("ERR Library not found")


def _load_function(call: Call) -> Reply:
    raise Failure("ERR Functions are not supported by this server")


def _function_statistics(call: Call) -> Reply:
    return {b"running_script": None, b"engines": {b"LUA": {b"libraries_count": 0, b"functions_count": 0}}}


FUNCTION: Mapping[bytes, Subcommand] = {
    b"list": Subcommand(lambda call: [], -2),
    b"stats": Subcommand(_function_statistics, 2),
    b"delete": Subcommand(_no_library, 3),
    b"flush": Subcommand(lambda call: OK, -2),
    b"load": Subcommand(_load_function, -3),
    b"kill": Subcommand(_kill, 2),
}
SCRIPT: Mapping[bytes, Subcommand] = {
    b"load": Subcommand(_load, 3),
    b"exists": Subcommand(_exists, -3),
    b"flush": Subcommand(_flush, -2),
    b"kill": Subcommand(_kill, 2),
    b"help": help_of(
        "SCRIPT",
        ("EXISTS <sha1> [<sha1> ...]", "Which scripts are known."),
        ("FLUSH [ASYNC|SYNC]", "Forgets all scripts."),
        ("KILL", "Ends the script that runs, unless it wrote."),
        ("LOAD <script>", "Keeps a script without running it."),
    ),
}
TABLE: Mapping[bytes, Command] = {
    b"eval": Command(evaluate, -3, script=False, locate=keys_after_count(2)),
    b"evalsha": Command(evaluate_sha, -3, script=False, locate=keys_after_count(2)),
    b"eval_ro": Command(evaluate, -3, script=False, locate=keys_after_count(2)),
    b"evalsha_ro": Command(evaluate_sha, -3, script=False, locate=keys_after_count(2)),
    b"script": family("script", SCRIPT, script=False),
    b"function": family("function", FUNCTION, script=False),
    b"fcall": Command(_no_function, -3, script=False, locate=keys_after_count(2)),
    b"fcall_ro": Command(_no_function, -3, script=False, locate=keys_after_count(2)),
}
