"""INFO and SLOWLOG as signals, counters and rows. Pure: everything here was read already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.failure import one_line
from console.model.signal import Counter, Signal, Unit

Info = Mapping[str, object]

_GAUGES = (
    ("memory", "used_memory", Unit.BYTES),
    ("clients", "connected_clients", Unit.COUNT),
    ("blocked", "blocked_clients", Unit.COUNT),
    ("ops", "instantaneous_ops_per_sec", Unit.PER_SECOND),
)
_COUNTERS = (  # our name, INFO's, the rate's
    ("hits", "keyspace_hits", "hits"),
    ("misses", "keyspace_misses", "misses"),
    ("evicted", "evicted_keys", "evictions"),
    ("expired", "expired_keys", "expirations"),
    ("rejected", "rejected_connections", "rejections"),
)
NO_REPLICATION = "0" * 40


def signals_of(info: Info, at: float, source: str) -> tuple[Signal, ...]:
    gauges = [_gauge(name, number(info, field), unit, at, source) for name, field, unit in _GAUGES]
    return (*gauges, _memory_max(info, at, source), _gauge("keys", _keys(info), Unit.COUNT, at, source))


def counters_of(info: Info, at: float, source: str) -> tuple[Counter, ...]:
    """Counters since the server started; a new ``run_id`` is a new epoch."""
    epoch = str(info.get("run_id", ""))
    found = ((name, number(info, field), rate) for name, field, rate in _COUNTERS)
    return tuple(Counter(name, value, rate, at, source, epoch) for name, value, rate in found if value is not None)


def state_of(info: Info) -> str:
    """The server's role, or that it is still loading."""
    return "loading" if number(info, "loading") else one_line(str(info.get("role", "")))


def notes_of(info: Info) -> tuple[str, ...]:
    notes = []
    if info.get("role") == "slave":
        notes.append("replica: read-only")
    if info.get("maxmemory_policy") == "noeviction" and number(info, "maxmemory"):
        notes.append("noeviction: writes fail when memory is full")
    return tuple(notes)


def identity_of(info: Info) -> str:
    """The id of the data set, not of the process or the address.

    ``master_replid`` is shared by a primary and its replicas, and a promoted replica, or a server that restarted from
    its own dump, keeps the former one as ``master_replid2``. So the identity outlives one failover or such a restart,
    and differs on another Redis or after a restart that lost the data, our flags and marks among it.
    """
    former = str(info.get("master_replid2", NO_REPLICATION))
    return str(info.get("master_replid", "")) if former.strip("0") == "" else former


def number(info: Info, field: str) -> float | None:
    value = info.get(field)
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True)
class Slow:
    """One entry of the slow log. ``began`` in wall epoch seconds, ``took`` in seconds."""

    began: float
    took: float
    command: str


def slow_of(entries: object) -> tuple[Slow, ...]:
    """The entries of SLOWLOG GET as redis-py reads them; one that is not understood is left out."""
    if not isinstance(entries, Iterable):
        return ()
    return tuple(slow for slow in (_slow(entry) for entry in entries) if slow is not None)


def _slow(entry: object) -> Slow | None:
    if not isinstance(entry, Mapping):
        return None
    began, took, command = (entry.get(name) for name in ("start_time", "duration", "command"))
    if not isinstance(began, int) or not isinstance(took, int):
        return None
    text = command.decode("utf-8", "replace") if isinstance(command, bytes) else str(command)
    return Slow(float(began), took / 1e6, one_line(text))


def _gauge(name: str, value: float | None, unit: Unit, at: float, source: str) -> Signal:
    return Signal(name, value, unit, at, source, "" if value is not None else "not in INFO")


def _memory_max(info: Info, at: float, source: str) -> Signal:
    limit = number(info, "maxmemory")
    note = "not in INFO" if limit is None else "" if limit else "maxmemory is not set"
    return Signal("memory_max", limit or None, Unit.BYTES, at, source, note)


def _keys(info: Info) -> float | None:
    """Keys of all databases; a server without any says nothing, and that is 0 only where it did answer."""
    databases = [value for name, value in info.items() if name.startswith("db") and name[2:].isdigit()]
    counts = [number(database, "keys") for database in databases if isinstance(database, Mapping)]
    if "run_id" not in info:
        return None
    return sum(count for count in counts if count is not None)
