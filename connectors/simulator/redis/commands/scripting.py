"""EVAL and its family. The Lua library is imported with the first script, not with the simulator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from connectors.simulator.redis.commands.counts import keys_after_count
from connectors.simulator.redis.commands.subcommands import Subcommand, family, help_of
from connectors.simulator.redis.protocol import OK, Failure, Reply
from connectors.simulator.redis.server import Call, Command, integer


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
    reply = run_script(call, body, call.args[2 : 2 + count], call.args[2 + count :])
    call.server.scripts[_sha(body)] = body
    return reply


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
    check_script(call, body)
    call.server.scripts[_sha(body)] = body
    return _sha(body)


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
    b"eval": Command(evaluate, -3, True, script=False, locate=keys_after_count(2)),
    b"evalsha": Command(evaluate_sha, -3, True, script=False, locate=keys_after_count(2)),
    b"eval_ro": Command(evaluate, -3, script=False, locate=keys_after_count(2)),
    b"evalsha_ro": Command(evaluate_sha, -3, script=False, locate=keys_after_count(2)),
    b"script": family("script", SCRIPT, script=False),
}
