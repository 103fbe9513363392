"""OBJECT and MEMORY: how a value is held, for how long nobody looked at it, and how much room it takes."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import SYNTAX, Call, Command
from connectors.simulator.redis.commands.configuration import setting
from connectors.simulator.redis.commands.subcommands import Subcommand, family, help_of
from connectors.simulator.redis.keyspace import Value
from connectors.simulator.redis.protocol import OK, Failure, Reply, Verbatim
from connectors.simulator.redis.sizes import encoding_of, memory_of

NO_LFU = (
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between"
    " policies at runtime LRU and LFU data will take some time to adjust."
)
LFU = (
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies"
    " at runtime LRU and LFU data will take some time to adjust."
)
INITIAL_FREQUENCY = 5  # the counter of a key that is new, as the real server starts it
START = 876_216  # bytes of a server with nothing in it


def _encoding(call: Call) -> Reply:
    value = call.keys.get(call.args[1])
    return None if value is None else encoding_of(value).encode()


def _references(call: Call) -> Reply:
    return None if call.keys.get(call.args[1]) is None else 1


def _idle(call: Call) -> Reply:
    if call.keys.get(call.args[1]) is None:
        return None
    if "lfu" in setting(call.server, "maxmemory-policy"):
        raise Failure(LFU)
    return int(call.server.wall_seconds(call.keys.idle(call.args[1])))


def _frequency(call: Call) -> Reply:
    if call.keys.get(call.args[1]) is None:
        return None
    if "lfu" not in setting(call.server, "maxmemory-policy"):
        raise Failure(NO_LFU)
    return INITIAL_FREQUENCY


def _usage(call: Call) -> Reply:
    match call.options(2):
        case [] | [b"samples", _]:
            value: Value | None = call.keys.get(call.args[1])
            return None if value is None else memory_of(call.args[1], value)
    raise Failure(SYNTAX)


def _doctor(call: Call) -> Reply:
    return Verbatim(
        "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n"
    )


def _statistics(call: Call) -> Reply:
    cache = call.server.cache
    held = cache.memory if cache else START
    count = call.server.size(0)
    data = max(0, held - START)
    return {
        b"peak.allocated": held,
        b"total.allocated": held,
        b"startup.allocated": START,
        b"replication.backlog": 0,
        b"clients.slaves": 0,
        b"clients.normal": 22_298 * len(call.server.clients),
        b"cluster.links": 0,
        b"aof.buffer": 0,
        b"lua.caches": sum(len(body) for body in call.server.scripts.values()),
        b"functions.caches": 200,
        b"overhead.total": START,
        b"keys.count": count,
        b"keys.bytes-per-key": data // max(1, count),
        b"dataset.bytes": data,
        b"dataset.percentage": 100.0 * data / max(1, held),
        b"peak.percentage": 100.0,
        b"allocator-fragmentation.ratio": 1.05,
        b"rss-overhead.ratio": 1.05,
        b"fragmentation": 1.1,
    }


OBJECT: Mapping[bytes, Subcommand] = {
    b"encoding": Subcommand(_encoding, 3),
    b"refcount": Subcommand(_references, 3),
    b"idletime": Subcommand(_idle, 3),
    b"freq": Subcommand(_frequency, 3),
    b"help": help_of(
        "OBJECT",
        ("ENCODING <key>", "How the value is represented inside the server."),
        ("FREQ <key>", "The logarithmic counter of how often the key is used; needs an LFU policy."),
        ("IDLETIME <key>", "Seconds since the key was last used."),
        ("REFCOUNT <key>", "The number of references to the value."),
    ),
}
MEMORY: Mapping[bytes, Subcommand] = {
    b"usage": Subcommand(_usage, -3),
    b"doctor": Subcommand(_doctor, 2),
    b"stats": Subcommand(_statistics, 2),
    b"purge": Subcommand(lambda call: OK, 2),
    b"malloc-stats": Subcommand(lambda call: Verbatim("Stats not supported for the current allocator"), 2),
    b"help": help_of(
        "MEMORY",
        ("DOCTOR", "What is wrong with the memory of this server."),
        ("MALLOC-STATS", "What the allocator tells of itself."),
        ("PURGE", "Asks the allocator to give back unused pages."),
        ("STATS", "Where the memory goes."),
        ("USAGE <key> [SAMPLES <count>]", "Bytes that a key and its value take."),
    ),
}
TABLE: Mapping[bytes, Command] = {
    b"object": family("object", OBJECT, first=2),
    b"memory": family("memory", MEMORY),
}
