"""What our credentials may do, in the brokers' own word: operations, as their access rules name them. Pure.

A write needs some operations on some resources (Apache Kafka's documentation, "Authorization and ACLs: Protocols"). A
broker says which of them we have; it is never tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from fnmatch import fnmatchcase


class Operation(IntEnum):
    """By the protocol's numbers."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11

    @property
    def word(self) -> str:
        return self.name.replace("_", " ").title().replace(" ", "")


Allowed = frozenset[int] | None
"""None: not told, as by brokers before 2.3."""


@dataclass(frozen=True, slots=True)
class Rights:
    cluster: Allowed = None
    topics: Mapping[str, Allowed] = field(default_factory=dict)
    groups: Mapping[str, Allowed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """An operation on the cluster, a topic or a group."""

    operation: Operation
    on: str  # "cluster", "topic" or "group"


_QUOTAS = (Need(Operation.ALTER_CONFIGS, "cluster"),)
_OFFSETS = (Need(Operation.READ, "group"),)  # and to read the topics, which the writer of offsets names
_FACTS: tuple[tuple[str, str, tuple[Need, ...]], ...] = (  # kind of component, pattern of the fact, what it needs
    ("*", "quota*", _QUOTAS),
    ("quota*", "*", _QUOTAS),
    ("topic", "retention*", (Need(Operation.ALTER_CONFIGS, "topic"),)),
    ("topic", "config*", (Need(Operation.ALTER_CONFIGS, "topic"),)),
    ("topic", "cleanup*", (Need(Operation.ALTER_CONFIGS, "topic"),)),
    ("topic", "min_isr*", (Need(Operation.ALTER_CONFIGS, "topic"),)),
    ("topic", "partitions*", (Need(Operation.ALTER, "topic"),)),
    ("topic", "records*", (Need(Operation.DELETE, "topic"),)),
    ("topic", "delete*", (Need(Operation.DELETE, "topic"),)),
    ("group", "offset*", _OFFSETS),
    ("group", "seek*", _OFFSETS),
    ("group", "delete*", (Need(Operation.DELETE, "group"),)),
    ("broker", "config*", (Need(Operation.ALTER_CONFIGS, "cluster"),)),
    ("cluster", "config*", (Need(Operation.ALTER_CONFIGS, "cluster"),)),
    ("cluster", "leader*", (Need(Operation.ALTER, "cluster"),)),
)


def needs(kind: str, fact: str) -> tuple[Need, ...]:
    """What setting this fact of such a component takes; empty: it is none that Kafka has."""
    return next((found for of, name, found in _FACTS if fnmatchcase(kind, of) and fnmatchcase(fact, name)), ())


def lacking(found: Iterable[Need], name: str, rights: Rights) -> tuple[Need, ...] | None:
    """Which of these we have not, about the component of this name; None: the broker does not say."""
    missing = []
    for need in found:
        allowed = {"cluster": rights.cluster, "topic": rights.topics.get(name), "group": rights.groups.get(name)}[
            need.on
        ]
        if allowed is None:
            return None
        if need.operation not in allowed:
            missing.append(need)
    return tuple(missing)
