"""A survey of Kafka, told as components, signals, counters and notes. Pure; drill-downs are in ``detail.py``."""

from __future__ import annotations

from connectors.kafka.cluster_told import cluster_observed
from connectors.kafka.course import Course
from connectors.kafka.lag import GroupLag, Place, bounded, epoch_of, sum_up
from connectors.kafka.memory import Memory
from connectors.kafka.retention import UNSURE, Ahead, ahead
from connectors.kafka.shape import Standing, standing
from connectors.kafka.survey import GroupStand, Survey, TopicStand
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import Observed
from console.model.units import show_number

BRIEFLY = "not watched for long enough"
OFFSETS = "offsets, not messages"
MOST_NAMED = 3  # topics in one note


def observed(survey: Survey, name: str, at: float, memory: Memory | None = None) -> tuple[Observed, ...]:
    """The cluster, each group, each topic. ``name`` is the connector's: the source, and the first part of the ids.

    ``memory`` with this survey in it; without one, nothing is told that takes more than one reading.
    """
    known = memory or Memory()
    return (
        cluster_observed(survey, name, at),
        *(_Group(stand, survey, known, name, at).observed() for stand in survey.groups),
        *(_topic(stand, known, name, at) for stand in survey.topics),
    )


class _Group:
    """One group being told."""

    def __init__(self, stand: GroupStand, survey: Survey, memory: Memory, source: str, at: float) -> None:
        self._stand = stand
        self._survey = survey
        self._written = memory.written
        self._source = source
        self._at = at
        self._lag = sum_up(stand.places)
        self._course = memory.groups.get(stand.group.name)
        self._standing = standing(stand.group, self._course) if self._course else None

    def observed(self) -> Observed:
        signals = self._sums()
        if self._course is not None and self._standing is not None:
            signals += (*self._still(self._standing), *self._times(self._course))
        return Observed(
            id=f"{self._source}/group/{self._stand.group.name}",
            signals=signals,
            counters=self._counters(),
            state=self._stand.group.state,
            notes=tuple(self._notes()),
        )

    def _signal(self, name: str, value: float | None, unit: Unit, note: str = "") -> Signal:
        return Signal(name, value, unit, self._at, self._source, note)

    def _sums(self) -> tuple[Signal, ...]:
        lag, members = self._lag, self._stand.group.members
        why = _why(lag, len(self._stand.places))
        counted = OFFSETS if self._compacted() else ""
        return (
            self._signal("lag", lag.lag, Unit.MESSAGES, "; ".join(filter(None, (why, counted)))),
            self._signal("lost", lag.lost, Unit.MESSAGES, why),
            self._signal("never_committed", lag.never_committed, Unit.COUNT),
            self._signal("members", members, Unit.COUNT, "" if members is not None else "not told"),
            self._signal("partitions", len(self._stand.places), Unit.COUNT),
        )

    def _still(self, still: Standing) -> tuple[Signal, ...]:
        """None where nothing stands still so far and some partition may; what is found is found."""

        def count(name: str, found: int) -> Signal:
            known = found or not still.unsure
            return self._signal(name, found if known else None, Unit.COUNT, "" if known else BRIEFLY)

        return count("stalled", len(still.stalled)), count("stopped", len(still.stopped))

    def _times(self, course: Course) -> tuple[Signal, ...]:
        found = ahead(course, self._survey.configs, self._written)
        return (
            self._signal("rewound", course.rewound_now, Unit.MESSAGES),
            self._signal("late", found.late, Unit.SECONDS, _how_late(found)),
            self._signal("kept", found.kept.seconds, Unit.SECONDS, found.kept.note),
        )

    def _counters(self) -> tuple[Counter, ...]:
        """None while a partition is not readable: rates of the rest would be taken for those of the group."""
        if self._lag.lag is None or self._lag.unreadable:
            return ()
        course, lag = self._course, self._lag
        consumed, produced = (course.consumed, course.produced) if course else (lag.consumed, lag.produced)
        epoch = "" if course else lag.epoch
        return (
            Counter("consumed_total", consumed, "consumed", self._committed_at(), self._source, epoch),
            Counter("produced_total", produced, "produced", self._at, self._source, epoch),
        )

    def _committed_at(self) -> float:
        coordinator = self._stand.group.coordinator
        return self._at if coordinator is None else self._survey.committed_at.get(coordinator, self._at)

    def _compacted(self) -> list[str]:
        topics = sorted({place.topic for place in self._stand.places})
        configs = self._survey.configs
        return [topic for topic in topics if topic in configs and "compact" in configs[topic].cleanup]

    def _notes(self) -> list[str]:
        lag, group = self._lag, self._stand.group
        standing = self._standing or Standing()
        renewed = sorted(self._course.renewed_now) if self._course else []
        rewound = self._course.rewound_now if self._course else 0
        told = (
            (lag.unreadable, f"{_partitions(lag.unreadable)} not readable"),
            (lag.never_committed, f"{_partitions(lag.never_committed)} never committed"),
            (lag.lost, f"{show_number(lag.lost or 0)} expired unread"),
            (standing.stopped, f"{_partitions(len(standing.stopped))} stopped: nobody commits"),
            (standing.stalled, f"{_partitions(len(standing.stalled))} stalled: held, but commits stand still"),
            (rewound, f"rewound by {show_number(rewound)}"),
            (lag.hot, f"hot partition {bounded(lag.hot.topic)}/{lag.hot.partition}" if lag.hot else ""),
            (group.state == "Stable" and (group.members or 0) > len(self._stand.places), "workers > partitions"),
            (lag.clamped, f"{_partitions(lag.clamped)} committed beyond the end"),
            (renewed, f"started over: {_named(renewed)}"),
            (self._stand.abandoned, f"abandoned: {_named(self._stand.abandoned)}"),
        )
        return [note for applies, note in told if applies]


def _why(lag: GroupLag, places: int) -> str:
    """What to know when reading the sums: why there are none, or that they are lower bounds."""
    if lag.unreadable:
        return f"{'unknown' if lag.lag is None else 'at least'}: {lag.unreadable} of {places} partitions not readable"
    return "" if lag.lag is not None else "never committed"


def _how_late(found: Ahead) -> str:
    if not found.at_least:
        return ""
    return UNSURE if found.late is None else "at least"


def _partitions(count: int) -> str:
    return "1 partition" if count == 1 else f"{count} partitions"


def _named(topics: tuple[str, ...] | list[str]) -> str:
    more = len(topics) - MOST_NAMED
    return ", ".join(map(bounded, topics[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")


def _topic(stand: TopicStand, memory: Memory, name: str, at: float) -> Observed:
    unreadable = sum(not place.readable for place in stand.places)
    depth = None if unreadable else sum(_kept(place) for place in stand.places)
    note = f"{unreadable} of {len(stand.places)} partitions not readable" if unreadable else ""
    course = memory.topics.get(stand.name)
    written = course.produced if course else sum(place.end or 0 for place in stand.places)
    epoch = "" if course else epoch_of([(place.topic, place.partition) for place in stand.places])
    return Observed(
        id=f"{name}/topic/{stand.name}",
        signals=(
            Signal("depth", depth, Unit.MESSAGES, at, name, note),
            *_last_arrival(stand, course, memory, name, at),
        ),
        counters=() if unreadable else (Counter("arrivals_total", written, "arrivals", at, name, epoch),),
    )


def _last_arrival(stand: TopicStand, course: Course | None, memory: Memory, name: str, at: float) -> tuple[Signal, ...]:
    """How long ago the newest record came, where it came while we watched; nothing where there never was one."""
    if course is None or all(place.end == 0 for place in stand.places):
        return ()
    found = [
        at - came
        for part, trace in course.now.traces.items()
        if (came := memory.written.bracket(part, trace.end - 1, trace.born).guess(trace.end - 1)) is not None
    ]
    note = "" if found else "not while we watched"
    return (Signal("last_arrival", min(found, default=None), Unit.SECONDS, at, name, note),)


def _kept(place: Place) -> int:
    return (place.end or 0) - (place.low or 0)
