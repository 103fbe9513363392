"""Client quotas: what was set for whom, which of it holds for a client, and how long who exceeds it has to wait.

Which of several quotas holds is Kafka's own order (https://kafka.apache.org/39/documentation.html#design_quotas):
user and client before user before client, a name before the default. A real broker looks at the rate over ten
one-second windows; here a bucket holds one second's worth and a client waits until its debt is paid.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

PRODUCE, CONSUME = "producer_byte_rate", "consumer_byte_rate"  # bytes a second
USER, CLIENT, IP = "user", "client-id", "ip"
DEFAULT = None  # the name that stands for everybody of whom nothing else is said
LONGEST = 10.0  # seconds that one answer makes a client wait at most
MOST_BUCKETS = 1000  # clients whose debt is remembered
MOST_ENTITIES = 10_000
_KEYS = {
    frozenset({USER}): frozenset({PRODUCE, CONSUME, "request_percentage", "controller_mutation_rate"}),
    frozenset({CLIENT}): frozenset({PRODUCE, CONSUME, "request_percentage", "controller_mutation_rate"}),
    frozenset({USER, CLIENT}): frozenset({PRODUCE, CONSUME, "request_percentage", "controller_mutation_rate"}),
    frozenset({IP}): frozenset({"connection_creation_rate"}),
}

Entity = frozenset[tuple[str, str | None]]
"""Type and name of each part."""


class Refused(Exception):
    """A quota that cannot be."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a question for quotas. ``exact`` False: any name, the default among them."""

    type: str
    name: str | None = DEFAULT
    exact: bool = True

    def fits(self, entity: Mapping[str, str | None]) -> bool:
        return self.type in entity and (not self.exact or entity[self.type] == self.name)


@dataclass(slots=True)
class _Bucket:
    """``level`` bytes are free at ``at``; below zero they are owed."""

    level: float
    at: float


@dataclass(slots=True)
class Quotas:
    """``now`` tells wall seconds: real clients send in wall time."""

    now: Callable[[], float]
    values: dict[Entity, dict[str, float]] = field(default_factory=dict)
    _buckets: OrderedDict[tuple[str, str, str], _Bucket] = field(default_factory=OrderedDict)

    def check(self, entity: list[tuple[str, str | None]], changes: Mapping[str, float | None]) -> None:
        """Raises Refused with the reason for which this may not be set."""
        types = frozenset(type for type, _ in entity)
        if types not in _KEYS or len(types) != len(entity):
            raise Refused(f"Invalid client quota entity: {', '.join(sorted(types)) or 'empty'}")
        for key, value in changes.items():
            if key not in _KEYS[types]:
                raise Refused(f"Invalid configuration key {key}")
            if value is not None and not value > 0:
                raise Refused(f"Quota {key} must be greater than 0")
            if value is not None and key in (PRODUCE, CONSUME) and value != int(value):
                raise Refused(f"Quota {key} must be a whole number")
        if frozenset(entity) not in self.values and len(self.values) >= MOST_ENTITIES:
            raise Refused("Too many entities")

    def alter(self, entity: list[tuple[str, str | None]], changes: Mapping[str, float | None]) -> None:
        """Sets what has a value and takes away what has none. Raises Refused."""
        self.check(entity, changes)
        kept = {**self.values.get(frozenset(entity), {}), **changes}
        left = {key: value for key, value in kept.items() if value is not None}
        self.values.pop(frozenset(entity), None)
        if left:
            self.values[frozenset(entity)] = left

    def matching(self, parts: Iterable[Part], strict: bool) -> list[tuple[Entity, dict[str, float]]]:
        """Entities that fit each part; ``strict``: and that have no other ones."""
        asked = list(parts)
        return [
            (entity, values)
            for entity, values in self.values.items()
            if all(part.fits(dict(entity)) for part in asked) and (not strict or len(entity) == len(asked))
        ]

    def rate(self, user: str, client: str, key: str) -> float | None:
        """What holds for this client, or None: no limit."""
        found = (self.values.get(entity, {}).get(key) for entity in _ranked(user, client))
        return next((value for value in found if value is not None), None)

    def wait(self, user: str, client: str, key: str, size: int) -> float:
        """Seconds that this client has to wait after ``size`` bytes more."""
        rate = self.rate(user, client, key)
        if rate is None:
            return 0.0
        now = self.now()
        bucket = self._buckets.setdefault((user, client, key), _Bucket(rate, now))
        self._buckets.move_to_end((user, client, key))
        bucket.level = min(rate, bucket.level + (now - bucket.at) * rate) - size
        bucket.at = now
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return min(LONGEST, max(0.0, -bucket.level / rate))


def _ranked(user: str, client: str) -> Iterator[Entity]:
    """Whom a quota may be for that holds for this client: the one that goes before all others first."""
    for name in (user, DEFAULT):
        yield frozenset({(USER, name), (CLIENT, client)})
        yield frozenset({(USER, name), (CLIENT, DEFAULT)})
        yield frozenset({(USER, name)})
    yield frozenset({(CLIENT, client)})
    yield frozenset({(CLIENT, DEFAULT)})
