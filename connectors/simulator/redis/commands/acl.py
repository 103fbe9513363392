"""ACL: users, what they may do, what they would be refused, and who was."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from connectors.simulator.redis.acl import Entry
from connectors.simulator.redis.acl_rules import Permissions, RuleError, User
from connectors.simulator.redis.call import Call, Command, integer, text
from connectors.simulator.redis.catalog import CATEGORIES, catalog
from connectors.simulator.redis.commands.subcommands import Subcommand, family, help_of
from connectors.simulator.redis.protocol import OK, Failure, Reply

NO_FILE = (
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER"
    " command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store"
    " users in the Redis configuration."
)
TOO_MANY_BITS = (
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
)


def _who(call: Call) -> Reply:
    return call.client.user.encode("utf-8", "surrogateescape")


def _users(call: Call) -> Reply:
    return [_raw(name) for name in sorted(call.server.acl.users)]


def _list(call: Call) -> Reply:
    return [_raw(user.line) for _, user in sorted(call.server.acl.users.items())]


def _get_user(call: Call) -> Reply:
    user = call.server.acl.users.get(text(call.args[1]))
    if user is None:
        return None
    flags = ["on" if user.enabled else "off", *(["nopass"] if user.open else [])]
    return {
        b"flags": _flags(call, flags),
        b"passwords": [_raw(one) for one in user.passwords],
        **_told(user.root),
        b"selectors": [_told(selector) for selector in user.selectors],
    }


def _flags(call: Call, flags: list[str]) -> Reply:
    raw = [_raw(flag) for flag in flags]
    return frozenset(raw) if call.client.protocol == 3 else raw


def _told(permissions: Permissions) -> dict[bytes, Reply]:
    return {
        b"commands": _raw(permissions.command_rules),
        b"keys": _raw(permissions.key_rules),
        b"channels": _raw(permissions.channel_rules),
    }


def _set_user(call: Call) -> Reply:
    try:
        call.server.acl.set_user(text(call.args[1]), [text(rule) for rule in call.args[2:]])
    except RuleError as error:
        raise Failure(f"ERR {error}") from None
    return OK


def _delete_user(call: Call) -> Reply:
    """Ends the connections of those who are gone."""
    names = [text(raw) for raw in call.args[1:]]
    if "default" in names:
        raise Failure("ERR The 'default' user cannot be removed")
    gone = {name for name in names if call.server.acl.users.pop(name, None) is not None}
    for client in list(call.server.clients.values()):
        if client.user in gone:
            client.closing = True
            if client is not call.client:
                client.hang_up()
    return len(gone)


def _categories(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure("ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.")
    if len(call.args) == 1:
        return [_raw(name) for name in CATEGORIES]
    wanted = text(call.args[1].lower())
    if wanted not in CATEGORIES:
        raise Failure(f"ERR Unknown category '{text(call.args[1])}'")
    return [_raw(name) for name, fact in catalog().items() if wanted in fact.categories]


def _dry_run(call: Call) -> Reply:
    user = call.server.acl.users.get(text(call.args[1]))
    if user is None:
        raise Failure(f"ERR User '{text(call.args[1])}' not found")
    words = call.args[2:]
    name = text(words[0])
    if words[0].lower() not in call.server.commands:
        raise Failure(f"ERR Command '{name}' not found")
    _, command = call.server.door.find(words)
    return OK if command.stranger else _judged(user, words, command.keys_in(words))


def _judged(user: User, words: list[bytes], keys: list[bytes]) -> Reply:
    refused = user.refusal(words, keys)
    return OK if refused is None else _raw(f"This user has no permissions to {refused.told}")


def _password(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure("ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.")
    bits = integer(call.args[1]) if len(call.args) == 2 else 256
    if not 0 < bits <= 4096:
        raise Failure(TOO_MANY_BITS)
    digits = -(-bits // 4)
    return secrets.token_hex(-(-digits // 2))[:digits].encode()


def _log(call: Call) -> Reply:
    match call.options(1):
        case [b"reset"]:
            call.server.acl.log.entries.clear()
            return OK
        case []:
            count = 10
        case [raw]:
            count = max(0, integer(raw))
        case _:
            raise Failure("ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.")
    return [_entry(call, entry) for entry in call.server.acl.log.entries[:count]]


def _entry(call: Call, entry: Entry) -> Reply:
    return {
        b"count": entry.count,
        b"reason": _raw(entry.reason),
        b"context": _raw(entry.where),
        b"object": _raw(entry.name),
        b"username": _raw(entry.user),
        b"age-seconds": max(0.0, call.server.wall() - entry.latest),
        b"client-info": _raw(entry.client),
    }


def _no_file(call: Call) -> Reply:
    raise Failure(NO_FILE)


def _raw(said: str) -> bytes:
    return said.encode("utf-8", "surrogateescape")


ACL: Mapping[bytes, Subcommand] = {
    b"whoami": Subcommand(_who, 2),
    b"users": Subcommand(_users, 2),
    b"list": Subcommand(_list, 2),
    b"getuser": Subcommand(_get_user, 3),
    b"setuser": Subcommand(_set_user, -3),
    b"deluser": Subcommand(_delete_user, -3),
    b"cat": Subcommand(_categories, -2),
    b"dryrun": Subcommand(_dry_run, -4),
    b"genpass": Subcommand(_password, -2),
    b"log": Subcommand(_log, -2),
    b"load": Subcommand(_no_file, 2),
    b"save": Subcommand(_no_file, 2),
    b"help": help_of(
        "ACL",
        ("CAT [<category>]", "The categories, or the commands of one."),
        ("DELUSER <username> [<username> ...]", "Removes users and ends their connections."),
        ("DRYRUN <username> <command> [<arg> ...]", "Whether the user might, without doing it."),
        ("GETUSER <username>", "What a user may do."),
        ("GENPASS [<bits>]", "A password nobody guesses."),
        ("LIST", "The users as lines of a configuration."),
        ("LOG [<count> | RESET]", "Who was refused what."),
        ("SETUSER <username> <attribute> [<attribute> ...]", "Makes or changes a user."),
        ("USERS", "The names of the users."),
        ("WHOAMI", "The user of this connection."),
    ),
}
TABLE: Mapping[bytes, Command] = {b"acl": family("acl", ACL, script=False)}
