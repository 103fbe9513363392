"""How a group went from one reading to the next. Pure, and told apart partition by partition.

Sums over all partitions lie as soon as one comes, goes or starts over. So what was consumed and produced is added up
from the steps of each partition that both readings have; a partition that is new, unreadable, truncated or made anew
takes no step, and the totals neither leap nor fall. For every step, with ``position = max(committed, low)``:

    position's change = consumed + expired - rewound
    lag's change      = produced - consumed - expired + rewound

Brokers do not say when a group committed last. A group that commits the same offset again and one that does not commit
look alike from outside; what tells them apart is whether somebody holds the partition, see ``shape.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.kafka.lag import Place
from connectors.kafka.seen import TopicPartition

WINDOW = 15.0  # estate seconds that a partition's own rates look back on, at the most; further when readings are rarer
NEWS = 60.0  # estate seconds for which a rewind, or a topic made anew, is told
MARKER = 1  # the lag that a transaction's end leaves for ever: its marker takes an offset that no consumer sees


class Trace(NamedTuple):
    """One partition as it was at one reading, and since when it is what it is. Times in estate seconds.

    A tuple: a reading of a large estate makes ten thousand.
    """

    committed: int
    low: int
    end: int
    topic_id: str  # "": the broker is too old to have ids
    born: float  # first seen since it last started over: numbers of another birth are not to be compared
    moved: float  # when it last made a step, or ceased to have nothing to read

    @property
    def position(self) -> int:
        return self.committed if self.committed > self.low else self.low

    @property
    def lag(self) -> int:
        position = self.committed if self.committed > self.low else self.low
        return self.end - position if self.end > position else 0


class Step(NamedTuple):
    """What one partition did between two readings, in offsets; none is negative."""

    produced: int = 0
    consumed: int = 0
    expired: int = 0  # deleted by retention before the group read them
    rewound: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """All partitions of a group that counted at one reading."""

    at: float
    traces: Mapping[TopicPartition, Trace]


@dataclass(frozen=True, slots=True)
class Pace:
    """Offsets a second of one partition."""

    produced: float
    consumed: float


@dataclass(frozen=True, slots=True)
class Course:
    """A group over time. ``consumed``, ``produced`` and ``expired`` are running totals that never fall."""

    now: Frame
    marks: tuple[Frame, ...] = ()  # earlier readings to measure rates from: the older first, at most two
    consumed: int = 0
    produced: int = 0
    expired: int = 0
    rewound: int = 0  # by the last rewind
    rewound_at: float | None = None
    renewed_at: float | None = None
    renewed: frozenset[str] = field(default_factory=frozenset)  # topics that were made anew at ``renewed_at``

    def pace(self, part: TopicPartition) -> Pace | None:
        """The partition's own rates; None before two readings of the same partition."""
        new = self.now.traces.get(part)
        for mark in self.marks:
            old, elapsed = mark.traces.get(part), self.now.at - mark.at
            if new is not None and old is not None and old.born == new.born and elapsed > 0:
                step = step_of(old, new)
                return Pace(step.produced / elapsed, step.consumed / elapsed)
        return None

    @property
    def rewound_now(self) -> int:
        """By how much the group was set back within the last minute."""
        return self.rewound if _is_news(self.rewound_at, self.now.at) else 0

    @property
    def renewed_now(self) -> frozenset[str]:
        """The topics that were found made anew within the last minute."""
        return self.renewed if _is_news(self.renewed_at, self.now.at) else frozenset()


def step_of(old: Trace, new: Trace) -> Step:
    """From one reading of a partition to a later one of the same birth."""
    start = old.position
    if new.end >= old.end and new.committed >= start and new.committed >= new.low:  # nothing special: nearly always
        return Step(new.end - old.end, new.committed - start)
    position = new.position
    return Step(
        produced=max(0, new.end - old.end),
        consumed=max(0, new.committed - start),
        expired=max(0, position - max(new.committed, start)),
        rewound=max(0, start - position),
    )


def begin(places: Sequence[Place], at: float, ids: Mapping[str, str]) -> Course:
    """The first reading of a group. The totals start where the offsets stand, as ``GroupLag`` sums them."""
    traces = _traces({}, places, at, ids, at)
    return Course(
        Frame(at, traces),
        consumed=sum(trace.committed for trace in traces.values()),
        produced=sum(trace.end for trace in traces.values()),
    )


def follow(before: Course | None, places: Sequence[Place], at: float, ids: Mapping[str, str]) -> Course:
    """The course with one more reading. ``ids``: of topics, by name, where the brokers have them."""
    if before is None:
        return begin(places, at, ids)
    if at <= before.now.at:
        return before
    earlier = before.now.traces
    traces = _traces(earlier, places, at, ids, before.now.at)
    steps = [
        step_of(earlier[part], trace)
        for part, trace in traces.items()
        if trace.born != at and trace is not earlier[part]
    ]
    rewound = sum(step.rewound for step in steps)
    renewed = frozenset(part[0] for part, trace in traces.items() if trace.born == at and part in earlier)
    return Course(
        now=Frame(at, traces),
        marks=_marks(before, at),
        consumed=before.consumed + sum(step.consumed for step in steps),
        produced=before.produced + sum(step.produced for step in steps),
        expired=before.expired + sum(step.expired for step in steps),
        rewound=rewound or before.rewound,
        rewound_at=at if rewound else before.rewound_at,
        renewed_at=at if renewed else before.renewed_at,
        renewed=renewed or before.renewed,
    )


def _traces(
    earlier: Mapping[TopicPartition, Trace], places: Sequence[Place], at: float, ids: Mapping[str, str], last: float
) -> dict[TopicPartition, Trace]:
    """The places that count, each continued from its earlier trace or that one itself; ``last``: when that was read.

    Most partitions of a large estate stand where they stood.
    """
    found: dict[TopicPartition, Trace] = {}
    for topic, index, committed, low, end in places:
        if committed is None or low is None or end is None:
            continue
        part, topic_id = (topic, index), ids.get(topic, "")
        old = earlier.get(part)
        if old is None or _started_over(old, low, end, topic_id):
            found[part] = Trace(committed, low, end, topic_id, at, at)
        elif (old.committed, old.low, old.end) == (committed, low, end) and topic_id in (old.topic_id, ""):
            found[part] = old
        else:
            moved = at if committed != old.committed else old.moved if old.lag > MARKER else last
            found[part] = Trace(committed, low, end, topic_id or old.topic_id, old.born, moved)
    return found


def _started_over(old: Trace, low: int, end: int, topic_id: str) -> bool:
    """Another topic of the same name, or one that was truncated: also when its end already passed the old one."""
    another = bool(old.topic_id and topic_id and old.topic_id != topic_id)
    return another or end < old.end or low < old.low


def _marks(before: Course, at: float) -> tuple[Frame, ...]:
    """Two earlier readings, half a window apart, so that there is always one of half a window to a whole one ago."""
    marks = before.marks or (before.now,)
    if marks[-1].at <= at - WINDOW / 2 and before.now.at > marks[-1].at:
        marks = (*marks, before.now)
    while len(marks) > 1 and marks[1].at <= at - WINDOW / 2:
        marks = marks[1:]
    return marks[-2:]


def _is_news(since: float | None, now: float) -> bool:
    return since is not None and now - since < NEWS
