"""Keys whatever their type: existence, deadlines, KEYS and SCAN."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.keyspace import TYPE_NAMES, HashValue, Keyspace, SetValue, Value
from connectors.simulator.redis.protocol import OK, Failure, Reply, Status
from connectors.simulator.redis.server import DATABASES

LATEST = 2**63 / 1000 - 2**33  # seconds: what fits into 64 bits of milliseconds with today's time added
_CURSOR = re.compile(rb"([+-]?[0-9]{1,20})?\Z")


def delete(call: Call) -> Reply:
    return sum(call.keys.get(key) is not None and call.keys.delete(key) for key in call.args)


def exists(call: Call) -> Reply:
    return sum(call.keys.get(key) is not None for key in call.args)


def type_of(call: Call) -> Reply:
    value = call.keys.get(call.args[0])
    return Status("none" if value is None else TYPE_NAMES[type(value)])


def _rename(only_new: bool) -> Callable[[Call], Reply]:
    def rename(call: Call) -> Reply:
        old, new = call.args
        value = call.keys.get(old)
        if value is None:
            raise Failure("ERR no such key")
        if only_new and call.keys.get(new) is not None:
            return 0
        deadline = call.keys.deadline(old)
        call.keys.delete(old)
        call.keys.put(new, value)
        if deadline is not None:
            call.keys.set_deadline(new, deadline)
        return 1 if only_new else OK

    return rename


def flush(call: Call) -> Reply:
    if call.args and call.options(0) not in ([b"async"], [b"sync"]):
        raise Failure(SYNTAX)
    chosen = [(call.client.database, call.keys)] if call.name == "flushdb" else call.server.databases()
    for _, keys in chosen:
        for key in keys.living():
            keys.delete(key)
    return OK


def _expire(unit: float, absolute: bool) -> Callable[[Call], Reply]:
    """EXPIRE and its three sisters; ``unit`` is wall seconds a number."""

    def expire(call: Call) -> Reply:
        amount = call.integer(1) * unit
        wanted = frozenset(call.options(2))
        _check_conditions(wanted, call)
        if not -(2**63) / 1000 <= amount <= LATEST:
            raise Failure(f"ERR invalid expire time in '{call.name}' command")
        key = call.args[0]
        if call.keys.get(key) is None:
            return 0
        deadline = call.server.deadline_in(amount - call.server.wall() if absolute else amount)
        if not _allowed(wanted, call.keys.deadline(key), deadline):
            return 0
        call.keys.set_deadline(key, deadline)
        return 1

    return expire


def _check_conditions(wanted: frozenset[bytes], call: Call) -> None:
    for option in call.args[2:]:
        if option.lower() not in (b"nx", b"xx", b"gt", b"lt"):
            raise Failure(f"ERR Unsupported option {option.decode('utf-8', 'surrogateescape')}")
    if b"nx" in wanted and len(wanted) > 1:
        raise Failure("ERR NX and XX, GT or LT options at the same time are not compatible")
    if {b"gt", b"lt"} <= wanted:
        raise Failure("ERR GT and LT options at the same time are not compatible")


def _allowed(wanted: frozenset[bytes], current: float | None, deadline: float) -> bool:
    """A key without a deadline counts as one that lives for ever."""
    if b"nx" in wanted and current is not None:
        return False
    if b"xx" in wanted and current is None:
        return False
    if b"gt" in wanted and (current is None or deadline <= current):
        return False
    return not (b"lt" in wanted and current is not None and deadline >= current)


def _remaining(per_second: int) -> Callable[[Call], Reply]:
    def remaining(call: Call) -> Reply:
        if call.keys.get(call.args[0]) is None:
            return -2
        deadline = call.keys.deadline(call.args[0])
        if deadline is None:
            return -1
        return round(call.server.wall_seconds(deadline - call.keys.now()) * per_second)

    return remaining


def _expire_time(per_second: int) -> Callable[[Call], Reply]:
    def expire_time(call: Call) -> Reply:
        if call.keys.get(call.args[0]) is None:
            return -2
        deadline = call.keys.deadline(call.args[0])
        return -1 if deadline is None else round(call.server.clock.wall(deadline) * per_second)

    return expire_time


def persist(call: Call) -> Reply:
    key = call.args[0]
    if call.keys.get(key) is None or call.keys.deadline(key) is None:
        return 0
    call.keys.set_deadline(key, None)
    return 1


def keys_matching(call: Call) -> Reply:
    return [key for key in call.keys.living() if matches(call.args[0], key)]


def random_key(call: Call) -> Reply:
    living = list(call.keys.living())
    return call.server.chance.choice(living) if living else None


def scan(call: Call) -> Reply:
    cursor = cursor_of(call.args[0])
    options = scan_options(call, 1)
    following, found = call.keys.scan(cursor, int(options.get(b"count", b"10")))
    pattern, kind = options.get(b"match", b"*"), options.get(b"type")
    found = [key for key in found if matches(pattern, key) and (kind is None or _is(call, key, kind))]
    return [b"%d" % following, found]


def _is(call: Call, key: bytes, kind: bytes) -> bool:
    return TYPE_NAMES[type(call.keys.get(key))].encode() == kind.lower()


def cursor_of(raw: bytes) -> int:
    if not _CURSOR.match(raw) or abs(int(raw or b"0")) >= 2**64:
        raise Failure("ERR invalid cursor")
    return int(raw or b"0") % 2**64


def scan_options(call: Call, start: int) -> dict[bytes, bytes]:
    """The options of SCAN and of its sisters; COUNT is checked to be a positive integer."""
    words = call.args[start:]
    names = [word.lower() for word in words[::2]]
    known = {b"match", b"count"} | ({b"type"} if call.name == "scan" else set())
    if call.name != "scan" and call.keys.get(call.args[0]) is None:
        return {}  # the real server looks for the key before it reads the options
    if len(words) % 2 or not known.issuperset(names):
        raise Failure(SYNTAX)
    options = dict(zip(names, words[1::2], strict=True))
    if b"count" in options and integer(options[b"count"]) < 1:
        raise Failure(SYNTAX)
    return options


def _copied(value: Value) -> Value:
    match value:
        case HashValue():
            return HashValue(value)
        case SetValue():
            return SetValue(value)
        case bytes():
            return value
    return value.copy()


def copy(call: Call) -> Reply:
    index, replace = _copy_options(call)
    target, (source, destination) = call.server.keyspace(index), call.args[:2]
    if target is call.keys and source == destination:
        raise Failure("ERR source and destination objects are the same")
    value = call.keys.get(source)
    if value is None or (not replace and target.get(destination) is not None):
        return 0
    _put(target, destination, _copied(value), call.keys.deadline(source))
    return 1


def _copy_options(call: Call) -> tuple[int, bool]:
    index, replace, words = call.client.database, False, call.args[2:]
    while words:
        if words[0].lower() == b"replace":
            replace, words = True, words[1:]
        elif words[0].lower() == b"db" and len(words) > 1:
            index, words = database(words[1]), words[2:]
        else:
            raise Failure(SYNTAX)
    return index, replace


def database(raw: bytes) -> int:
    """A database's number; a Failure where there is none of it."""
    index = integer(raw)
    if not -(2**31) <= index < 2**31:
        raise Failure(f"ERR value is out of range, value must between {-(2**31)} and {2**31 - 1}")
    if not 0 <= index < DATABASES:
        raise Failure("ERR DB index is out of range")
    return index


def _put(keys: Keyspace, key: bytes, value: Value, deadline: float | None) -> None:
    keys.put(key, value)
    if deadline is not None:
        keys.set_deadline(key, deadline)


def move(call: Call) -> Reply:
    target = call.server.keyspace(database(call.args[1]))
    if target is call.keys:
        raise Failure("ERR source and destination objects are the same")
    value, deadline = call.keys.get(call.args[0]), call.keys.deadline(call.args[0])
    if value is None or target.get(call.args[0]) is not None:
        return 0
    call.keys.delete(call.args[0])
    _put(target, call.args[0], value, deadline)
    return 1


TABLE: Mapping[bytes, Command] = {
    b"del": Command(delete, -2, True, 1, -1, 1),
    b"unlink": Command(delete, -2, True, 1, -1, 1),
    b"exists": Command(exists, -2, False, 1, -1, 1),
    b"touch": Command(exists, -2, False, 1, -1, 1),
    b"type": Command(type_of, 2, False, 1, 1, 1),
    b"rename": Command(_rename(False), 3, True, 1, 2, 1),
    b"renamenx": Command(_rename(True), 3, True, 1, 2, 1),
    b"move": Command(move, 3, True, 1, 1, 1),
    b"copy": Command(copy, -3, True, 1, 2, 1),
    b"flushdb": Command(flush, -1, True),
    b"flushall": Command(flush, -1, True),
    b"expire": Command(_expire(1, False), -3, True, 1, 1, 1),
    b"pexpire": Command(_expire(0.001, False), -3, True, 1, 1, 1),
    b"expireat": Command(_expire(1, True), -3, True, 1, 1, 1),
    b"pexpireat": Command(_expire(0.001, True), -3, True, 1, 1, 1),
    b"ttl": Command(_remaining(1), 2, False, 1, 1, 1),
    b"pttl": Command(_remaining(1000), 2, False, 1, 1, 1),
    b"expiretime": Command(_expire_time(1), 2, False, 1, 1, 1),
    b"pexpiretime": Command(_expire_time(1000), 2, False, 1, 1, 1),
    b"persist": Command(persist, 2, True, 1, 1, 1),
    b"keys": Command(keys_matching, 2),
    b"randomkey": Command(random_key, 1),
    b"scan": Command(scan, -2),
}
