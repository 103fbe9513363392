"""MULTI, EXEC and a WATCH that really watches."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import Call, Client, Command
from connectors.simulator.redis.protocol import OK, Failure, NullArray, Reply
from connectors.simulator.redis.server import Server


def multi(call: Call) -> Reply:
    if call.client.queue is not None:
        raise Failure("ERR MULTI calls can not be nested")
    call.client.queue, call.client.queued = [], 0
    return OK


def execute(call: Call) -> Reply:
    client, server = call.client, call.server
    if client.queue is None:
        raise Failure("ERR EXEC without MULTI")
    queue, broken = client.queue, client.broken
    touched = any(_stamp(server, *place) != stamp for place, stamp in client.watched.items())
    forget(server, client)
    if broken:
        raise Failure("EXECABORT Transaction discarded because of previous errors.")
    if touched:
        return NullArray()
    client.patient = False  # nobody waits for a key between MULTI and EXEC
    try:
        return [_run(server, client, words) for words in queue]
    finally:
        client.patient = True


def _stamp(server: Server, index: int, key: bytes) -> int:
    keys = server.keyspace(index)
    keys.get(key)  # so that its expiry counts as a change
    return keys.watches.stamp(key)


def _run(server: Server, client: Client, words: list[bytes]) -> Reply:
    name, command = server.door.find(words)  # was found when it was queued
    return server.door.run(client, name, command, words[1:])


def discard(call: Call) -> Reply:
    if call.client.queue is None:
        raise Failure("ERR DISCARD without MULTI")
    forget(call.server, call.client)
    return OK


def forget(server: Server, client: Client) -> None:
    """Ends the client's transaction, if any, and its watches."""
    client.queue, client.broken = None, False
    client.unwatch(server)


def watch(call: Call) -> Reply:
    if call.client.queue is not None:
        raise Failure("ERR WATCH inside MULTI is not allowed")
    for key in call.args:
        place = (call.client.database, key)
        if place not in call.client.watched:
            call.keys.get(key)  # an expiry that is due already is none that happens while it is watched
            call.client.watched[place] = call.keys.watches.add(key)
    return OK


def unwatch(call: Call) -> Reply:
    call.client.unwatch(call.server)
    return OK


TABLE: Mapping[bytes, Command] = {
    b"multi": Command(multi, 1, script=False),
    b"exec": Command(execute, 1, script=False),
    b"discard": Command(discard, 1, script=False),
    b"watch": Command(watch, -2, first=1, last=-1, step=1, script=False),
    b"unwatch": Command(unwatch, 1, script=False),
}
