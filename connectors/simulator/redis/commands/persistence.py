"""SAVE, BGSAVE and BGREWRITEAOF, which are always done at once here; MODULE and LOLWUT."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import SYNTAX, Call, Command
from connectors.simulator.redis.commands.subcommands import Subcommand, family
from connectors.simulator.redis.protocol import OK, Failure, Reply, Status, Verbatim
from connectors.simulator.redis.server import VERSION

NO_MODULE = (
    'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a local'
    " connection, otherwise you need to set this option in the configuration file, and then restart the server."
)


def save_behind(call: Call) -> Reply:
    if call.options(0) not in ([], [b"schedule"]):
        raise Failure(SYNTAX)
    return Status("Background saving started")


def rewrite(call: Call) -> Reply:
    return Status("Background append only file rewriting started")


def _no_module(call: Call) -> Reply:
    raise Failure(NO_MODULE)


MODULE: Mapping[bytes, Subcommand] = {
    b"list": Subcommand(lambda call: [], 2),
    b"load": Subcommand(_no_module, -3),
    b"loadex": Subcommand(_no_module, -3),
    b"unload": Subcommand(_no_module, 3),
}
TABLE: Mapping[bytes, Command] = {
    b"save": Command(lambda call: OK, 1, script=False),
    b"bgsave": Command(save_behind, -1, script=False),
    b"bgrewriteaof": Command(rewrite, 1, script=False),
    b"module": family("module", MODULE, script=False),
    b"lolwut": Command(lambda call: Verbatim(f"Redis ver. {VERSION}\n"), -1),
}
