"""Clients that come again: at once, or after waits that double, and those who were told 429 when they were told to.

Whoever comes again at once meets what refused him a second ago. With back-off the waits are 1, 2, 4, 8 and 16 s;
all who failed in one second come back in one second, unless there is jitter, which spreads them over the wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

RETRY = 0.4  # share of failures that are tried again
LIMITED_RETRY = RETRY / 2  # the same of 429s
RETRY_AFTER = 10  # seconds that a 429 asks for
STAGES = (1, 2, 4, 8, 16)  # seconds of back-off
PATIENCE = 20.0  # seconds after which most of those who wait have gone elsewhere

Line = tuple[float, ...]  # requests by the seconds until they come


@dataclass(frozen=True, slots=True)
class Waiting:
    """Requests that will come again, by how often they have been tried."""

    stages: tuple[Line, ...] = tuple((0.0,) * seconds for seconds in STAGES)
    limited: Line = (0.0,) * RETRY_AFTER

    @property
    def due(self) -> float:
        """Requests that come now."""
        return sum(line[0] for line in self.stages) + self.limited[0]

    @property
    def all(self) -> float:
        """Requests that will come again at any time."""
        return sum(map(sum, self.stages)) + sum(self.limited)


NOBODY = Waiting()


def after(waiting: Waiting, fresh: float, failed: float, limited: float, backoff: bool, jitter: bool) -> Waiting:
    """Who waits a second later, when of the ``fresh`` ones and those that were due the share ``failed`` was failed
    and the share ``limited`` was told 429."""
    trying = (fresh + waiting.limited[0], *(line[0] for line in waiting.stages))
    if not backoff:
        trying = (sum(trying),)
    tried_again = [RETRY * failed * count for count in trying[: len(STAGES)]]
    tried_again += [0.0] * (len(STAGES) - len(tried_again))
    stages = tuple(
        _joined(line, more * (exp((1 - seconds) / PATIENCE)), jitter)
        for line, more, seconds in zip(waiting.stages, tried_again, STAGES, strict=True)
    )
    return Waiting(stages, _joined(waiting.limited, LIMITED_RETRY * limited * (fresh + waiting.due), jitter))


def _joined(line: Line, more: float, jitter: bool) -> Line:
    """The line a second later, with ``more`` at its end, or all along it."""
    if jitter:
        each = more / len(line)
        return (*(count + each for count in line[1:]), each)
    return (*line[1:], more)
