"""What the real server says of each command: flags, categories, where it came from. Facts, no behaviour.

They are read from ``catalog.txt`` the first time that somebody asks: an access rule by category, COMMAND, ACL CAT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

IN_ORDER = (
    "keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking"
    " dangerous connection transaction scripting"
)
CATEGORIES = tuple(IN_ORDER.split())


@dataclass(frozen=True, slots=True)
class Fact:
    """One command, or a subcommand (``config|get``). ``access`` is of ``r`` and ``w``: what is done to its keys."""

    name: str
    arity: int
    flags: tuple[str, ...]
    first: int
    last: int
    step: int
    categories: frozenset[str]
    access: str
    since: str
    group: str


@lru_cache(maxsize=1)
def catalog() -> Mapping[str, Fact]:
    """By name, in lower case."""
    lines = (files(__package__) / "catalog.txt").read_text().splitlines()
    facts = [_fact(line.split()) for line in lines if not line.startswith("#")]
    return MappingProxyType({fact.name: fact for fact in facts})


def _fact(columns: list[str]) -> Fact:
    name, arity, flags, keys, categories, access, since, group = columns
    first, last, step = (int(number) for number in keys.split(","))
    return Fact(name, int(arity), _words(flags), first, last, step, frozenset(_words(categories)), access, since, group)


def _words(column: str) -> tuple[str, ...]:
    return () if column == "-" else tuple(column.split(","))


@lru_cache(maxsize=1)
def parents() -> frozenset[str]:
    """The commands that have subcommands."""
    return frozenset(name.split("|")[0] for name in catalog() if "|" in name)


def full_name(words: list[bytes]) -> str:
    """``config|get`` where the command has that subcommand, else the command's own name."""
    name = words[0].decode("utf-8", "surrogateescape").lower()
    if len(words) < 2 or name not in parents():
        return name
    both = f"{name}|{words[1].decode('utf-8', 'surrogateescape').lower()}"
    return both if both in catalog() else name
