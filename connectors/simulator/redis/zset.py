"""A sorted set: a score a member, and the members in order of score, then of their bytes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, takewhile

Scored = tuple[float, bytes]


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """Scores from ``low`` to ``high``, each end with or without itself."""

    low: float
    high: float
    after_low: bool = False
    before_high: bool = False


@dataclass(frozen=True, slots=True)
class LexRange:
    """Members from ``low`` to ``high`` by their bytes; None is the end of everything on that side."""

    low: bytes | None
    high: bytes | None
    after_low: bool = False
    before_high: bool = False
    nothing: bool = False  # from + or to -: no member lies there

    def from_low(self, member: bytes) -> bool:
        """It lies on the right side of the low end."""
        return self.low is None or (member > self.low if self.after_low else member >= self.low)

    def to_high(self, member: bytes) -> bool:
        return self.high is None or (member < self.high if self.before_high else member <= self.high)


class ZSetValue:
    """Members are bytes, scores doubles but never NaN."""

    def __init__(self, members: Iterable[tuple[bytes, float]] = ()) -> None:
        self._scores = dict(members)
        self._order = sorted((score, member) for member, score in self._scores.items())

    def __len__(self) -> int:
        return len(self._scores)

    def __iter__(self) -> Iterator[bytes]:
        """Members in order."""
        return (member for _, member in self._order)

    def __contains__(self, member: object) -> bool:
        return member in self._scores

    def items(self) -> list[Scored]:
        """(score, member), in order."""
        return list(self._order)

    def scores(self) -> dict[bytes, float]:
        return dict(self._scores)

    def copy(self) -> ZSetValue:
        return ZSetValue(self._scores.items())

    def score(self, member: bytes) -> float | None:
        return self._scores.get(member)

    def put(self, member: bytes, score: float) -> None:
        self.remove(member)
        self._scores[member] = score
        insort(self._order, (score, member))

    def remove(self, member: bytes) -> bool:
        score = self._scores.pop(member, None)
        if score is None:
            return False
        del self._order[bisect_left(self._order, (score, member))]
        return True

    def rank(self, member: bytes) -> int | None:
        score = self._scores.get(member)
        return None if score is None else bisect_left(self._order, (score, member))

    def by_score(self, wanted: ScoreRange) -> list[Scored]:
        """Those in the range, in order."""
        score: Callable[[Scored], float] = _score_of
        left = bisect_right if wanted.after_low else bisect_left
        right = bisect_left if wanted.before_high else bisect_right
        start = left(self._order, wanted.low, key=score)
        return self._order[start : max(start, right(self._order, wanted.high, key=score))]

    def by_lex(self, wanted: LexRange, last_first: bool = False) -> list[Scored]:
        """Those in the range, in order or against it.

        Meant for members that all have one score. Where they have not, the walk still begins at the first member
        past one end and ends before the first past the other, as the real server's does.
        """
        if wanted.nothing or not self._order:
            return []
        if not wanted.from_low(self._order[-1][1]) or not wanted.to_high(self._order[0][1]):
            return []
        enter, stay = (wanted.to_high, wanted.from_low) if last_first else (wanted.from_low, wanted.to_high)
        items = self._order[:: -1 if last_first else 1]
        return list(takewhile(lambda item: stay(item[1]), dropwhile(lambda item: not enter(item[1]), items)))


def _score_of(item: Scored) -> float:
    return item[0]
