"""What each setting may be, in the real server's bounds and words: one that makes no sense must not be kept."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import integer
from connectors.simulator.redis.protocol import Failure

INT, UNSIGNED, LONG = 2**31 - 1, 2**32 - 1, 2**63 - 1
BOUNDS: Mapping[str, tuple[int, int]] = {
    "timeout": (0, INT),
    "tcp-keepalive": (0, INT),
    "maxclients": (1, UNSIGNED),
    "hz": (0, INT),
    "maxmemory-samples": (1, INT),
    "replica-priority": (0, INT),
    "slowlog-max-len": (0, LONG),
    "slowlog-log-slower-than": (-1, LONG),
    "lua-time-limit": (0, LONG),
    "busy-reply-threshold": (0, LONG),
    "latency-monitor-threshold": (0, LONG),
}
SWITCHES = frozenset({"appendonly", "replica-read-only", "cluster-require-full-coverage"})
POLICIES = tuple(
    [f"volatile-{how}" for how in ("lru", "lfu", "random", "ttl")]
    + [f"allkeys-{how}" for how in ("lru", "lfu", "random")]
    + ["noeviction"]
)
EVENT_CLASSES = frozenset("Ag$lshzxeKEtmdn")
_SUFFIXES = {"": 1, "b": 1, "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2, "g": 1000**3, "gb": 1024**3}


def checked(name: str, value: str) -> str:
    """The value as it is kept; a Failure in CONFIG SET's words where it is none for the setting."""
    if name == "maxmemory":
        return _memory(value)
    if name in SWITCHES or name == "maxmemory-policy":
        value = value.lower()
    problem = _problem(name, value)
    if problem:
        raise refused(name, problem)
    return value


def refused(name: str, problem: str) -> Failure:
    """As CONFIG SET words it."""
    return Failure(f"ERR CONFIG SET failed (possibly related to argument '{name}') - {problem}")


def _problem(name: str, value: str) -> str:
    """Empty where there is none."""
    if name in BOUNDS:
        return _beyond(value, *BOUNDS[name])
    if name in SWITCHES and value not in ("yes", "no"):
        return "argument must be 'yes' or 'no'"
    if name == "maxmemory-policy" and value not in POLICIES:
        return "argument(s) must be one of the following: " + ", ".join(POLICIES)
    if name == "notify-keyspace-events" and not EVENT_CLASSES.issuperset(value):
        return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
    if name == "save" and not _are_points(value.split()):
        return "Invalid save parameters"
    return ""


def _beyond(value: str, low: int, high: int) -> str:
    try:
        number = integer(value.encode("utf-8", "surrogateescape"))
    except Failure:
        return "argument couldn't be parsed into an integer"
    return "" if low <= number <= high else f"argument must be between {low} and {high} inclusive"


def _are_points(words: list[str]) -> bool:
    """Pairs of seconds, one at least, and changes."""
    numbers = [int(word) for word in words if word.isascii() and word.isdigit()]
    return len(numbers) == len(words) and len(words) % 2 == 0 and all(numbers[::2])


def _memory(value: str) -> str:
    number = value.rstrip("bkmgBKMG")
    factor = _SUFFIXES.get(value[len(number) :].lower())
    if factor is None or (number and not (number.isascii() and number.isdigit())):  # nothing is 0
        raise refused("maxmemory", "argument must be a memory value")
    return str(int(number or 0) * factor)
