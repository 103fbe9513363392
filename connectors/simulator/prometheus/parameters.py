"""The API's request parameters: times, durations and steps, with Prometheus's own words for what is wrong.

See https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.simulator.prometheus.values import BadQueryError

MAX_POINTS = 11_000
DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
UNITS = (365 * 86_400.0, 7 * 86_400.0, 86_400.0, 3_600.0, 60.0, 1.0, 0.001)
LONGEST = 20.0  # wall seconds of one query; Prometheus's default of two minutes would outlast every client
FAR = 1e11  # seconds; beyond it Prometheus too refuses a time


@dataclass(frozen=True, slots=True)
class Span:
    """The times of a range query, in wall seconds."""

    start: float
    end: float
    step: float

    def points(self) -> list[float]:
        """From start to end, both included, in whole milliseconds so that no rounding adds up."""
        first, last, stride = round(self.start * 1000), round(self.end * 1000), max(1, round(self.step * 1000))
        return [t / 1000 for t in range(first, last + 1, stride)]


class Parameters:
    """The parameters of one request, read from its query string or its form."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        return self._values.get(name, "")

    def time(self, name: str, default: float | None) -> float:
        """Epoch seconds, given as such or in RFC 3339. Raises ``BadQueryError``; without a default it must be there."""
        given = self.text(name)
        if not given and default is not None:
            return default
        try:
            return seconds(given)
        except ValueError:
            prefix = "" if default is None else f"Invalid time value for '{name}': "
            raise self.invalid(name, f'{prefix}cannot parse "{given}" to a valid timestamp') from None

    def timeout(self) -> float:
        """Wall seconds that a query may take; at most ``LONGEST``. Raises ``BadQueryError``."""
        given = self.text("timeout")
        try:
            return min(duration(given), LONGEST) if given else LONGEST
        except ValueError:
            raise self.invalid("timeout", f'cannot parse "{given}" to a valid duration') from None

    def limit(self) -> int:
        """How many are wanted; -1 for all. Raises ``BadQueryError``."""
        given = self.text("limit")
        try:
            return int(given) if given else -1
        except ValueError:
            raise BadQueryError("limit must be a number") from None

    def step(self) -> float:
        """Seconds, above 0. Raises ``BadQueryError``."""
        given = self.text("step")
        try:
            step = duration(given)
        except ValueError:
            raise self.invalid("step", f'cannot parse "{given}" to a valid duration') from None
        if step <= 0:
            raise self.invalid(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        return step

    def span(self) -> Span:
        """The times of a range query. Raises ``BadQueryError``, also for more than 11,000 points."""
        start, end = self.time("start", None), self.time("end", None)
        if end < start:
            raise self.invalid("end", "end timestamp must not be before start time")
        step = self.step()
        if (end - start) / step > MAX_POINTS:
            raise BadQueryError(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        return Span(start, end, step)

    @staticmethod
    def invalid(name: str, reason: str) -> BadQueryError:
        return BadQueryError(f'invalid parameter "{name}": {reason}')


def seconds(given: str) -> float:
    """Raises ``ValueError``."""
    try:
        value = float(given)
    except ValueError:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None:
            raise
        value = moment.timestamp()
    if not abs(value) < FAR:
        raise ValueError(given)
    return value


def duration(given: str) -> float:
    """Seconds, from a number or from Prometheus's notation (``1h30m``). Raises ``ValueError``."""
    try:
        value = float(given)
    except ValueError:
        match = DURATION.fullmatch(given)
        if not given or match is None:
            raise
        return sum(int(count) * unit for count, unit in zip(match.groups(), UNITS, strict=True) if count)
    if not math.isfinite(value):
        raise ValueError(given)
    return value
