"""A stream: entries in order of their ids, and consumer groups that remember what was delivered to whom.

How far a group is behind (``lag``) is told the real server's way: counted where every id is known to have been
there, estimated at the ends of the stream, and unknown in between.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

Id = tuple[int, int]
Fields = tuple[bytes, ...]
LOWEST: Id = (0, 0)
HIGHEST: Id = (2**64 - 1, 2**64 - 1)
NODE = 100  # entries the real server keeps together; an approximate trim takes whole ones only


@dataclass(slots=True)
class Pending:
    """An entry that was delivered and not acknowledged; ``at`` is in epoch seconds."""

    consumer: bytes
    at: float
    deliveries: int = 1


@dataclass(slots=True)
class Group:
    """``read`` counts the entries up to ``last``, None when it is not known."""

    last: Id
    read: int | None = None
    pending: dict[Id, Pending] = field(default_factory=dict)
    consumers: dict[bytes, float] = field(default_factory=dict)  # to when they were last seen

    def pending_of(self, consumer: bytes) -> list[Id]:
        return sorted(at for at, pending in self.pending.items() if pending.consumer == consumer)


class StreamValue:
    """Entries are added at the end and taken from anywhere."""

    def __init__(self) -> None:
        self._ids: list[Id] = []
        self._fields: list[Fields] = []
        self.last: Id = LOWEST
        self.deleted: Id = LOWEST  # the highest id that XDEL took
        self.added = 0
        self.groups: dict[bytes, Group] = {}

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def first(self) -> Id:
        return self._ids[0] if self._ids else LOWEST

    def copy(self) -> StreamValue:
        twin = StreamValue()
        twin._ids, twin._fields = list(self._ids), list(self._fields)
        twin.last, twin.deleted, twin.added = self.last, self.deleted, self.added
        twin.groups = {name: Group(group.last, group.read) for name, group in self.groups.items()}
        return twin

    def add(self, at: Id, fields: Fields) -> None:
        """``at`` must be above ``last``."""
        self._ids.append(at)
        self._fields.append(fields)
        self.last = at
        self.added += 1

    def between(
        self, start: Id, end: Id, count: int | None = None, last_first: bool = False
    ) -> list[tuple[Id, Fields]]:
        """The entries from ``start`` to ``end``, both included; the first ``count`` of them, or the last."""
        low, high = bisect_left(self._ids, start), bisect_right(self._ids, end)
        places = range(low, high)[::-1] if last_first else range(low, high)
        return [(self._ids[at], self._fields[at]) for at in (places if count is None else places[:count])]

    def get(self, at: Id) -> Fields | None:
        place = bisect_left(self._ids, at)
        return self._fields[place] if place < len(self._ids) and self._ids[place] == at else None

    def delete(self, at: Id) -> bool:
        place = bisect_left(self._ids, at)
        if place == len(self._ids) or self._ids[place] != at:
            return False
        del self._ids[place], self._fields[place]
        self.deleted = max(self.deleted, at)
        return True

    def trim(self, surplus: int, roughly: bool, limit: int = 0) -> int:
        """Takes the oldest ``surplus`` entries, roughly: whole nodes, no more than ``limit`` of them; says how many."""
        if roughly:
            surplus -= surplus % NODE
            surplus = min(surplus, limit) if limit else surplus
        surplus = max(0, surplus)
        del self._ids[:surplus], self._fields[:surplus]
        return surplus

    def older_than(self, at: Id) -> int:
        return bisect_left(self._ids, at)

    def lag(self, group: Group) -> int | None:
        """Entries that the group has still to read; None where nobody can tell."""
        if not self.added:
            return 0
        known = group.read
        if known is None or self._has_holes_from(group.last):
            known = self._distance(group.last)
        return None if known is None else self.added - known

    def deliver(self, group: Group, at: Id) -> None:
        """The group has read this entry: moves its end and its count."""
        if at <= group.last:
            return
        counted = group.read is not None and not self._has_holes_from(at)
        group.read = group.read + 1 if counted and group.read is not None else self._distance(at)
        group.last = at

    def _has_holes_from(self, at: Id) -> bool:
        return bool(self._ids) and self.deleted != LOWEST and at <= self.deleted

    def _distance(self, at: Id) -> int | None:
        """How many entries were ever added up to ``at``, where the ends of the stream tell."""
        if not self._ids and at < self.last:
            return self.added
        if at != LOWEST and at < self.deleted:
            return None
        if at >= self.last:
            return self.added if at == self.last else None
        if self.deleted == LOWEST or self.deleted < self.first:
            if at < self.first:
                return self.added - len(self)
            if at == self.first:
                return self.added - len(self) + 1
        return None
