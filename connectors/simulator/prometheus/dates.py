"""PromQL's functions of dates: UTC, in the Gregorian calendar, for any year that a number can name.

Python's own dates end with the year 9999, and Go's do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date

DAY = 86_400  # seconds
CYCLE = 146_097  # days of 400 years, after which the calendar repeats


def on_day(read: Callable[[date], int]) -> Callable[[float], float]:
    """A part of the date at epoch seconds, moved by whole cycles into the years that Python knows."""
    return whole(lambda seconds: read(date.fromordinal(719_163 + seconds // DAY % CYCLE)))


def year(seconds: int) -> int:
    cycles, day = divmod(seconds // DAY, CYCLE)
    return date.fromordinal(719_163 + day).year + 400 * cycles


def days_in_month(day: date) -> int:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (following - day.replace(day=1)).days


def whole(read: Callable[[int], int]) -> Callable[[float], float]:
    """Of whole seconds; NaN for what is no time."""
    return lambda value: float(read(math.floor(value))) if math.isfinite(value) else math.nan


CALENDAR: dict[str, Callable[[float], float]] = {  # of epoch seconds; of now without an argument
    "minute": whole(lambda seconds: seconds // 60 % 60),
    "hour": whole(lambda seconds: seconds // 3600 % 24),
    "day_of_month": on_day(lambda day: day.day),
    "day_of_week": on_day(lambda day: day.isoweekday() % 7),
    "day_of_year": on_day(lambda day: day.timetuple().tm_yday),
    "days_in_month": on_day(days_in_month),
    "month": on_day(lambda day: day.month),
    "year": whole(year),
}
