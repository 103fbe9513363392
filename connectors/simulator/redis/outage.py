"""How a server goes and comes back: SHUTDOWN, and what it turns away while it reads its dump."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import SYNTAX, Call, Client, Command, Guard
from connectors.simulator.redis.catalog import catalog, parents
from connectors.simulator.redis.protocol import OK, Failure, Reply
from connectors.simulator.redis.server import Server

LOADING = "LOADING Redis is loading the dataset in memory"
SHUTDOWN_WORDS = frozenset({b"nosave", b"save", b"now", b"force", b"abort"})


def loading_guard(server: Server) -> Guard:
    """Turns away what the real server does not do while it loads."""

    def guard(client: Client, command: Command, words: list[bytes], where: str) -> None:
        if server.loading and not _while_loading(words):
            raise Failure(LOADING)

    return guard


def _while_loading(words: list[bytes]) -> bool:
    """Whether the real server does it while it loads; an unknown subcommand is refused later, as what it is."""
    name = words[0].lower().decode("ascii", "replace")
    if name in parents() and len(words) > 1:
        fact = catalog().get(f"{name}|{words[1].lower().decode('ascii', 'replace')}")
        return fact is None or "loading" in fact.flags
    fact = catalog().get(name)
    return fact is not None and "loading" in fact.flags


def shut_down(call: Call) -> Reply:
    """No reply: the connection ends with the process."""
    wanted = call.options(0)
    if not SHUTDOWN_WORDS.issuperset(wanted) or {b"save", b"nosave"}.issubset(wanted):
        raise Failure(SYNTAX)
    if b"abort" in wanted:
        if len(wanted) > 1:
            raise Failure(SYNTAX)
        raise Failure("ERR No shutdown in progress.")
    call.client.closing = True
    call.server.shut_down(b"save" in wanted)
    return OK


TABLE: Mapping[bytes, Command] = {b"shutdown": Command(shut_down, -1, script=False)}
