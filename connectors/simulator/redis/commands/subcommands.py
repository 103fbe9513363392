"""Commands of commands: CLIENT, CONFIG, ACL and the like, told apart by their second word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.simulator.redis.call import Call, Command, Handler, text
from connectors.simulator.redis.protocol import Failure, Reply, Status


@dataclass(frozen=True, slots=True)
class Subcommand:
    """``arity`` counts both words and is negative for "at least", as COMMAND INFO shows it."""

    handler: Handler
    arity: int


def dispatch(parent: str, known: Mapping[bytes, Subcommand]) -> Handler:
    """A handler that finds the subcommand, or fails as ``checking`` does."""
    check = checking(parent, known)

    def handle(call: Call) -> Reply:
        check([parent.encode(), *call.args])
        return known[call.args[0].lower()].handler(call)

    return handle


def checking(parent: str, known: Mapping[bytes, Subcommand]) -> Callable[[list[bytes]], None]:
    """Refuses what is no subcommand, or has a wrong number of arguments, in the real server's words."""

    def check(words: list[bytes]) -> None:
        name = words[1].lower()
        found = known.get(name)
        if found is None:
            raise Failure(f"ERR unknown subcommand '{text(words[1][:128])}'. Try {parent.upper()} HELP.")
        if (len(words) < -found.arity) if found.arity < 0 else (len(words) != found.arity):
            raise Failure(f"ERR wrong number of arguments for '{parent}|{text(name)}' command")

    return check


def family(
    parent: str, known: Mapping[bytes, Subcommand], write: bool = False, first: int = 0, script: bool = True
) -> Command:
    """The command whose second word is one of ``known``; ``first`` is where its key stands, 0 for none."""
    step = 1 if first else 0
    return Command(dispatch(parent, known), -2, write, first, first, step, script, check=checking(parent, known))


def help_of(parent: str, *lines: tuple[str, str]) -> Subcommand:
    """HELP: each subcommand and what it is for."""
    told: list[Reply] = [Status(f"{parent} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")]
    for usage, purpose in (*lines, ("HELP", "Prints this help.")):
        told += [Status(usage), Status(f"    {purpose}")]
    return Subcommand(lambda call: told, 2)
