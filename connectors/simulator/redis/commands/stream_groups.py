"""Consumer groups: making and ending them, acknowledging, and what XINFO and XPENDING tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from connectors.simulator.redis.call import SYNTAX, Call, Command, integer, text
from connectors.simulator.redis.commands.stream_ids import bound, shown, strict
from connectors.simulator.redis.commands.streams import entry, read
from connectors.simulator.redis.commands.subcommands import Subcommand, family
from connectors.simulator.redis.protocol import OK, Failure, NullArray, Reply
from connectors.simulator.redis.stream import HIGHEST, LOWEST, NODE, Group, Id, StreamValue

NO_KEY = (
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option"
    " to create an empty stream automatically."
)


def _held(call: Call, otherwise: str) -> StreamValue:
    held = call.keys.of_type(call.args[1], StreamValue)
    if held is None:
        raise Failure(otherwise)
    return held


def _group(call: Call) -> tuple[StreamValue, Group]:
    held = _held(call, NO_KEY)
    found = held.groups.get(call.args[2])
    if found is None:
        raise Failure(f"NOGROUP No such consumer group '{text(call.args[2])}' for key name '{text(call.args[1])}'")
    return held, found


def _keep(call: Call, stream: StreamValue) -> None:
    call.keys.put(call.args[1], stream, keep_ttl=True)


def _create(call: Call) -> Reply:
    make, entries_read = _create_options(call)
    held = call.keys.of_type(call.args[1], StreamValue)
    if held is None and not make:
        raise Failure(NO_KEY)
    stream = StreamValue() if held is None else held
    at = _from(stream, call.args[3])
    if call.args[2] in stream.groups:
        if held is None:
            _keep(call, stream)
        raise Failure("BUSYGROUP Consumer Group name already exists")
    stream.groups[call.args[2]] = Group(at, entries_read)
    _keep(call, stream)
    return OK


def _create_options(call: Call) -> tuple[bool, int | None]:
    make, entries_read, words = False, None, call.args[4:]
    while words:
        if words[0].lower() == b"mkstream":
            make, words = True, words[1:]
        elif words[0].lower() == b"entriesread" and len(words) > 1:
            number, words = integer(words[1]), words[2:]
            if number < -1:
                raise Failure("ERR value for ENTRIESREAD must be positive or -1")
            entries_read = None if number == -1 else number
        else:
            raise Failure(_unknown(call))
    return make, entries_read


def _unknown(call: Call) -> str:
    """What XGROUP and XINFO say of options that are none."""
    sub = text(call.args[0])
    return f"ERR unknown subcommand or wrong number of arguments for '{sub}'. Try {call.name.upper()} HELP."


def _from(stream: StreamValue, raw: bytes) -> Id:
    return stream.last if raw == b"$" else strict(raw)


def _set_id(call: Call) -> Reply:
    _, entries_read = _create_options(call)
    stream, group = _group(call)
    group.read = entries_read
    group.last = _from(stream, call.args[3])
    _keep(call, stream)
    return OK


def _destroy(call: Call) -> Reply:
    held = _held(call, NO_KEY)
    if held.groups.pop(call.args[2], None) is None:
        return 0
    _keep(call, held)
    return 1


def _create_consumer(call: Call) -> Reply:
    stream, group = _group(call)
    if call.args[3] in group.consumers:
        return 0
    group.consumers[call.args[3]] = call.server.wall()
    _keep(call, stream)
    return 1


def _delete_consumer(call: Call) -> Reply:
    stream, group = _group(call)
    lost = group.pending_of(call.args[3])
    for at in lost:
        del group.pending[at]
    group.consumers.pop(call.args[3], None)
    _keep(call, stream)
    return len(lost)


def acknowledge(call: Call) -> Reply:
    held = call.keys.of_type(call.args[0], StreamValue)
    group = held.groups.get(call.args[1]) if held is not None else None
    if held is None or group is None:
        return 0
    ids = [strict(raw) for raw in call.args[2:]]
    return sum(group.pending.pop(at, None) is not None for at in ids)


def pending(call: Call) -> Reply:
    """The summary, or with a range the entries one by one."""
    least, words = 0, call.args[2:]
    if words and words[0].lower() == b"idle":
        least, words = integer(words[1]) if len(words) > 1 else 0, words[2:]
    if words and len(words) not in (3, 4):
        raise Failure(SYNTAX)
    interval = (max(0, integer(words[2])), bound(words[0], end=False), bound(words[1], end=True)) if words else None
    group = read(call, call.args[0]).groups.get(call.args[1])
    if group is None:
        raise Failure(f"NOGROUP No such key '{text(call.args[0])}' or consumer group '{text(call.args[1])}'")
    if interval is None:
        return _summary(group)
    count, start, end = interval
    return _listed(call, group, (start, end), count, words[3:], least / 1000)


def _summary(group: Group) -> Reply:
    if not group.pending:
        return [0, None, None, NullArray()]
    owners = Counter(waiting.consumer for waiting in group.pending.values())
    return [
        len(group.pending),
        shown(min(group.pending)),
        shown(max(group.pending)),
        [[consumer, b"%d" % owners[consumer]] for consumer in sorted(owners)],
    ]


def _listed(call: Call, group: Group, interval: tuple[Id, Id], count: int, consumer: list[bytes], idle: float) -> Reply:
    now = call.server.wall()
    found: list[Reply] = []
    for at in sorted(group.pending):
        waiting = group.pending[at]
        fits = interval[0] <= at <= interval[1] and (not consumer or waiting.consumer == consumer[0])
        if fits and now - waiting.at >= idle and len(found) < count:
            found.append([shown(at), waiting.consumer, int((now - waiting.at) * 1000), waiting.deliveries])
    return found


def _info_stream(call: Call) -> Reply:
    held = _held(call, "ERR no such key")
    if len(call.args) > 2:
        full = call.options(2)[0] == b"full" and len(call.args) in (3, 5)
        raise Failure("ERR XINFO STREAM FULL is not supported by this server" if full else _unknown(call))
    nodes = -(-len(held) // NODE)
    ends = [held.between(LOWEST, HIGHEST, 1, last_first) for last_first in (False, True)]
    return {
        b"length": len(held),
        b"radix-tree-keys": nodes,
        b"radix-tree-nodes": nodes + 1,
        b"last-generated-id": shown(held.last),
        b"max-deleted-entry-id": shown(held.deleted),
        b"entries-added": held.added,
        b"recorded-first-entry-id": shown(held.first),
        b"groups": len(held.groups),
        b"first-entry": entry(*ends[0][0]) if ends[0] else None,
        b"last-entry": entry(*ends[1][0]) if ends[1] else None,
    }


def _info_groups(call: Call) -> Reply:
    held = _held(call, "ERR no such key")
    return [
        {
            b"name": name,
            b"consumers": len(group.consumers),
            b"pending": len(group.pending),
            b"last-delivered-id": shown(group.last),
            b"entries-read": group.read,
            b"lag": held.lag(group),
        }
        for name, group in sorted(held.groups.items())
    ]


def _info_consumers(call: Call) -> Reply:
    held = _held(call, "ERR no such key")
    group = held.groups.get(call.args[2])
    if group is None:
        raise Failure(f"NOGROUP No such consumer group '{text(call.args[2])}' for key name '{text(call.args[1])}'")
    now = call.server.wall()
    return [
        {b"name": name, b"pending": len(group.pending_of(name)), b"idle": max(0, int((now - seen) * 1000))}
        for name, seen in sorted(group.consumers.items())
    ]


GROUP: Mapping[bytes, Subcommand] = {
    b"create": Subcommand(_create, -5),
    b"setid": Subcommand(_set_id, -5),
    b"destroy": Subcommand(_destroy, 4),
    b"createconsumer": Subcommand(_create_consumer, 5),
    b"delconsumer": Subcommand(_delete_consumer, 5),
}
INFO: Mapping[bytes, Subcommand] = {
    b"stream": Subcommand(_info_stream, -3),
    b"groups": Subcommand(_info_groups, 3),
    b"consumers": Subcommand(_info_consumers, 4),
}
TABLE: Mapping[bytes, Command] = {
    b"xgroup": family("xgroup", GROUP, True, 2),
    b"xinfo": family("xinfo", INFO, False, 2),
    b"xack": Command(acknowledge, -4, True, 1, 1, 1),
    b"xpending": Command(pending, -3, False, 1, 1, 1),
}
