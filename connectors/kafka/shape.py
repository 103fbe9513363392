"""Which partitions of a group stand still, and whether anybody is there to move them. Pure.

What the offsets say: a partition with something to read whose commit has not moved for a while. What they cannot say is
whether its consumer commits the same offset over and over or has not committed since: brokers keep no time of a commit
that a client may ask for. The members tell the rest. *Stalled*: a member holds the partition and its heartbeats come,
yet its commits do not move: a message that it cannot get past, or work that takes too long. *Stopped*: no member holds
it, so no commit can come. A lag of one offset is no standstill: the end of a transaction leaves it there for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.kafka.course import MARKER, Course, Trace
from connectors.kafka.seen import GroupView, TopicPartition
from console.model.shape import Course as Going
from console.model.shape import Shape, shape

STILL = 60.0  # estate seconds without a step, of a consumer that is there: twelve commits at the default of 5 s
QUIET = 15.0  # the same where nobody holds the partition; consumers that assign by hand commit without being members
NOBODY = ("Empty", "Dead")  # a group's states in which it has no member, in the brokers' words


@dataclass(frozen=True, slots=True)
class Standing:
    """The partitions that stand still. ``unsure``: how many have not been watched for long enough to tell."""

    stalled: tuple[TopicPartition, ...] = ()
    stopped: tuple[TopicPartition, ...] = ()
    unsure: int = 0


def standing(group: GroupView, course: Course) -> Standing:
    """All partitions that count, as they stand at the course's last reading."""
    stalled: list[TopicPartition] = []
    stopped: list[TopicPartition] = []
    unsure = 0
    for part, trace in _waiting(course):
        held = is_held(group, part)
        still = is_still(trace, course.now.at, held)
        if still is None:
            unsure += 1
        elif still:
            (stalled if held else stopped).append(part)
    return Standing(tuple(stalled), tuple(stopped), unsure)


def shape_at(group: GroupView, course: Course, part: TopicPartition) -> Shape:
    """The shape of one partition; UNKNOWN where it does not count, or was not watched for long enough."""
    trace = course.now.traces.get(part)
    if trace is None:
        return Shape.UNKNOWN
    held = is_held(group, part)
    still = is_still(trace, course.now.at, held)
    pace = course.pace(part)
    return shape(
        Going(
            trace.lag,
            pace.produced if pace else None,
            pace.consumed if pace else None,
            stalled=float(bool(still) and held),
            stopped=float(bool(still) and not held),
        )
    )


def is_held(group: GroupView, part: TopicPartition) -> bool:
    """Whether a member is there for this partition; where the assignments are not told, whether there is any."""
    if group.state in NOBODY:
        return False
    return part in group.held if group.held else True


def is_still(trace: Trace, now: float, held: bool) -> bool | None:
    """Whether the partition has work and makes no step; None: it has not been watched for long enough."""
    if trace.lag <= MARKER:
        return False
    if now - trace.moved >= (STILL if held else QUIET):
        return True
    return None if trace.moved == trace.born else False


def _waiting(course: Course) -> Iterator[tuple[TopicPartition, Trace]]:
    """The partitions with something to read."""
    return ((part, trace) for part, trace in course.now.traces.items() if trace.lag > MARKER)
