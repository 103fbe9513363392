"""Lists, without the blocking commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.simulator.redis.call import Call, Command, integer
from connectors.simulator.redis.commands.strings import slice_of
from connectors.simulator.redis.protocol import OK, Failure, NullArray, Reply


def _read(call: Call) -> list[bytes]:
    """The list, or an empty one that is not kept."""
    return call.keys.of_type(call.args[0], list) or []


def _push(left: bool, only_present: bool) -> Callable[[Call], Reply]:
    def push(call: Call) -> Reply:
        items = _read(call)
        if only_present and not items:
            return 0
        if left:
            items[:0] = reversed(call.args[1:])
        else:
            items.extend(call.args[1:])
        call.keys.settle(call.args[0], items)
        return len(items)

    return push


def _pop(left: bool) -> Callable[[Call], Reply]:
    def pop(call: Call) -> Reply:
        if len(call.args) > 2:
            raise Failure(f"ERR wrong number of arguments for '{call.name}' command")
        count = _count(call) if len(call.args) == 2 else None
        items = _read(call)
        if not items:
            return None if count is None else NullArray()
        taken = take(items, 1 if count is None else count, left)
        call.keys.settle(call.args[0], items)
        return taken[0] if count is None else taken

    return pop


def _count(call: Call) -> int:
    try:
        count = integer(call.args[1])
    except Failure:
        count = -1
    if count < 0:
        raise Failure("ERR value is out of range, must be positive")
    return count


def take(items: list[bytes], count: int, left: bool) -> list[bytes]:
    count = min(count, len(items))
    at = 0 if left else len(items) - count
    taken = items[at : at + count]
    del items[at : at + count]
    return taken if left else taken[::-1]


def length(call: Call) -> Reply:
    return len(_read(call))


def range_of(call: Call) -> Reply:
    bounds = call.integer(1), call.integer(2)
    items = _read(call)
    start, end = slice_of(*bounds, len(items))
    return items[start:end]


def item(call: Call) -> Reply:
    items = call.keys.of_type(call.args[0], list)
    if items is None:
        return None
    index = call.integer(1)
    return items[index] if -len(items) <= index < len(items) else None


def set_item(call: Call) -> Reply:
    items = _read(call)
    if not items:
        raise Failure("ERR no such key")
    index = call.integer(1)
    if not -len(items) <= index < len(items):
        raise Failure("ERR index out of range")
    items[index] = call.args[2]
    call.keys.settle(call.args[0], items)
    return OK


def trim(call: Call) -> Reply:
    bounds = call.integer(1), call.integer(2)
    items = _read(call)
    start, end = slice_of(*bounds, len(items))
    call.keys.settle(call.args[0], items[start:end])
    return OK


def remove(call: Call) -> Reply:
    count, wanted = call.integer(1), call.args[2]
    items = _read(call)
    places = [index for index, value in enumerate(items) if value == wanted]
    chosen = places if count == 0 else places[:count] if count > 0 else places[count:]
    for index in reversed(chosen):
        del items[index]
    if chosen:
        call.keys.settle(call.args[0], items)
    return len(chosen)


TABLE: Mapping[bytes, Command] = {
    b"lpush": Command(_push(True, False), -3, True, 1, 1, 1),
    b"rpush": Command(_push(False, False), -3, True, 1, 1, 1),
    b"lpushx": Command(_push(True, True), -3, True, 1, 1, 1),
    b"rpushx": Command(_push(False, True), -3, True, 1, 1, 1),
    b"lpop": Command(_pop(True), -2, True, 1, 1, 1),
    b"rpop": Command(_pop(False), -2, True, 1, 1, 1),
    b"llen": Command(length, 2, False, 1, 1, 1),
    b"lrange": Command(range_of, 4, False, 1, 1, 1),
    b"lindex": Command(item, 3, False, 1, 1, 1),
    b"lset": Command(set_item, 4, True, 1, 1, 1),
    b"ltrim": Command(trim, 4, True, 1, 1, 1),
    b"lrem": Command(remove, 4, True, 1, 1, 1),
}
