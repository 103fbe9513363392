"""The arithmetic of consumer lag. Pure, so that it can be proved apart from any broker.

Offsets are read in an order that keeps the sums honest: committed first, then the low watermark, then the end.
Each only grows, so end ≥ committed and end ≥ low at the time of reading, but for a topic that was truncated or
made anew. Lag is counted in offsets: on a compacted or transactional topic that is more than there are messages.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MOST_NAME = 249  # characters of a name where it is shown: a topic has no more, a group may have 32,767 bytes
HOT_FLOOR = 100  # messages in all, below which no partition is called hot


class Place(NamedTuple):
    """Where one group stands in one partition. A tuple: a reading of a large estate makes ten thousand."""

    topic: str
    partition: int
    committed: int | None  # None: the group never committed here
    low: int | None  # first offset still kept; None: the leader did not say
    end: int | None  # next offset to be written; None: the leader did not say

    @property
    def readable(self) -> bool:
        return self.low is not None and self.end is not None

    @property
    def lag(self) -> int | None:
        """Messages that wait and can still be read: end - max(committed, low), never below 0; None: unknown."""
        if self.committed is None or self.low is None or self.end is None:
            return None
        position = self.committed if self.committed > self.low else self.low
        return self.end - position if self.end > position else 0

    @property
    def lost(self) -> int | None:
        """Messages that retention deleted before this group read them; None: unknown."""
        if self.committed is None or self.low is None:
            return None
        return max(0, self.low - self.committed)

    @property
    def clamped(self) -> bool:
        """Committed beyond the end: the topic was truncated or made anew."""
        return self.committed is not None and self.end is not None and self.committed > self.end


@dataclass(frozen=True, slots=True)
class GroupLag:
    """A group's sums, over the places that count: committed, and answered for by their leader.

    ``lag`` and ``lost`` are None when no place counts. With ``unreadable`` above 0 they are lower bounds.
    ``consumed`` and ``produced`` only grow while ``epoch``, which names the places that count, stays the same.
    """

    lag: int | None
    lost: int | None
    never_committed: int
    unreadable: int
    clamped: int
    consumed: int
    produced: int
    epoch: str
    hot: Place | None  # holds more than half of the lag


def sum_up(places: Sequence[Place]) -> GroupLag:
    """A group's lag over all its places. Places never committed stay out of the sums, and so do unreadable ones."""
    lags = [place.lag for place in places]
    counting = [place for place, lag in zip(places, lags, strict=True) if lag is not None]
    total = sum(lag or 0 for lag in lags)
    return GroupLag(
        lag=total if counting else None,
        lost=sum(place.lost or 0 for place in counting) if counting else None,
        never_committed=sum(place.committed is None for place in places),
        unreadable=sum(not place.readable for place in places),
        clamped=sum(place.clamped for place in counting),
        consumed=sum(place.committed or 0 for place in counting),
        produced=sum(place.end or 0 for place in counting),
        epoch=epoch_of([(place.topic, place.partition) for place in counting]),
        hot=_hot(counting, total),
    )


def epoch_of(parts: Sequence[tuple[str, int]]) -> str:
    """A name for a set of partitions: sums over different sets are not to be compared."""
    return f"{zlib.crc32(repr(sorted(parts)).encode()):08x}"


def _hot(places: Sequence[Place], total: int) -> Place | None:
    if len(places) < 2 or total < HOT_FLOOR:
        return None
    return next((place for place in places if 2 * (place.lag or 0) > total), None)


def bounded(name: str) -> str:
    """A name, or as much of it as a sentence bears."""
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"
