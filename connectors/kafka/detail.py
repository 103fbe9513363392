"""Drill-downs: a group partition by partition and worker by worker, a topic, the brokers. Pure."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence

from connectors.kafka.cluster_told import cluster_detail
from connectors.kafka.course import MARKER, Course, Pace
from connectors.kafka.lag import Place, bounded
from connectors.kafka.memory import Memory
from connectors.kafka.seen import PartitionView, TopicConfig, TopicView
from connectors.kafka.shape import shape_at
from connectors.kafka.survey import GroupStand, Survey, TopicStand
from console.model.component import ComponentId, source_of
from console.model.signal import Unit
from console.model.snapshot import Detail
from console.model.units import show, show_duration, show_number, show_ratio

MOST_ROWS = 500
MOST_WORKERS = 12
NO_LIMIT = -1

GROUP_COLUMNS = (
    *("topic", "partition", "committed", "end", "lag", "lost", "worker"),
    *("in", "out", "share", "late", "state"),
)
TOPIC_COLUMNS = ("partition", "low", "end", "kept", "in", "leader", "replicas", "in sync")


def detail(
    survey: Survey, component: ComponentId, kind: str, name: str, at: float, memory: Memory | None = None
) -> Detail | None:
    """The drill-down into one component; None when the survey does not have it. Rates are the last reading's."""
    known = memory or Memory()
    if kind in ("cluster", "broker", "quotas"):
        return cluster_detail(survey, component, kind, name, at)
    for stand in survey.groups if kind == "group" else ():
        return _group(stand, component, known, at)
    for topic in survey.topics if kind == "topic" else ():
        return _topic(topic, survey, component, known, at)
    return None


def _group(stand: GroupStand, component: ComponentId, memory: Memory, at: float) -> Detail:
    """The partitions, those with most to do first."""
    places = sorted(stand.places, key=lambda place: (-(place.lag or 0), place.topic, place.partition))
    course = memory.groups.get(stand.group.name)
    total = sum(place.lag or 0 for place in places)
    rows = [(*_standing(place, stand), *_going(place, stand, course, memory, total)) for place in places]
    members = "not told" if stand.group.members is None else str(stand.group.members)
    extra = {"state": stand.group.state, "members": members, **_workers(stand)}
    into = [f"{source_of(component)}/topic/{place.topic}" for place in places]
    return _table(component, at, f"partitions of group {bounded(stand.group.name)}", GROUP_COLUMNS, rows, extra, into)


def _standing(place: Place, stand: GroupStand) -> tuple[str, ...]:
    return (
        bounded(place.topic),
        str(place.partition),
        _shown(place.committed),
        _shown(place.end),
        _shown(place.lag),
        _shown(place.lost),
        bounded(stand.group.workers.get((place.topic, place.partition), "")),
    )


def _going(place: Place, stand: GroupStand, course: Course | None, memory: Memory, total: int) -> tuple[str, ...]:
    """What takes more than one reading: rates, share of the lag, how late, and the shape."""
    share = show_ratio(place.lag / total) if place.lag is not None and total else ""
    part = (place.topic, place.partition)
    trace = course.now.traces.get(part) if course is not None else None
    if course is None or trace is None:
        return "?", "?", share, "?", "unknown"
    bracket = memory.written.bracket(part, trace.position, trace.born)
    age, at_least = bracket.age(trace.position, course.now.at) if trace.lag > MARKER else (0.0, False)
    return (
        *_paced(course.pace(part)),
        share,
        f"{'> ' if at_least else ''}{show_duration(age)}",
        shape_at(stand.group, course, part).value,
    )


def _paced(pace: Pace | None) -> tuple[str, str]:
    if pace is None:
        return "?", "?"
    return show(pace.produced, Unit.PER_SECOND), show(pace.consumed, Unit.PER_SECOND)


def _workers(stand: GroupStand) -> dict[str, str]:
    """Each member's partitions and its part of the lag, those with most to do first."""
    lags: Tally[str] = Tally()
    held: Tally[str] = Tally()
    for place in stand.places:
        worker = stand.group.workers.get((place.topic, place.partition))
        if worker is not None:
            held[worker] += 1
            lags[worker] += place.lag or 0
    busiest = sorted(held, key=lambda worker: (-lags[worker], worker))
    first = busiest[:MOST_WORKERS]
    told = {bounded(worker): _load(held[worker], lags[worker]) for worker in first}
    more = len(busiest) - len(first)
    return told | ({"more workers": str(more)} if more else {})


def _load(partitions: int, lag: int) -> str:
    return f"{partitions} partition{'' if partitions == 1 else 's'}, lag {show_number(lag)}"


def _topic(stand: TopicStand, survey: Survey, component: ComponentId, memory: Memory, at: float) -> Detail:
    view = survey.cluster.topics.get(stand.name, TopicView({}))
    rows = [
        (*_kept(place), _arriving(place, memory), *_copies(view.partitions.get(place.partition)))
        for place in stand.places
    ]
    extra = {**_configured(survey.configs.get(stand.name)), **({"topic id": view.id} if view.id else {})}
    return _table(component, at, f"partitions of {bounded(stand.name)}", TOPIC_COLUMNS, rows, extra)


def _kept(place: Place) -> tuple[str, ...]:
    kept = place.end - place.low if place.end is not None and place.low is not None else None
    return str(place.partition), _shown(place.low), _shown(place.end), _shown(kept)


def _arriving(place: Place, memory: Memory) -> str:
    """From any reading of it: as a dead-letter topic, or as one that a group reads."""
    part = (place.topic, place.partition)
    courses = (*filter(None, (memory.topics.get(place.topic),)), *memory.groups.values())
    paces = (course.pace(part) for course in courses if part in course.now.traces)
    return _paced(next(filter(None, paces), None))[0]


def _copies(part: PartitionView | None) -> tuple[str, str, str]:
    if part is None:
        return "?", "?", "?"
    short = len(part.isr) < len(part.replicas)
    return (
        "none" if part.leader < 0 else str(part.leader),
        " ".join(map(str, part.replicas)),
        " ".join(map(str, part.isr)) + (f" of {len(part.replicas)}" if short else ""),
    )


def _configured(config: TopicConfig | None) -> Mapping[str, str]:
    if config is None:
        return {"retention": "not told"}
    age, size = config.retention_ms, config.retention_bytes
    limits = (
        ("retention", age, show_duration((age or 0) / 1000)),
        ("retention by size", size, show(size, Unit.BYTES)),
    )
    told = {name: "no limit" if value == NO_LIMIT else text for name, value, text in limits if value is not None}
    cleanup = {"cleanup": ", ".join(sorted(config.cleanup))} if config.cleanup else {}
    least = {"min in sync": str(config.min_isr)} if config.min_isr is not None else {}
    return {**told, **cleanup, **least}


def _table(
    component: ComponentId,
    at: float,
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    extra: Mapping[str, str],
    into: Sequence[ComponentId] = (),
) -> Detail:
    shown = tuple(rows[:MOST_ROWS])
    return Detail(component, at, title, columns, shown, len(rows) - len(shown), extra, tuple(into[:MOST_ROWS]))


def _shown(number: int | None) -> str:
    return "?" if number is None else str(number)
