"""What a queue's consumer is doing, from the shape of its lag over time and not from how much there is.

A lag of a million that shrinks needs nobody; a lag of ten that stands still needs somebody. The states are those of
Burrow's evaluation of consumer lag (linkedin/Burrow, wiki "Consumer Lag Evaluation Rules"), with two more: a growing
lag is told apart from a shrinking one, and a consumer that was set back is told as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.model.reading import Reading

UNDER_WAY = 15.0  # seconds' worth of messages that consumers have in hand, who commit every five by default


class Shape(StrEnum):
    """STALLED: somebody holds it and its commits do not move. STOPPED: nobody is there to commit."""

    OK = "ok"
    GROWING = "behind, growing"
    SHRINKING = "behind, shrinking"
    STALLED = "stalled"
    STOPPED = "stopped"
    REWOUND = "rewound"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of a group, or of one partition of it. None: unknown. Rates in messages a second.

    ``partitions``: how many are summed here. ``stalled`` and ``stopped``: how many of them stand still.
    """

    lag: float | None
    produced: float | None
    consumed: float | None
    partitions: float = 1.0
    stalled: float = 0.0
    stopped: float = 0.0
    rewound: float = 0.0


def shape(course: Course) -> Shape:
    """The worst that can be said: one partition that stands still is not made good by others that move."""
    if course.lag is None:
        return Shape.UNKNOWN
    told = ((course.rewound, Shape.REWOUND), (course.stopped, Shape.STOPPED), (course.stalled, Shape.STALLED))
    for amount, found in told:
        if amount > 0:
            return found
    if caught_up(course.lag, course.produced or 0.0, course.partitions):
        return Shape.OK
    if course.produced is None or course.consumed is None:
        return Shape.UNKNOWN
    return Shape.GROWING if course.produced >= course.consumed else Shape.SHRINKING


def caught_up(lag: float, produced: float, partitions: float) -> bool:
    """Whether what waits is no backlog: what just came, or one offset a partition, which a transaction leaves there.

    Between two commits the lag of a healthy group rises as fast as messages come, and that is not growth.
    """
    return lag <= max(partitions or 1.0, produced * UNDER_WAY)


def shape_of(readings: Mapping[str, Reading]) -> Shape:
    """Of a component that has a lag; UNKNOWN for any other."""

    def value(name: str) -> float | None:
        reading = readings.get(name)
        return None if reading is None else reading.value

    return shape(
        Course(
            value("lag"),
            value("produced"),
            value("consumed"),
            value("partitions") or 1.0,
            value("stalled") or 0.0,
            value("stopped") or 0.0,
            value("rewound") or 0.0,
        )
    )
