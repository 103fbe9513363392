"""EVAL and its family. The Lua library is imported with the first script, not with the simulator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from connectors.simulator.redis.protocol import OK, Failure, Reply
from connectors.simulator.redis.server import Call, Command, integer, text


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


def script(call: Call) -> Reply:
    match call.options(0):
        case [b"load", _]:
            return _load(call, call.args[1])
        case [b"exists", _, *_] as words:
            return [int(sha in call.server.scripts) for sha in words[1:]]
        case [b"flush"] | [b"flush", b"sync" | b"async"]:
            call.server.scripts.clear()
            return OK
        case [b"kill"]:
            raise Failure("NOTBUSY No scripts in execution right now.")
    raise Failure(f"ERR unknown subcommand '{text(call.args[0])}'. Try SCRIPT HELP.")


def _load(call: Call, body: bytes) -> Reply:
    from connectors.simulator.redis.lua import check_script

    check_script(call, body)
    call.server.scripts[_sha(body)] = body
    return _sha(body)


TABLE: Mapping[bytes, Command] = {
    b"eval": Command(evaluate, -3, True, script=False),
    b"evalsha": Command(evaluate_sha, -3, True, script=False),
    b"eval_ro": Command(evaluate, -3, script=False),
    b"evalsha_ro": Command(evaluate_sha, -3, script=False),
    b"script": Command(script, -2, script=False),
}
