"""When a cron schedule was last due. Pure.

The grammar is that which a CronJob takes (robfig/cron's standard parser): five fields of numbers, names, ranges, steps
and lists, or a macro. As in every cron a day is due when the day of the month *or* the day of the week fits, where
both are restricted. ``@every`` counts from a start that nobody tells, so it is never said to be late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_FURTHEST = 366  # days looked back: a schedule of 29 February is not said to be late in other years
_LONGEST = 200  # characters of a schedule


@dataclass(frozen=True, slots=True)
class Schedule:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either: bool  # both kinds of day are restricted, and one of them is enough

    def due_before(self, now: datetime) -> datetime | None:
        """The last minute at or before ``now`` at which it was due; None for none within a year."""
        for back in range(_FURTHEST):
            day = (now - timedelta(days=back)).replace(hour=23, minute=59) if back else now
            if self._on(day) and (found := self._within(day)) is not None:
                return found
        return None

    def _on(self, day: datetime) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((in_month or in_week) if self.either else (in_month and in_week))

    def _within(self, last: datetime) -> datetime | None:
        """The last time on that day, not after ``last``."""
        for hour in sorted(self.hours, reverse=True):
            if hour <= last.hour:
                limit = last.minute if hour == last.hour else 59
                minute = max((one for one in self.minutes if one <= limit), default=None)
                if minute is not None:
                    return last.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return None


@lru_cache(maxsize=1024)  # the same schedules, each reading
def schedule_of(text: str) -> Schedule | None:
    """None for what is no schedule, or none whose times can be told."""
    fields = _MACROS.get(text.strip().lower(), text).split() if len(text) <= _LONGEST else []
    if len(fields) != 5:
        return None
    try:
        minutes, hours, days, months, weekdays = (
            _field(field, *bounds, names) for field, bounds, names in zip(fields, _BOUNDS, _NAMES, strict=True)
        )
    except ValueError:
        return None
    starred = [field[0] in "*?" for field in (fields[2], fields[4])]
    return Schedule(minutes, hours, days, months, weekdays, either=not any(starred))


_NAMES: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _WEEKDAYS)


def overdue(text: str, zone: str | None, started: float | None, now: float) -> float | None:
    """Seconds since the last time that it was due and did not start; 0 where it did. None where that cannot be told.

    ``started`` (epoch seconds) is its last start, or its creation where it never started. Without a zone it is UTC,
    in which controllers run by default.
    """
    schedule, where = schedule_of(text), _zone(zone or "UTC")
    if schedule is None or where is None or started is None:
        return None
    due = schedule.due_before(datetime.fromtimestamp(now, where))
    if due is None:
        return None
    at = due.timestamp()
    return now - at if at > started else 0.0


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; a name that is no path below the zones
        return None


def _field(text: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    """The values of one field; ValueError for what is none."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, last = _span(span, low, high, names, stepped=bool(step))
        found.update(range(first, last + 1, _number(step, 1, 1000, ()) if step else 1))
    return frozenset(found)


def _span(text: str, low: int, high: int, names: tuple[str, ...], stepped: bool) -> tuple[int, int]:
    """``*``, ``5``, ``1-5``, ``mon-fri``; a single number with a step runs to the end."""
    if text in ("*", "?"):
        return low, high
    start, dash, end = text.partition("-")
    first = _number(start, low, high, names)
    if dash:
        last = _number(end, first, high, names)
        return first, last
    return first, high if stepped else first


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text and text.lower() in names:
        value = names.index(text.lower())
    elif text.isascii() and text.isdecimal() and len(text) < 5:
        value = int(text)
    else:
        raise ValueError(text)
    if not low <= value <= high:
        raise ValueError(text)
    return value
