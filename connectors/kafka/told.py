"""A survey of Kafka, told as components, signals, counters and drill-downs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kafka.cluster_told import cluster_detail, cluster_observed
from connectors.kafka.lag import GroupLag, Place, epoch_of, sum_up
from connectors.kafka.survey import GroupStand, Survey, TopicStand
from console.model.component import ComponentId
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import Detail, Observed

MOST_ROWS = 500


def observed(survey: Survey, name: str, at: float) -> tuple[Observed, ...]:
    """The cluster, each group, each topic. ``name`` is the connector's: the source, and the first part of the ids."""
    return (
        cluster_observed(survey, name, at),
        *(_group(stand, name, at) for stand in survey.groups),
        *(_topic(stand, name, at) for stand in survey.topics),
    )


def _group(stand: GroupStand, name: str, at: float) -> Observed:
    lag = sum_up(stand.places)
    why = _why(lag, len(stand.places))

    def signal(signal: str, value: float | None, unit: Unit, note: str = "") -> Signal:
        return Signal(signal, value, unit, at, name, note)

    return Observed(
        id=f"{name}/group/{stand.group.name}",
        signals=(
            signal("lag", lag.lag, Unit.MESSAGES, why),
            signal("lost", lag.lost, Unit.MESSAGES, why),
            signal("never_committed", lag.never_committed, Unit.COUNT),
            signal("members", stand.group.members, Unit.COUNT, "" if stand.group.members is not None else "not told"),
            signal("partitions", len(stand.places), Unit.COUNT),
        ),
        counters=_counters(lag, name, at),
        state=stand.group.state,
        notes=tuple(_notes(stand, lag)),
    )


def _why(lag: GroupLag, places: int) -> str:
    """What to know when reading the sums: why there are none, or that they are lower bounds."""
    if lag.unreadable:
        return f"{'unknown' if lag.lag is None else 'at least'}: {lag.unreadable} of {places} partitions not readable"
    return "" if lag.lag is not None else "never committed"


def _counters(lag: GroupLag, name: str, at: float) -> tuple[Counter, ...]:
    """None while a partition is not readable: sums over fewer partitions would look like a fall and a leap."""
    if lag.lag is None or lag.unreadable:
        return ()
    return (
        Counter("consumed_total", lag.consumed, "consumed", at, name, lag.epoch),
        Counter("produced_total", lag.produced, "produced", at, name, lag.epoch),
    )


def _notes(stand: GroupStand, lag: GroupLag) -> list[str]:
    members = stand.group.members or 0
    told = (
        (lag.unreadable, f"{_partitions(lag.unreadable)} not readable"),
        (lag.never_committed, f"{_partitions(lag.never_committed)} never committed"),
        (lag.lost, f"{lag.lost} expired unread"),
        (lag.hot, f"hot partition {lag.hot.topic}/{lag.hot.partition}" if lag.hot else ""),
        (stand.group.state == "Stable" and members > len(stand.places), "workers > partitions"),
        (lag.clamped, f"{_partitions(lag.clamped)} committed beyond the end"),
        (stand.abandoned, f"abandoned: {', '.join(stand.abandoned)}"),
    )
    return [note for applies, note in told if applies]


def _partitions(count: int) -> str:
    return "1 partition" if count == 1 else f"{count} partitions"


def _topic(stand: TopicStand, name: str, at: float) -> Observed:
    unreadable = sum(not place.readable for place in stand.places)
    depth = None if unreadable else sum(_kept(place) for place in stand.places)
    note = f"{unreadable} of {len(stand.places)} partitions not readable" if unreadable else ""
    written = sum(place.end or 0 for place in stand.places)
    epoch = epoch_of([(place.topic, place.partition) for place in stand.places])
    return Observed(
        id=f"{name}/topic/{stand.name}",
        signals=(Signal("depth", depth, Unit.MESSAGES, at, name, note),),
        counters=() if unreadable else (Counter("arrivals_total", written, "arrivals", at, name, epoch),),
    )


def _kept(place: Place) -> int:
    return (place.end or 0) - (place.low or 0)


def detail(survey: Survey, component: ComponentId, kind: str, name: str, at: float) -> Detail | None:
    """The drill-down into one component; None when the survey does not have it."""
    if kind in ("cluster", "broker", "quotas"):
        return cluster_detail(survey, component, kind, name, at)
    for stand in survey.groups if kind == "group" else ():
        return _group_detail(stand, component, at)
    for topic in survey.topics if kind == "topic" else ():
        rows = [(str(place.partition), _shown(place.low), _shown(place.end)) for place in topic.places]
        return _table(component, at, f"partitions of {name}", ("partition", "low", "end"), rows, {})
    return None


def _group_detail(stand: GroupStand, component: ComponentId, at: float) -> Detail:
    """The partitions, those with most to do first."""
    places = sorted(stand.places, key=lambda place: (-(place.lag or 0), place.topic, place.partition))
    rows = [
        (
            place.topic,
            str(place.partition),
            _shown(place.committed),
            _shown(place.end),
            _shown(place.lag),
            _shown(place.lost),
            stand.group.workers.get((place.topic, place.partition), ""),
        )
        for place in places
    ]
    columns = ("topic", "partition", "committed", "end", "lag", "lost", "worker")
    members = "not told" if stand.group.members is None else str(stand.group.members)
    extra = {"state": stand.group.state, "members": members}
    return _table(component, at, f"partitions of group {stand.group.name}", columns, rows, extra)


def _table(
    component: ComponentId,
    at: float,
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    extra: dict[str, str],
) -> Detail:
    shown = tuple(rows[:MOST_ROWS])
    return Detail(component, at, title, columns, shown, len(rows) - len(shown), extra)


def _shown(number: int | None) -> str:
    return "?" if number is None else str(number)
