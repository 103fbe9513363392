"""How long until retention deletes what a group has not read yet. Pure.

Retention by time deletes a segment once its newest record is older than ``retention.ms``, so a record is kept until
``written + retention.ms`` at the least: what is told here is the earliest moment. Between two points, the older one is
taken for when the oldest unread record was written. Retention by size has no time: how fast it deletes is seen from the
low watermark, once that has moved.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.kafka.course import MARKER, Course, Trace
from connectors.kafka.seen import TopicConfig, TopicPartition
from connectors.kafka.written import CLOSE, DAY, Bracket, Written

NO_LIMIT = -1

EARLIEST = "at the earliest"
SAFE = "at least: nothing is lost within a day"
BY_SIZE = "by how fast retention deletes now"
FOR_EVER = "kept for ever"
NOT_TOLD = "retention not told"
UNSURE = "not known when the oldest unread message was written"

_UNTOLD = TopicConfig()


@dataclass(frozen=True, slots=True)
class Outlook:
    """Estate seconds until the oldest unread record may be deleted; None: never, or not known; ``note`` says which."""

    seconds: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ahead:
    """``late``: how old the oldest unread record is, in estate seconds, or at least is; None: not known.

    ``kept``: for how long it is still kept.
    """

    late: float | None
    at_least: bool
    kept: Outlook


def ahead(course: Course, configs: Mapping[str, TopicConfig], written: Written) -> Ahead:
    """Of a group: its latest partition, and the first one to lose something."""
    now = course.now.at
    ages: list[tuple[float, bool]] = []
    outlooks: list[Outlook] = []
    read: set[str] = set()  # topics with a partition in which nothing is unread: one speaks for all
    for part, trace in course.now.traces.items():
        bracket = bracket_of(part, trace, written)
        if bracket is not None:
            ages.append(bracket.age(trace.position, now))
        elif part[0] in read:
            continue
        else:
            read.add(part[0])
        outlooks.append(_outlook(part, trace, bracket, configs.get(part[0], _UNTOLD), written, now))
    late, at_least = max(ages, default=(0.0 if outlooks else None, False))
    if at_least and not late:
        late = None  # at least nothing says nothing
    return Ahead(late, at_least, _first(outlooks))


def _first(outlooks: Sequence[Outlook]) -> Outlook:
    """The first loss. One that is not known yet may come before all that are further off than a day."""
    known = min((each for each in outlooks if each.seconds is not None), key=_seconds, default=None)
    unsure = next((each for each in outlooks if each.note == UNSURE), None)
    if known is not None and (unsure is None or _seconds(known) < DAY):
        return known
    return unsure or next(iter(outlooks), Outlook(None, NOT_TOLD))


def _seconds(outlook: Outlook) -> float:
    return math.inf if outlook.seconds is None else outlook.seconds


def bracket_of(part: TopicPartition, trace: Trace, written: Written) -> Bracket | None:
    """Around the writing of the oldest unread record; None: there is none."""
    return None if trace.lag <= MARKER else written.bracket(part, trace.position, trace.born)


def _outlook(
    part: TopicPartition, trace: Trace, bracket: Bracket | None, config: TopicConfig, written: Written, now: float
) -> Outlook:
    """By time or by size, whichever comes first. With nothing unread: as long as a record is kept that comes now."""
    if not _deletes(config):
        return Outlook(None, FOR_EVER)
    by_time = _by_time(bracket, config, now)
    by_size = None if bracket is None else _by_size(part, trace, config, written)
    if by_size is None:
        return by_time
    return by_time if by_time.seconds is not None and by_time.seconds <= by_size else Outlook(by_size, BY_SIZE)


def _by_time(bracket: Bracket | None, config: TopicConfig, now: float) -> Outlook:
    kept = kept_for(config)
    if kept is None:
        return Outlook(None, FOR_EVER if config.retention_ms is not None else NOT_TOLD)
    if bracket is None:
        return Outlook(kept)
    if bracket.after is not None:
        left = max(0.0, bracket.after[0] + kept - now)
        return Outlook(left, EARLIEST if left < DAY else SAFE)
    if bracket.before is not None and bracket.before[0] + kept - now <= CLOSE:
        return Outlook(0.0, EARLIEST)
    return Outlook(None, UNSURE)


def _by_size(part: TopicPartition, trace: Trace, config: TopicConfig, written: Written) -> float | None:
    """None where no size is set, or nothing was seen deleted; a size that is not told may be set."""
    if config.retention_bytes == NO_LIMIT:
        return None
    pace = written.low_pace(part, trace.born)
    return None if pace is None else (trace.position - trace.low) / pace


def _deletes(config: TopicConfig) -> bool:
    return not config.cleanup or "delete" in config.cleanup


def kept_for(config: TopicConfig) -> float | None:
    """Seconds that a record is kept at the least; None: for ever, or not told."""
    if not _deletes(config) or config.retention_ms is None or config.retention_ms < 0:
        return None
    return config.retention_ms / 1000
