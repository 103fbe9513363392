"""When the offset that a group stands at was written: how late the group is, in seconds. Pure.

No request tells the time of one offset without fetching its record. But the end of a partition at a time is a point on
the line from time to offset, and every reading gives one for each partition; they are kept close together for the last
minute and ever wider apart before, so that a day takes some forty of them. What was written before this console looked
comes from asking the brokers for the offset at a time (``ListOffsets``), see ``asking.py``. Between two points the
line is taken to be straight.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from connectors.kafka.seen import TopicPartition

DAY = 86400.0
GRAIN = 5.0  # estate seconds between points of the last minute
SPREAD = 8.0  # older ones lie an eighth of their age apart
LATELY = 3  # frames
UNSEEN = -1
CLOSE, SHARE = 60.0, 0.25  # two points so many seconds, or such a share of their age, apart are close together
MOST_ASKED = 24  # points kept of one partition that brokers were asked for

Bounds = Mapping[TopicPartition, tuple[int, int] | None]  # low watermark and end
Point = tuple[float, int]  # estate seconds, and the first offset written then or later


class Bracket(NamedTuple):
    """Between which two points an offset was written; None: before, or after, all that are known."""

    after: Point | None
    before: Point | None

    def guess(self, offset: int) -> float | None:
        """When it was written, on a straight line; None where one side is open."""
        if self.after is None or self.before is None:
            return None
        (start, first), (end, last) = self.after, self.before
        return start + (end - start) * (offset - first) / max(1, last - first)

    def is_close(self, now: float) -> bool:
        """Whether the points are close enough together, for their age, to guess between them."""
        if self.after is None or self.before is None:
            return False
        return self.before[0] - self.after[0] <= max(CLOSE, SHARE * (now - self.before[0]))

    def age(self, offset: int, now: float) -> tuple[float, bool]:
        """Seconds since it was written; True: at least so many, the points say no more."""
        known = Bracket(self.after, self.before or (now, offset + 1))
        written = known.guess(offset)
        if written is not None and known.is_close(now):
            return max(0.0, now - written), False
        return (0.0 if known.before is None else now - known.before[0]), True


@dataclass(frozen=True, slots=True)
class Ends:
    """The ends, and low watermarks, of all partitions at one time. Eight bytes each: a large estate has many."""

    at: float
    index: Mapping[TopicPartition, int]
    lows: array[int]
    ends: array[int]

    def end(self, part: TopicPartition) -> int:
        """UNSEEN where the partition was not known yet."""
        place = self.index.get(part)
        return UNSEEN if place is None else self.ends[place]

    def low(self, part: TopicPartition) -> int:
        """UNSEEN where the partition was not known yet."""
        place = self.index.get(part)
        return UNSEEN if place is None else self.lows[place]


@dataclass(frozen=True, slots=True)
class Written:
    """What is known of when offsets were written. Persistent; ``asked`` are points that brokers were asked for.

    What follows from it for one offset is worked out once: what is still to be asked, and how late a group is, are two
    questions about the same ten thousand offsets.
    """

    frames: tuple[Ends, ...] = ()  # oldest first
    asked: Mapping[TopicPartition, tuple[Point, ...]] = field(default_factory=dict)
    _known: dict[TopicPartition, tuple[int, float, Bracket]] = field(default_factory=dict, compare=False, repr=False)

    def after(self, bounds: Bounds, at: float) -> Written:
        """With the low watermarks and ends of one more reading; forgets partitions that are gone.

        A partition that could not be read (None) is taken to stand where it stood: without a leader nobody writes.
        """
        if self.frames and at < self.frames[-1].at + GRAIN:
            return self
        frame = _frame(bounds, at, self.frames[-1] if self.frames else None)
        asked = {part: points for part, points in self.asked.items() if part in bounds}
        return Written(_thinned((*self.frames, frame), at), asked)

    def with_answers(self, answers: Mapping[TopicPartition, Point]) -> Written:
        """With offsets at times that brokers were asked for."""
        asked = dict(self.asked)
        for part, point in answers.items():
            asked[part] = tuple(sorted({*asked.get(part, ()), point})[-MOST_ASKED:])
        known = {part: found for part, found in self._known.items() if part not in answers}
        return Written(self.frames, asked, known)

    def without(self, topics: frozenset[str]) -> Written:
        """Without what brokers said of topics that were made anew since."""
        if not topics:
            return self
        return Written(self.frames, {part: points for part, points in self.asked.items() if part[0] not in topics})

    def bracket(self, part: TopicPartition, offset: int, born: float) -> Bracket:
        """Around the writing of ``offset``. ``born``: readings before it were of another topic of that name."""
        known = self._known.get(part)
        if known is not None and known[0] == offset and known[1] == born:
            return known[2]
        found = self._bracket(part, offset, born)
        self._known[part] = (offset, born, found)
        return found

    def _bracket(self, part: TopicPartition, offset: int, born: float) -> Bracket:
        seen = self._seen(part, offset, born)
        if part not in self.asked:
            return seen
        asked = _asked(self.asked[part], offset)
        return Bracket(
            after=max((each for each in (seen.after, asked.after) if each is not None), default=None),
            before=min((each for each in (seen.before, asked.before) if each is not None), default=None),
        )

    def low_pace(self, part: TopicPartition, born: float) -> float | None:
        """Offsets a second that retention deletes, over all that was watched; None: it has not been seen to."""
        first = bisect_left(self.frames, 0, lo=self._since(born), key=lambda frame: frame.low(part))
        if first >= len(self.frames) - 1:
            return None
        start, last = self.frames[first], self.frames[-1]
        deleted = last.low(part) - start.low(part)
        return deleted / (last.at - start.at) if deleted > 0 else None

    def _since(self, born: float) -> int:
        if not self.frames or self.frames[0].at >= born:
            return 0
        return bisect_left(self.frames, born, key=lambda frame: frame.at)

    def _seen(self, part: TopicPartition, offset: int, born: float) -> Bracket:
        if not self.frames:
            return Bracket(None, None)
        end = _end_of(part, self.frames[-1].index)
        first, last = self._since(born), len(self.frames)
        if last - first > LATELY and UNSEEN < end(self.frames[last - LATELY]) <= offset:
            first = last - LATELY  # most groups are no further behind
        place = bisect_right(self.frames, offset, lo=first, key=end)
        after = self.frames[place - 1] if place > first and end(self.frames[place - 1]) != UNSEEN else None
        before = self.frames[place] if place < last else None
        return Bracket(
            None if after is None else (after.at, end(after)),
            None if before is None else (before.at, end(before)),
        )


def _end_of(part: TopicPartition, index: Mapping[TopicPartition, int]) -> Callable[[Ends], int]:
    """The end of a partition in any reading; most of them share one index."""
    place = index.get(part)

    def end(frame: Ends) -> int:
        return frame.ends[place] if frame.index is index and place is not None else frame.end(part)

    return end


def _asked(points: tuple[Point, ...], offset: int) -> Bracket:
    place = bisect_right(points, offset, key=lambda point: point[1])
    return Bracket(points[place - 1] if place else None, points[place] if place < len(points) else None)


def _frame(bounds: Bounds, at: float, last: Ends | None) -> Ends:
    same = last is not None and last.index.keys() == bounds.keys()
    index = last.index if same and last is not None else {part: place for place, part in enumerate(bounds)}

    def known(part: TopicPartition) -> tuple[int, int]:
        read = bounds[part]
        if read is not None:
            return read
        return (UNSEEN, UNSEEN) if last is None else (last.low(part), last.end(part))

    read = [known(part) for part in index]
    return Ends(at, index, array("q", [low for low, _ in read]), array("q", [end for _, end in read]))


def _thinned(frames: tuple[Ends, ...], now: float) -> tuple[Ends, ...]:
    """Without those whose neighbours are close enough to each other, for their age, to do without them."""
    kept: list[Ends] = []
    for frame, younger in pairwise(frames):
        if now - frame.at > DAY:
            continue
        if not kept or younger.at - kept[-1].at > max(GRAIN, (now - frame.at) / SPREAD):
            kept.append(frame)
    return (*kept, frames[-1])
