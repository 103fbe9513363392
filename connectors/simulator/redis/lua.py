"""Scripts in a real Lua 5.1, as the real server runs them: redis.call, cjson, KEYS and ARGV, in a fresh environment.

Lua sees copies: arguments and replies are turned into Lua values and back, and no Python object is reachable from a
script. A script may execute a bounded number of instructions, because everything here runs in one event loop.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import lupa.lua51 as lupa

from connectors.simulator.redis import cjson
from connectors.simulator.redis.protocol import Failure, Later, NullArray, Push, Reply, Status, Verbatim
from connectors.simulator.redis.server import Call, Client, Server, text

_LINE = re.compile(r"user_script:([0-9]+):")
INSTRUCTIONS = 20_000_000  # about half a second

_PRELUDE = b"""
local call, log, sha1, encode, decode, null, limit = ...
local sethook, traceback = debug.sethook, debug.traceback
local function stop() error('script runs too long', 0) end
redis = {
  pcall = call, log = log, sha1hex = sha1, breakpoint = function() return false end,
  replicate_commands = function() return true end, set_repl = function() end,
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  error_reply = function(message)
    if message:sub(1, 1) == '-' then message = message:sub(2) end
    if not message:find(' ', 1, true) then message = 'ERR ' .. message end
    return {err = message}
  end,
  status_reply = function(message) return {ok = message} end,
}
redis.call = function(...)
  local reply = call(...)
  if type(reply) == 'table' and reply.err then error(reply, 0) end
  return reply
end
cjson = {
  null = null,
  encode = function(value)
    local done, result = encode(value)
    if not done then error('user_script:1: ' .. result, 0) end
    return result
  end,
  decode = function(value)
    local done, result = decode(value)
    if not done then error('user_script:1: ' .. result, 0) end
    return result
  end,
}
local keep = {'string', 'table', 'math', 'redis', 'cjson', 'assert', 'error', 'ipairs', 'next', 'pairs', 'pcall',
  'rawequal', 'rawget', 'rawset', 'select', 'setmetatable', 'getmetatable', 'tonumber', 'tostring', 'type', 'unpack',
  'xpcall'}
local base = {}
for _, name in ipairs(keep) do base[name] = _G[name] end
base.math.random, base.math.randomseed, base.string.dump = nil, nil, nil
local load, setfenv = loadstring, setfenv
local function closed() error('Attempt to modify a readonly table', 2) end
local function environment(keys, argv)
  local own = {KEYS = keys, ARGV = argv}
  local index = function(_, name)
    local value = base[name]
    if value == nil then
      error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
    end
    return value
  end
  own._G = own
  return setmetatable(own, {__index = index, __newindex = closed})
end
return function(body, name, keys, argv, only_check)
  local chunk, problem = load(body, name)
  if not chunk then return false, problem end
  if only_check then return true end
  setfenv(chunk, environment(keys, argv))
  sethook(stop, '', limit)
  local done, result = pcall(chunk)
  sethook()
  return done, result
end
"""


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
        self._current: tuple[Server, Client] | None = None
        self._null = self._lua.eval(b"newproxy(false)")
        prelude = self._lua.eval(b"loadstring")(_PRELUDE, b"prelude")
        self._run = prelude(self._call, lambda *_: None, _sha1hex, self._encode, self._decode, self._null, INSTRUCTIONS)

    def check(self, body: bytes) -> None:
        outcome = self._run(body, b"@user_script", None, None, True)
        if outcome is not True:
            raise Failure(f"ERR Error compiling script (new function): {text(outcome[1])}")

    def run(self, call: Call, body: bytes, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Reply:
        self.check(body)
        client = Client(0, lambda _: None, database=call.client.database, user=call.client.user, patient=False)
        self._current = (call.server, client)
        done, result = self._outcome(body, keys, arguments)
        if not done:
            raise _script_failure(result, body)
        return _reply(result)

    def _outcome(self, body: bytes, keys: Sequence[bytes], arguments: Sequence[bytes]) -> tuple[bool, object]:
        outcome = self._run(body, b"@user_script", self._table(keys), self._table(arguments), False)
        return outcome if isinstance(outcome, tuple) else (bool(outcome), None)

    def _call(self, *arguments: object) -> object:
        """redis.pcall: the reply as a Lua value, an error as a table with ``err``."""
        assert self._current is not None
        server, client = self._current
        try:
            words = [_word(argument) for argument in arguments]
            if not words:
                raise Failure("ERR Please specify at least one argument for this redis lib call")
            if words[0].lower() not in server.commands:
                raise Failure("ERR Unknown Redis command called from script")
            name, command = server.find(words)
            if not command.script:
                raise Failure("ERR This Redis command is not allowed from script")
            refused = server.refusal(client, command, words, "lua")
            if refused is not None:
                raise Failure(f"ERR The user executing the script can't {refused.in_script}")
            server.turn_away(client, command, words, "lua")
            return self._value(server.run(client, name, command, words[1:]))
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


def run_script(call: Call, body: bytes, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Reply:
    """What the script returns, as a reply; a Failure where it does not compile or raises."""
    return _runtime().run(call, body, keys, arguments)


def check_script(call: Call, body: bytes) -> None:
    """A Failure where the script does not compile."""
    _runtime().check(body)


@lru_cache(maxsize=1)
def _runtime() -> _Runtime:
    return _Runtime()


def _no_attributes(subject: object, name: object, setting: bool) -> object:
    raise AttributeError("Python objects are closed to scripts")


def _sha1hex(value: object = b"", *_: object) -> bytes:
    return hashlib.sha1(_word(value), usedforsecurity=False).hexdigest().encode()


def _word(argument: object) -> bytes:
    if isinstance(argument, bytes):
        return argument
    if isinstance(argument, int) and not isinstance(argument, bool):
        return b"%d" % argument
    if isinstance(argument, float):
        return b"%.17g" % argument
    raise Failure("ERR Lua redis lib command arguments must be strings or integers")


def _script_failure(result: object, body: bytes) -> Failure:
    """What the script raised, an error reply or a text, and where; as the real server words it."""
    if lupa.lua_type(result) == "table":
        message = text(dict(result.items()).get(b"err", b"ERR unknown error"))  # type: ignore[attr-defined]
    else:
        message = f"ERR {text(result) if isinstance(result, bytes) else result}"
    line = _LINE.search(message)
    where = f"script: {_sha1hex(body).decode()}, on @user_script:{line.group(1) if line else 1}."
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
    items: list[Reply] = []
    while (item := entries.get(len(items) + 1)) is not None:
        items.append(_reply(item))
    return items
