"""Whether a check holds, from what was observed; pure, and honest about not knowing.

No data is neither a pass nor a failure. A bound may take ``within`` to be met and must then stand for ``hold``;
only when both have gone by is it a failure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from console.model.change import Change, Fact
from console.model.forecast import WINDOW, slope
from console.model.history import Point
from console.model.reading import Reading
from console.model.signal import Unit
from console.model.topology import Topology
from console.model.units import show, show_duration
from playbooks.actions.action import same
from playbooks.playbook import Check, Comparison, Playbook, ReadBack, SignalCheck, StillOurs
from playbooks.values import Ref, say

GAP = 5  # intervals without a point that end a streak: nobody knows what happened meanwhile
POINTS = 8  # intervals that a trend looks back on at least
GROWTH = 1.0  # messages a second above which a backlog counts as rising, as in the default rule for growth
TREND = 0.02  # share of the mean level by which any other signal must have moved to count as rising
LATE = 30.0  # seconds beyond its time that ``still_ours`` waits for a reading


@dataclass(frozen=True, slots=True)
class Passed:
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not yet, and there is time left."""

    reason: str


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """There is no data to say so or otherwise."""

    reason: str


Result = Passed | Failed | Waiting | Inconclusive


@dataclass(frozen=True, slots=True)
class Ours:
    """What a step has written, and in whose name: what ``read_back`` and ``still_ours`` look for."""

    run: str = ""
    changes: tuple[Change, ...] = ()


def limit(check: Check) -> float:
    """Estate seconds after which a check has no more time."""
    match check:
        case SignalCheck():
            return check.within + check.hold
        case ReadBack():
            return check.within
        case StillOurs():
            return check.seconds + LATE


def evaluate(check: Check, topology: Topology, since: float, now: float, ours: Ours | None = None) -> Result:
    """The check as it stands at ``now``; what was measured before ``since`` does not count (estate seconds)."""
    match check:
        case SignalCheck():
            return _signal(check, topology, since, now)
        case ReadBack():
            return _read_back(check, topology, since, now, ours or Ours())
        case StillOurs():
            return _still_ours(check, topology, since, now, ours or Ours())


def suggested(playbook: Playbook, topology: Topology) -> bool:
    """Whether the playbook's ``suggest`` holds now."""
    found = [isinstance(_signal(each, topology, 0.0, topology.at), Passed) for each in playbook.suggest.conditions]
    return bool(found) and (all(found) if playbook.suggest.every else any(found))


def words(check: Check, topology: Topology | None = None) -> str:
    """``gateway.p95 below 200ms for 60s``, ``reads back``, ``still ours after 45s``"""
    match check:
        case ReadBack():
            return "reads back"
        case StillOurs():
            return f"still ours after {show_duration(check.seconds)}"
        case SignalCheck(comparison=Comparison.RISING):
            return f"{check.signal} {'rising' if check.bound else 'not rising'}"
        case SignalCheck():
            hold = f" for {show_duration(check.hold)}" if check.hold else ""
            return f"{check.signal} {check.comparison.value.replace('_', ' ')} {_bound(check, topology)}{hold}"


def _bound(check: SignalCheck, topology: Topology | None) -> str:
    if isinstance(check.bound, Ref):
        return f"${check.bound.name}"
    reading = topology.reading(check.signal) if topology else None
    return f"{check.bound:g}" if reading is None else show(check.bound, reading.unit)


def _signal(check: SignalCheck, topology: Topology, since: float, now: float) -> Result:
    reading = topology.reading(check.signal)
    unknown = _unknown(check, reading)
    if reading is None or unknown:
        return Inconclusive(unknown)
    late = now - since >= limit(check)
    if reading.at < since:
        return Inconclusive(f"{check.signal} not measured since") if late else Waiting(f"{check.signal} is older")
    told = f"{check.signal} {reading.text}"
    trend = check.comparison is Comparison.RISING
    holds = _trend(check, topology, since, now, reading.unit) if trend else _streak(check, topology, reading)
    if holds is None:
        return Inconclusive(f"{told}, too few readings") if late else Waiting(f"{told}, too few readings yet")
    if holds:
        return Passed(told)
    return Failed(f"{told}, wanted {words(check, topology)}") if late else Waiting(told)


def _unknown(check: SignalCheck, reading: Reading | None) -> str:
    if reading is None:
        return f"there is no signal {check.signal}"
    if reading.value is None:
        return f"{check.signal} is not known" + (f": {reading.note}" if reading.note else "")
    return f"{check.signal} is stale" if reading.stale else ""


def _meets(check: SignalCheck, value: float) -> bool:
    bound = check.bound
    if isinstance(bound, Ref):
        raise TypeError(f"{check.signal}: the check has not been bound to its parameters")
    match check.comparison:
        case Comparison.ABOVE:
            return value > bound
        case Comparison.BELOW:
            return value < bound
        case Comparison.AT_LEAST:
            return value >= bound
        case _:
            return value <= bound


def _streak(check: SignalCheck, topology: Topology, reading: Reading) -> bool:
    """Whether the bound is met now, and has been for ``hold`` without a gap."""
    if reading.value is None or not _meets(check, reading.value):
        return False
    gap = GAP * max(topology.layout.slowest, 1.0)
    start = reading.at
    for point in reversed(topology.points(check.signal)):
        if start - point.at > gap or not _meets(check, point.value):
            break
        start = min(start, point.at)
    return reading.at - start >= check.hold


def _trend(check: SignalCheck, topology: Topology, since: float, now: float, unit: Unit) -> bool | None:
    window = max(WINDOW, POINTS * topology.layout.slowest)
    points = topology.history.since(check.signal, max(since, now - window))
    growth = slope(points)
    if growth is None:
        return None
    return _grows(points, growth, unit) == bool(check.bound)


def _grows(points: tuple[Point, ...], growth: float, unit: Unit) -> bool:
    if unit is Unit.MESSAGES:
        return growth > GROWTH
    level = abs(sum(point.value for point in points)) / len(points)
    return growth * (points[-1].at - points[0].at) > level * TREND


def _read_back(check: ReadBack, topology: Topology, since: float, now: float, ours: Ours) -> Result:
    late = now - since >= limit(check)
    blind = _blind(ours.changes, topology, since)
    if blind:
        return Inconclusive(blind) if late else Waiting(blind)
    wrong = _not_ours(topology, ours)
    if wrong:
        return Failed(wrong) if late else Waiting(wrong)
    return Passed("reads back as set")


def _still_ours(check: StillOurs, topology: Topology, since: float, now: float, ours: Ours) -> Result:
    late = now - since >= limit(check)
    blind = _blind(ours.changes, topology, since + check.seconds)
    wrong = _not_ours(topology, ours) if not _blind(ours.changes, topology, since) else ""
    if wrong and (not blind or _overwritten(topology, ours)):
        return Failed(wrong)
    if blind:
        return Inconclusive(blind) if late else Waiting(f"ours so far; {blind}")
    return Passed(f"still ours after {show_duration(now - since)}")


def _blind(changes: Iterable[Change], topology: Topology, since: float) -> str:
    """Why the facts are not known as of ``since``; "" when they are."""
    for change in changes:
        source = topology.sources.get(change.component.split("/", 1)[0])
        if source is None or source.snapshot is None or source.snapshot.at < since:
            failure = f": {source.failure.reason}" if source and source.failure else ""
            return f"{change.component} not read since{failure}"
    return ""


def _not_ours(topology: Topology, ours: Ours) -> str:
    """The first fact that does not read as we set it, in words; "" when all do."""
    for change in ours.changes:
        fact = topology.fact(change.component, change.fact)
        value = fact.value if fact else None
        if not same(value, change.after):
            return f"{change.component} {change.fact} reads {say(value)}, expected {say(change.after)}"
        if fact is None or not _marked(fact, ours.run):
            return f"{change.component} {change.fact} does not carry our mark"
    return ""


def _overwritten(topology: Topology, ours: Ours) -> bool:
    """Whether a third value stands somewhere: not a reading that is merely early."""
    for change in ours.changes:
        fact = topology.fact(change.component, change.fact)
        if fact and not same(fact.value, change.after) and not same(fact.value, change.before):
            return True
    return False


def _marked(fact: Fact, run: str) -> bool:
    return any(mark.run == run for mark in fact.marks)
