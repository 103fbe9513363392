"""Which groups and topics are looked at: allow-lists first, then deny-lists. Patterns as a shell has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from connectors.settings.kafka import Settings

INTERNAL = "_"  # how the brokers' own topics begin
_WILD = "*?["


@dataclass(frozen=True, slots=True)
class Wanted:
    """``groups`` and ``topics`` are told of themselves; ``within`` less ``without`` is where groups are followed to."""

    groups: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    not_groups: tuple[str, ...] = ()
    within: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Wanted:
        """What every reading looks at."""
        return cls(settings.groups, settings.dead_letters, settings.not_groups, settings.topics, settings.not_topics)

    def only(self, kind: str, name: str) -> Wanted:
        """One group or topic alone, or neither; and no more of it than is wanted at all."""
        exact = (literal(name),)
        return replace(self, groups=exact if kind == "group" else (), topics=exact if kind == "topic" else ())

    def group(self, name: str) -> bool:
        return matches(name, self.groups) and not matches(name, self.not_groups)

    def topic(self, name: str, internal: bool = False) -> bool:
        """Whether it is told of itself."""
        return matches(name, self.topics) and self.allows(name, internal)

    def allows(self, name: str, internal: bool = False) -> bool:
        """Whether what groups committed there counts. The brokers' own topics are to be named as such."""
        patterns = [one for one in self.within if one.startswith(INTERNAL)] if internal else self.within
        return matches(name, patterns) and not matches(name, self.without)

    def exact(self) -> tuple[str, ...]:
        """Groups that are asked for by their full names."""
        return tuple(name for name in self.groups if not set(name) & set(_WILD))


def matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def literal(name: str) -> str:
    """A pattern that matches this name alone."""
    return "".join(f"[{char}]" if char in _WILD else char for char in name)
