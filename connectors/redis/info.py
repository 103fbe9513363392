"""INFO of one server as signals, counters and remarks. Pure: everything here was read already.

The text is taken as it is, a few dozen lines of it are looked at, and what a server does not say is unknown: 5.0 says
less than 7.4, KeyDB and Valkey say other things beside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from connectors.failure import one_line
from connectors.redis.reply import Slow
from console.model.signal import Counter, Signal, Unit

Info = Mapping[str, str]

_GAUGES = (  # our name, INFO's, unit
    ("memory", "used_memory", Unit.BYTES),
    ("clients", "connected_clients", Unit.COUNT),
    ("blocked", "blocked_clients", Unit.COUNT),
    ("ops", "instantaneous_ops_per_sec", Unit.PER_SECOND),
    ("fragmentation", "mem_fragmentation_ratio", Unit.NONE),
    ("unsaved", "rdb_changes_since_last_save", Unit.COUNT),
    ("replicas", "connected_slaves", Unit.COUNT),
)
_COUNTERS = (  # our name, INFO's, the rate's
    ("hits", "keyspace_hits", "hits"),
    ("misses", "keyspace_misses", "misses"),
    ("evicted", "evicted_keys", "evictions"),
    ("expired", "expired_keys", "expirations"),
    ("rejected", "rejected_connections", "rejections"),
    ("commands", "total_commands_processed", "commands"),
)
NO_REPLICATION = "0" * 40
FRAGMENTED_FROM = 64 * 2**20  # bytes in use; below, the ratio tells of the allocator's first pages
MOST_LINES = 5_000
LONGEST_ID = 64  # characters; a run's and a data set's have forty
PRIMARIES = ("master", "active-replica")  # the second is KeyDB's: every one takes writes


def parse(raw: object) -> Info:
    """The lines ``name:value`` of INFO; of what is no INFO, nothing."""
    if not isinstance(raw, bytes):
        return {}
    lines = raw.decode("utf-8", "replace").splitlines()[:MOST_LINES]
    return {name: value for name, colon, value in (line.partition(":") for line in lines) if colon}


def signals_of(info: Info, at: float, source: str, wall: float) -> tuple[Signal, ...]:
    """Gauges. ``wall``: now, in epoch seconds, as the server counts them where it tells; else as we do."""
    gauges = [_gauge(name, number(info, field), unit, at, source) for name, field, unit in _GAUGES]
    kept = databases(info)
    return (
        *(gauge for gauge in gauges if gauge.name != "fragmentation" or _fragmented(info)),
        _memory_max(info, at, source),
        _gauge("keys", keys_in(kept) if "run_id" in info else None, Unit.COUNT, at, source),
        *_connections(info, at, source),
        *_expiring(kept, at, source),
        *_saved(info, at, source, server_time(info) or wall),
        *_replicated(info, at, source),
    )


def counters_of(info: Info, at: float, source: str) -> tuple[Counter, ...]:
    """Counters since the server started; a new ``run_id`` is a new epoch."""
    epoch = epoch_of(info)
    found = ((name, number(info, field), rate) for name, field, rate in _COUNTERS)
    told = [Counter(name, value, rate, at, source, epoch) for name, value, rate in found if value is not None]
    busy = cpu_seconds(info)
    if busy is not None:
        told.append(Counter("cpu_seconds", busy, "cpu", at, source, epoch, Unit.RATIO))
    return tuple(told)


def slow_counter(newest: tuple[Slow, ...], info: Info, at: float, source: str) -> Counter:
    """How many commands were ever logged as slow: the newest one's number and one.

    An empty log does not tell its number: then nothing was logged since, in an epoch of its own, so that the first
    entry is no leap.
    """
    epoch = epoch_of(info)
    if not newest:
        return Counter("slow_logged", 0.0, "slow", at, source, f"{epoch}, empty")
    return Counter("slow_logged", float(newest[0].id + 1), "slow", at, source, epoch)


def epoch_of(info: Info) -> str:
    """One life of the server."""
    return one_line(info.get("run_id", ""), LONGEST_ID)


def cpu_seconds(info: Info) -> float | None:
    """Of the thread that runs commands, which is what fills up; of the whole process before Redis 6.2."""
    for thread in ("_main_thread", ""):
        system, user = number(info, f"used_cpu_sys{thread}"), number(info, f"used_cpu_user{thread}")
        if system is not None and user is not None:
            return system + user
    return None


def state_of(info: Info) -> str:
    """The server's role, or that it is still loading."""
    return "loading" if number(info, "loading") else one_line(info.get("role", ""), 40)


def is_primary(info: Info) -> bool:
    return info.get("role") in PRIMARIES


def notes_of(info: Info) -> tuple[str, ...]:
    return tuple(_notes(info))


def _notes(info: Info) -> Iterator[str]:
    if info.get("role") == "slave":
        yield "replica: read-only" if info.get("slave_read_only", "1") != "0" else "replica that takes writes"
        if info.get("master_link_status", "up") != "up":
            silent = one_line(info.get("master_link_down_since_seconds", "?"), 12)
            yield f"replica: no link to its primary for {silent} s"
    if info.get("role") == "active-replica":
        yield "active replica: takes writes beside others"
    if info.get("maxmemory_policy") == "noeviction" and number(info, "maxmemory"):
        yield "noeviction: writes fail when memory is full"
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        yield "the last save failed"
    if info.get("aof_enabled") == "1" and info.get("aof_last_write_status", "ok") != "ok":
        yield "the append-only file cannot be written"


def identity_of(info: Info) -> str:
    """The id of the data set, not of the process or the address.

    ``master_replid`` is shared by a primary and its replicas, and a promoted replica, or a server that restarted from
    its own dump, keeps the former one as ``master_replid2``. So the identity outlives one failover or such a restart,
    and differs on another Redis or after a restart that lost the data, our flags and marks among it.
    """
    former = info.get("master_replid2", NO_REPLICATION)
    return one_line(info.get("master_replid", "") if former.strip("0") == "" else former, LONGEST_ID)


def version_of(info: Info) -> str:
    """Its own words: ``Redis 7.0.15``, ``Valkey 8.0.1``; KeyDB calls itself by Redis' name and number."""
    if "valkey_version" in info:
        return f"Valkey {one_line(info['valkey_version'], 40)}"
    number_ = one_line(info.get("redis_version", ""), 40)
    if not number_:
        return ""
    return (
        f"KeyDB {number_}" if "mvcc_depth" in info or "active-replica" in info.get("role", "") else f"Redis {number_}"
    )


def number(info: Info, field: str) -> float | None:
    return figure(info.get(field, ""))


def figure(said: str) -> float | None:
    """A finite number; None for any other text."""
    try:
        value = float(said) if len(said) < 64 else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def server_time(info: Info) -> float | None:
    """The server's clock in wall epoch seconds, where it tells (6.2)."""
    micros = number(info, "server_time_usec")
    return micros / 1e6 if micros else None


def parts(line: str) -> Mapping[str, str]:
    """``keys=3,expires=0`` as names and values."""
    return {name: value for name, sign, value in (part.partition("=") for part in line.split(",")) if sign}


def databases(info: Info) -> Mapping[str, Mapping[str, str]]:
    return {name: parts(line) for name, line in info.items() if name.startswith("db") and name[2:].isdigit()}


def keys_in(kept: Mapping[str, Mapping[str, str]]) -> float:
    """Keys of all databases; a server without any says nothing of them."""
    counts = [figure(each.get("keys", "")) for each in kept.values()]
    return sum(count for count in counts if count is not None)


def followers(info: Info) -> tuple[Mapping[str, str], ...]:
    """The replicas of a primary: ip, port, state, offset, lag."""
    lines = (line for name, line in info.items() if name.startswith("slave") and name[5:].isdigit())
    return tuple(parts(line) for line in lines)


def _gauge(name: str, value: float | None, unit: Unit, at: float, source: str) -> Signal:
    return Signal(name, value, unit, at, source, "" if value is not None else "not in INFO")


def _fragmented(info: Info) -> bool:
    return (number(info, "used_memory") or 0.0) >= FRAGMENTED_FROM


def _memory_max(info: Info, at: float, source: str) -> Signal:
    limit = number(info, "maxmemory")
    note = "not in INFO" if limit is None else "" if limit else "maxmemory is not set"
    return Signal("memory_max", limit or None, Unit.BYTES, at, source, note)


def _connections(info: Info, at: float, source: str) -> Iterator[Signal]:
    """Of the limit; INFO has it from 6.2 on."""
    limit, connected = number(info, "maxclients"), number(info, "connected_clients")
    if limit and connected is not None:
        yield Signal("clients_max", limit, Unit.COUNT, at, source)
        yield Signal("connections_ratio", connected / limit, Unit.RATIO, at, source)


def _expiring(kept: Mapping[str, Mapping[str, str]], at: float, source: str) -> Iterator[Signal]:
    """How long keys that have an end still live on average: the servers' own sampled mean, by their number."""
    told = [(figure(each.get("expires", "")), figure(each.get("avg_ttl", ""))) for each in kept.values()]
    known = [(count, ttl) for count, ttl in told if count and ttl]
    if known:
        mean = sum(count * ttl for count, ttl in known) / sum(count for count, _ in known) / 1000
        yield Signal("average_ttl", mean, Unit.SECONDS, at, source)


def _saved(info: Info, at: float, source: str, wall: float) -> Iterator[Signal]:
    last = number(info, "rdb_last_save_time")
    if last:
        yield Signal("save_age", max(0.0, wall - last), Unit.SECONDS, at, source)


def _replicated(info: Info, at: float, source: str) -> Iterator[Signal]:
    """How far the furthest replica is behind: bytes of the stream, and seconds since it was last heard."""
    if not is_primary(info):
        return
    behind, silent = replica_lag(info)
    if behind is not None:
        yield Signal("replica_lag", behind, Unit.BYTES, at, source)
    if silent is not None:
        yield Signal("replica_delay", silent, Unit.SECONDS, at, source)


def replica_lag(info: Info) -> tuple[float | None, float | None]:
    """Bytes and seconds; a replica that has never acknowledged is as far behind as the stream is long."""
    head = number(info, "master_repl_offset")
    following = followers(info)
    offsets = [figure(each.get("offset", "")) for each in following]
    lags = [figure(each.get("lag", "")) for each in following]
    behind = [max(0.0, head - offset) for offset in offsets if head is not None and offset is not None]
    silent = [lag for lag in lags if lag is not None and lag >= 0]
    return max(behind, default=None), max(silent, default=None)
