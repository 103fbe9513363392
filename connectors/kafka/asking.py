"""What to ask the brokers of the time before this console looked: for which partitions, the offset at which time. Pure.

``ListOffsets`` tells the first record that is not older than a time. One such question says whether a group's backlog
is safe from retention for another day. Only where it is not, or where it was there before the first reading, more are
asked, each between the known points, until the answer is as exact as it is shown. Never more than one a partition and
reading: its round is one request a leader, and none at all for groups that keep up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.kafka.course import MARKER, Course
from connectors.kafka.retention import kept_for
from connectors.kafka.seen import TopicConfig, TopicPartition
from connectors.kafka.written import CLOSE, DAY, Bracket, Point, Written

FRESH = 15.0  # estate seconds: what is younger was not there before the first readings, which will tell its age
MARGIN = 0.25 * DAY  # beyond a day: a backlog found safe is not asked about again for so long
EXACT = 0.05  # of what is left: a countdown under a day is told so exactly
LONGEST = 30 * DAY  # how far back to look where retention does not say how old a record can be
MOST_QUESTIONS = 500  # partitions asked about in one reading
_UNTOLD = TopicConfig()


@dataclass(frozen=True, slots=True)
class Question:
    """The offset at ``time``, in estate seconds; where every record is older it is ``end``."""

    time: float
    end: int

    def answered(self, offset: int | None) -> Point:
        return self.time, self.end if offset is None else offset


def questions(
    courses: Mapping[str, Course], configs: Mapping[str, TopicConfig], written: Written
) -> dict[TopicPartition, Question]:
    """What to ask now; where several groups read a partition, for the one that is furthest behind."""
    found: dict[TopicPartition, Question] = {}
    for course in courses.values():
        for part, trace in course.now.traces.items():
            if trace.lag <= MARKER:
                continue
            bracket = written.bracket(part, trace.position, trace.born)
            time = question(bracket, kept_for(configs.get(part[0], _UNTOLD)), course.now.at)
            if time is not None and (part not in found or time < found[part].time):
                found[part] = Question(time, trace.end)
    return dict(sorted(found.items(), key=lambda each: each[1].time)[:MOST_QUESTIONS])


def question(bracket: Bracket, kept: float | None, now: float) -> float | None:
    """The time to ask for next, or None. ``kept``: seconds that a record is kept; None: for ever, or not told."""
    after = bracket.after[0] if bracket.after else None
    before = bracket.before[0] if bracket.before else now
    time = None if kept is None else _of_loss(after, before, now - kept)
    if time is None and now - before >= FRESH and not bracket.is_close(now):
        time = _of_age(after if after is not None else now - (kept or LONGEST), before, now)
    return time


def _of_loss(after: float | None, before: float, due: float) -> float | None:
    """``due``: what was written before may be gone any moment."""
    safe = due + DAY
    if after is None and before > safe + MARGIN:
        return safe + MARGIN
    start = due if after is None else max(due, after)
    if start >= safe or before - start <= max(CLOSE, EXACT * (before - due)):
        return None
    return (start + before) / 2


def _of_age(start: float, before: float, now: float) -> float | None:
    """Half-way by age: ages are told to a share of themselves."""
    if before - start <= CLOSE:
        return None
    return now - math.sqrt((now - start) * max(1.0, now - before))
