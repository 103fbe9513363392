"""Commands of commands: CLIENT, CONFIG, ACL and the like, told apart by their second word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.redis.protocol import Failure, Reply
from connectors.simulator.redis.server import Call, Handler, text


@dataclass(frozen=True, slots=True)
class Subcommand:
    """``arity`` counts both words and is negative for "at least", as COMMAND INFO shows it."""

    handler: Handler
    arity: int


def dispatch(parent: str, known: Mapping[bytes, Subcommand]) -> Handler:
    """A handler that finds the subcommand; its failures are the real server's for an unknown one or a wrong arity."""

    def handle(call: Call) -> Reply:
        name = call.args[0].lower()
        found = known.get(name)
        if found is None:
            raise Failure(f"ERR unknown subcommand '{text(call.args[0][:128])}'. Try {parent.upper()} HELP.")
        size = len(call.args) + 1
        if (size < -found.arity) if found.arity < 0 else (size != found.arity):
            raise Failure(f"ERR wrong number of arguments for '{parent}|{text(name)}' command")
        return found.handler(call)

    return handle
