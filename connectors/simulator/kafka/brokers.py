"""Which brokers are up, and who leads what: a fold of what befell the brokers over where replicas were put.

A partition's replicas are a run of the brokers from a start that its topic's name decides, so that 10,000 partitions
have no more than three placements between them. They are folded when somebody asks, and kept until the next event.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

BROKERS = (1, 2, 3)
COPIES = 3  # of an ordinary partition
NOBODY = -1  # the protocol's word for a partition without a leader
CATCH_UP = 5  # simulated seconds until a broker that is back has everything it missed
PREFERRED_AFTER = 300  # and until it leads again: leader.imbalance.check.interval.seconds of a real broker


@dataclass(frozen=True, slots=True)
class Placement:
    """``isr`` in the order of the replicas. ``epoch`` rises with each change of the leader."""

    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    leader: int
    epoch: int = 0


def without(at: Placement, broker: int) -> Placement:
    """The last one in sync stays so when it is lost: it alone has every record, and nobody else may lead."""
    if broker not in at.isr:
        return at
    isr = tuple(id for id in at.isr if id != broker)
    if not isr:
        return replace(at, leader=NOBODY, epoch=at.epoch + 1)
    if at.leader == broker:
        return replace(at, isr=isr, leader=isr[0], epoch=at.epoch + 1)
    return replace(at, isr=isr)


def returned(at: Placement, broker: int) -> Placement:
    if at.leader == NOBODY and broker in at.isr:
        return replace(at, leader=broker, epoch=at.epoch + 1)
    return at


def caught_up(at: Placement, broker: int) -> Placement:
    if at.leader == NOBODY or broker not in at.replicas:
        return at
    return replace(at, isr=tuple(id for id in at.replicas if id in at.isr or id == broker))


def preferred(at: Placement, broker: int) -> Placement:
    """Leadership goes back to the first of the replicas, when that one is in sync."""
    if at.replicas[0] != broker or broker not in at.isr or at.leader in (NOBODY, broker):
        return at
    return replace(at, leader=broker, epoch=at.epoch + 1)


_Event = tuple[Callable[[Placement, int], Placement], int]


class _Ring:
    """All placements of topics that were made among the same brokers, as often copied, and after as many events."""

    def __init__(self, among: tuple[int, ...], copies: int, born: int) -> None:
        runs = [(among[start:] + among[:start])[:copies] for start in range(len(among))]
        self._placements = [Placement(replicas, replicas, replicas[0]) for replicas in runs]
        self._seen = born

    def placements(self, events: list[_Event]) -> list[Placement]:
        if self._seen < len(events):
            for befell, broker in events[self._seen :]:
                self._placements = [befell(at, broker) for at in self._placements]
            self._seen = len(events)
        return self._placements

    def at(self, place: int, events: list[_Event]) -> Placement:
        found = self.placements(events)
        return found[place % len(found)]


class Brokers:
    """Who is lost, who controls, who leads. Time is the simulated second of ``step``."""

    def __init__(self, ids: tuple[int, ...] = BROKERS) -> None:
        self.ids = ids
        self.lost: frozenset[int] = frozenset()
        self.controller = ids[0]
        self._events: list[_Event] = []
        self._ordinary = _Ring(ids, min(COPIES, len(ids)), 0)
        self._rings: dict[str, _Ring] = {}  # of topics that were placed in another way
        self._t = 0
        self._catches_up: dict[int, int] = {}  # broker: when
        self._leads_again: dict[int, int] = {}

    @property
    def alive(self) -> tuple[int, ...]:
        return tuple(id for id in self.ids if id not in self.lost)

    def place(self, topic: str, replication: int) -> None:
        """A new topic's replicas, among the brokers that are up. -1: as many as there are."""
        among = self.alive or self.ids
        copies = len(among) if replication == -1 else min(replication, len(among))
        self._rings[topic] = _Ring(among, copies, len(self._events))

    def forget(self, topic: str) -> None:
        """A topic that is gone; one of the same name is placed anew."""
        self._rings.pop(topic, None)

    def partition(self, topic: str, index: int) -> Placement:
        return self._rings.get(topic, self._ordinary).at(zlib.crc32(topic.encode()) + index, self._events)

    def partitions(self, topic: str) -> Sequence[Placement]:
        """Its first partitions' placements, for all: that of number ``n`` is at ``n`` modulo their count."""
        found = self._rings.get(topic, self._ordinary).placements(self._events)
        start = zlib.crc32(topic.encode()) % len(found)
        return found[start:] + found[:start]

    def coordinator(self, group: str) -> int:
        """The leader of the group's share of the offsets topic, or NOBODY."""
        return self._ordinary.at(zlib.crc32(group.encode()), self._events).leader

    def step(self, t: int) -> None:
        """Takes note of simulated second ``t``: who has caught up, and who leads again."""
        self._t = t
        for broker in _due(self._catches_up, t):
            self._events.append((caught_up, broker))
            self._leads_again[broker] = t + PREFERRED_AFTER
        for broker in _due(self._leads_again, t):
            self.elect(broker)

    def lose(self, broker: int) -> None:
        """No-op for one that is lost already. Raises ValueError for one there never was."""
        if broker not in self.ids:
            raise ValueError(f"no broker {broker}")
        if broker in self.lost:
            return
        self.lost |= {broker}
        self._catches_up.pop(broker, None)
        self._leads_again.pop(broker, None)
        self._events.append((without, broker))
        if self.controller == broker:
            self.controller = next(iter(self.alive), NOBODY)

    def restore(self, broker: int) -> None:
        """It takes part at once, is in sync after CATCH_UP, and leads again PREFERRED_AFTER later."""
        if broker not in self.lost:
            return
        self.lost -= {broker}
        self._events.append((returned, broker))
        if self.controller == NOBODY:
            self.controller = broker
        for id in self.alive:  # those that found no leader to copy from, too
            self._catches_up.setdefault(id, self._t + CATCH_UP)

    def elect(self, broker: int) -> None:
        """The preferred leader leads again, where it is in sync."""
        self._events.append((preferred, broker))


def _due(times: dict[int, int], t: int) -> list[int]:
    """Takes out who is due by ``t``."""
    found = [broker for broker, at in times.items() if at <= t]
    for broker in found:
        del times[broker]
    return found
