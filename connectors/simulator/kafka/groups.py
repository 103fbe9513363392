"""Consumer groups, of either kind: dictated by the traffic model, or made of clients that joined.

The model's own workers speak no protocol that a stranger could share, so that nobody may join a dictated group while
it has members: a stranger's share of the partitions would be consumed by nobody whom the model knows. While it is
empty it is open to members and to offsets from outside. Those are kept until the model shows another offset, which
is then its answer; members are out as soon as the model's workers are back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.ids import Ids
from connectors.simulator.kafka.later import Alarm
from connectors.simulator.kafka.membership import Membership
from connectors.simulator.kafka.roster import NO_GENERATION
from connectors.simulator.kafka.rounds import EMPTY, STABLE
from connectors.simulator.tick import Group as Dictated
from connectors.simulator.tick import Partition

MOST_GROUPS = 10_000

TopicPartition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Member:
    """One of the model's workers, as the protocol shows it."""

    id: str
    client: str
    host: str
    assigned: tuple[TopicPartition, ...]


class Committed(NamedTuple):
    """With what the client wrote beside it. A tuple: ten thousand of them a second have to cost little."""

    offset: int
    note: str = ""
    epoch: int = -1  # of the leader whose record was the last one read


@dataclass(frozen=True, slots=True)
class Seek:
    """An offset from outside, and what the model showed when it came."""

    offset: int
    shown: int | None


@dataclass(slots=True)
class Group:
    """``committed`` holds what was ever committed; a partition that is not in it never was."""

    name: str
    committed: dict[TopicPartition, Committed] = field(default_factory=dict)
    dictated: bool = False
    shown_state: str = EMPTY
    workers: tuple[Member, ...] = ()
    membership: Membership | None = None
    _seeks: dict[TopicPartition, Seek] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """In Kafka's own words."""
        return self.membership.rounds.state if self.membership and self.membership.members else self.shown_state

    @property
    def live(self) -> bool:
        return bool(self.workers or (self.membership and self.membership.members))

    @property
    def topics(self) -> set[str]:
        return {topic for topic, _ in self.committed}

    def seeks(self) -> Iterator[tuple[TopicPartition, int]]:
        """Offsets from outside that the model has not taken note of yet."""
        return ((part, seek.offset) for part, seek in self._seeks.items())

    def opened(self, alarm: Alarm, new_id: Callable[[], str]) -> Membership | None:
        """The door for clients; None while the model's workers are in."""
        if self.workers:
            return None
        self.membership = self.membership or Membership(alarm, new_id)
        return self.membership

    def may_commit(self, id: str = "", instance: str | None = None, generation: int = NO_GENERATION) -> Code:
        """NONE for a member of this generation, and for anybody while nobody is in."""
        if self.workers:
            return Code.UNKNOWN_MEMBER_ID
        if self.membership:
            return self.membership.may_commit(id, instance, generation)
        return Code.NONE if generation < 0 else Code.ILLEGAL_GENERATION

    def commit(self, part: TopicPartition, committed: Committed) -> None:
        if self.dictated:
            before = self._seeks.get(part)
            at = self.committed.get(part)
            self._seeks[part] = Seek(committed.offset, before.shown if before else at.offset if at else None)
        self.committed[part] = committed

    def show(self, shown: Dictated) -> bool:
        """Takes the model's word; True when its workers are others than before."""
        self.dictated = True
        if shown.members and self.membership:
            self.membership.expel()
            self.membership = None
        for part in shown.partitions:
            self._show(part)
        changed = (shown.state, shown.members) != (self.shown_state, len(self.workers))
        self.shown_state = shown.state
        return changed

    def _show(self, part: Partition) -> None:
        key = (part.topic, part.index)
        seek = self._seeks.get(key) if self._seeks else None
        if seek and part.committed == seek.shown:
            return
        if seek:
            del self._seeks[key]
        at = self.committed.get(key)
        if part.committed is None:
            self.committed.pop(key, None)
        elif at is None or at.offset != part.committed:
            self.committed[key] = Committed(part.committed)

    def forget(self, parts: list[TopicPartition]) -> None:
        for part in parts:
            self.committed.pop(part, None)
            self._seeks.pop(part, None)


class Groups(dict[str, Group]):
    """By name."""

    def __init__(self, alarm: Alarm, ids: Ids) -> None:
        super().__init__()
        self._alarm = alarm
        self._ids = ids

    def named(self, name: str) -> Group:
        """The group of this name, made when it is not there yet."""
        return self.setdefault(name, Group(name))

    def full(self, name: str) -> bool:
        """Whether there are too many groups for this one to be made."""
        return name not in self and len(self) >= MOST_GROUPS

    def tidy(self, group: Group) -> None:
        """A group that nobody is in and that has committed nothing is no more."""
        waited_for = group.membership is not None and not group.membership.idle
        if not (group.dictated or waited_for or group.committed):
            self.pop(group.name, None)

    def door(self, name: str) -> Membership | None:
        """The door into a group for clients; None where they may not join."""
        return self.named(name).opened(self._alarm, lambda: self._ids.fresh(f"joined {name}"))

    def show(self, shown: Dictated) -> None:
        """Takes the model's word for one of its groups."""
        group = self.named(shown.name)
        if group.show(shown):
            group.workers = dealt(shown, lambda number: str(self._ids.lasting(f"member {shown.name} {number}")))

    def seeks(self) -> dict[tuple[str, str, int], int]:
        """Offsets committed from outside to the model's groups, by group, topic and partition."""
        return {(group.name, *part): offset for group in self.values() for part, offset in group.seeks()}


def dealt(shown: Dictated, id_of: Callable[[int], str]) -> tuple[Member, ...]:
    """The model's workers: partitions dealt out in turn; during a rebalance nobody holds any."""
    parts = sorted((part.topic, part.index) for part in shown.partitions)
    return tuple(
        Member(
            id=f"{shown.name}-{number}-{id_of(number)}",
            client=f"{shown.name}-{number}",
            host=f"/10.0.1.{number + 10}",
            assigned=tuple(parts[number :: shown.members]) if shown.state == STABLE else (),
        )
        for number in range(shown.members)
    )


def by_topic(parts: list[TopicPartition]) -> list[tuple[str, list[int]]]:
    """Partitions gathered under their topics, as the protocol lists them."""
    return [(topic, [index for _, index in group]) for topic, group in groupby(sorted(parts), key=lambda part: part[0])]
