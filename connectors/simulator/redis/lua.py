"""Scripts in a real Lua 5.1, as the real server runs them: redis.call, cjson, KEYS and ARGV, in a fresh environment.

Lua sees copies: arguments and replies are turned into Lua values and back, and no Python object is reachable from a
script. A script may execute a bounded number of instructions, because everything here runs in one event loop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce

import lupa.lua51 as lupa

from connectors.simulator.redis import cjson
from connectors.simulator.redis.call import Call, Client, Command, text
from connectors.simulator.redis.catalog import catalog
from connectors.simulator.redis.lua_library import BITS, Random, Script, sha1_of
from connectors.simulator.redis.lua_prelude import PRELUDE
from connectors.simulator.redis.protocol import Failure, Later, NullArray, Pairs, Push, Reply, Status, Verbatim
from connectors.simulator.redis.server import VERSION, Server

_LINE = re.compile(r"user_script:([0-9]+):")
INSTRUCTIONS = 5_000_000  # about a third of a second; the real server calls a script slow after five
KILOBYTES = 16 * 1024  # for all that scripts hold; Lua's own limit would end the process where it strikes outside one
PUBLISHES = frozenset({b"publish", b"spublish"})
READ_ONLY = "ERR Write commands are not allowed from read-only scripts."


class _Runtime:
    """One Lua state for the process; what differs from script to script travels in ``call``."""

    def __init__(self) -> None:
        self._lua = lupa.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            attribute_filter=_no_attributes,
        )
        self._current: tuple[Server, Client, bool] | None = None  # and whether it may only read
        self._random = Random()
        self._null = self._lua.eval(b"newproxy(false)")
        prelude = self._lua.eval(b"loadstring")(PRELUDE, b"prelude")
        bits = self._lua.table_from(BITS)
        number = reduce(lambda total, part: total * 256 + int(part), VERSION.split("."), 0)
        chance = self._random.draw, self._random.seed
        json = self._encode, self._decode, self._null
        self._run = prelude(
            self._call, _sha1hex, *json, *chance, bits, VERSION.encode(), number, INSTRUCTIONS, KILOBYTES
        )

    def check(self, body: bytes) -> None:
        outcome = self._run(body, b"@user_script", None, None, True)
        if outcome is not True:
            raise Failure(f"ERR Error compiling script (new function): {text(outcome[1])}")

    def run(self, call: Call, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Reply:
        self.check(script.code)
        self._random.seed()
        client = Client(0, lambda _: None, database=call.client.database, user=call.client.user, patient=False)
        self._current = (call.server, client, script.reads)
        done, result = self._outcome(script.code, keys, arguments)
        if not done:
            raise _script_failure(result, script)
        return _reply(result)

    def _outcome(self, body: bytes, keys: Sequence[bytes], arguments: Sequence[bytes]) -> tuple[bool, object]:
        outcome = self._run(body, b"@user_script", self._table(keys), self._table(arguments), False)
        return outcome if isinstance(outcome, tuple) else (bool(outcome), None)

    def _call(self, *arguments: object) -> object:
        """redis.pcall: the reply as a Lua value, an error as a table with ``err``."""
        assert self._current is not None
        server, client, reads = self._current
        try:
            words = [_word(argument) for argument in arguments]
            if not words:
                raise Failure("ERR Please specify at least one argument for this redis lib call")
            if words[0].lower() not in server.commands:
                raise Failure("ERR Unknown Redis command called from script")
            name, command = _found(server, words)
            if not command.script or "noscript" in _flags(name):
                raise Failure("ERR This Redis command is not allowed from script")
            refused = server.door.refusal(client, command, words, "lua")
            if refused is not None:
                raise Failure(f"ERR The user executing the script can't {refused.in_script}")
            server.door.turn_away(client, command, words, "lua")
            if reads and (command.write or name in PUBLISHES):
                raise Failure(READ_ONLY)
            return self._value(server.door.run(client, name, command, words[1:]))
        except Failure as failure:
            return self._value(failure)

    def _value(self, reply: Reply) -> object:
        """The Redis documentation's table of RESP2 replies as Lua values: nil is false, a status a table."""
        match reply:
            case None | NullArray():
                return False
            case bytes() | int():
                return reply
            case float():
                return b"%.17g" % reply
            case Verbatim(shown):
                return shown.encode()
            case Status(word):
                return self._lua.table_from({b"ok": word.encode()})
            case Failure():
                return self._lua.table_from({b"err": str(reply).encode("utf-8", "surrogateescape")})
            case Push(items):
                return self._table([self._value(item) for item in items])
            case Pairs(pairs):
                return self._table([self._value(list(pair)) for pair in pairs])
            case Mapping():
                return self._table([self._value(item) for pair in reply.items() for item in pair])
            case Later():
                return False
            case _:
                return self._table([self._value(item) for item in reply])

    def _table(self, items: Sequence[object]) -> object:
        return self._lua.table_from(list(items))

    def _encode(self, value: object = None, *_: object) -> tuple[bool, bytes]:
        try:
            return True, cjson.encode(value, lupa.lua_type)
        except ValueError as error:
            return False, str(error).encode()

    def _decode(self, document: object = None, *_: object) -> tuple[bool, object]:
        if not isinstance(document, bytes):
            return False, b"bad argument #1 to 'decode' (string expected)"
        try:
            return True, cjson.decode(document, self._lua.table_from, self._null)
        except ValueError as error:
            return False, str(error).encode()


def run_script(call: Call, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Reply:
    """What the script returns, as a reply; a Failure where it does not compile or raises."""
    return _runtime().run(call, script, keys, arguments)


def check_script(call: Call, body: bytes) -> None:
    """A Failure where the script does not compile."""
    _runtime().check(body)


@lru_cache(maxsize=1)
def _runtime() -> _Runtime:
    return _Runtime()


def _no_attributes(subject: object, name: object, setting: bool) -> object:
    raise AttributeError("Python objects are closed to scripts")


def _sha1hex(value: object = b"", *_: object) -> bytes:
    return sha1_of(_word(value))


def _found(server: Server, words: list[bytes]) -> tuple[bytes, Command]:
    try:
        return server.door.find(words)
    except Failure as failure:
        if "wrong number of arguments" in str(failure):
            raise Failure("ERR Wrong number of args calling Redis command from script") from None
        raise


def _flags(name: bytes) -> tuple[str, ...]:
    fact = catalog().get(text(name))
    return fact.flags if fact else ()


def _word(argument: object) -> bytes:
    if isinstance(argument, bytes):
        return argument
    if isinstance(argument, int) and not isinstance(argument, bool):
        return b"%d" % argument
    if isinstance(argument, float):
        return b"%.17g" % argument
    raise Failure("ERR Lua redis lib command arguments must be strings or integers")


def _script_failure(result: object, script: Script) -> Failure:
    """What the script raised, an error reply or a text, and where; as the real server words it."""
    entries = dict(result.items()) if lupa.lua_type(result) == "table" else {}  # type: ignore[attr-defined]
    if lupa.lua_type(result) == "table":
        message = text(entries.get(b"err", b"ERR unknown error"))
    else:
        message = f"ERR {text(result) if isinstance(result, bytes) else result}"
    line = _LINE.search(message)
    at = entries.get(b"line") or (line.group(1) if line else 1)
    where = f"script: {script.sha1.decode()}, on @user_script:{at}."
    return Failure(f"{message} {where}")


def _reply(value: object) -> Reply:
    """The documentation's other table: numbers are cut to integers, false is nil, an array ends at its first nil."""
    if value is None or value is False:
        return None
    if value is True:
        return 1
    if isinstance(value, bytes):
        return value
    if isinstance(value, int | float):
        return _whole(value)
    return _table_reply(value) if lupa.lua_type(value) == "table" else None


def _whole(number: float) -> int:
    """Cut to 64 bits as the real server's processor does it: what does not fit, NaN too, is the smallest one."""
    smallest = -(2**63)
    return int(number) if smallest <= number < -smallest else smallest


def _table_reply(table: object) -> Reply:
    entries = dict(table.items())  # type: ignore[attr-defined]
    if isinstance(entries.get(b"err"), bytes):
        return Failure(text(entries[b"err"]))
    if isinstance(entries.get(b"ok"), bytes):
        return Status(text(entries[b"ok"]))
    if isinstance(entries.get(b"double"), int | float):
        return float(entries[b"double"])
    for name, shape in ((b"map", _map), (b"set", _set)):
        inner = entries.get(name)
        if inner is not None and lupa.lua_type(inner) == "table":
            return shape(dict(inner.items()))
    items: list[Reply] = []
    while (item := entries.get(len(items) + 1)) is not None:
        items.append(_reply(item))
    return items


def _map(entries: dict[object, object]) -> Reply:
    return {_name(key): _reply(value) for key, value in entries.items()}


def _set(entries: dict[object, object]) -> Reply:
    return frozenset(_name(key) for key in entries)


def _name(key: object) -> bytes:
    return key if isinstance(key, bytes) else b"%.17g" % key if isinstance(key, int | float) else b""
