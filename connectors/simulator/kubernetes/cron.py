"""Cron schedules, pure: five fields (minute, hour, day, month, weekday) and the usual abbreviations, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
)
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_SEARCHED_DAYS = 4 * 366  # a 29th of February is at most so far away, in our lifetime


class BadSchedule(ValueError):
    """The text is no schedule."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The allowed values of each field. A day fits by its number or its weekday where both are restricted."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool  # both day fields are restricted

    def after(self, time: datetime) -> datetime | None:
        """The first minute after ``time`` that fits; None where none comes (the 31st of February)."""
        moment = time.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for _ in range(_SEARCHED_DAYS):
            if self._day(moment):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = moment.replace(hour=hour, minute=minute)
                        if found >= moment:
                            return found
            moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
        return None

    def _day(self, moment: datetime) -> bool:
        if moment.month not in self.months:
            return False
        by_number, by_weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return by_number or by_weekday if self.either_day else by_number and by_weekday


def parsed(text: str) -> Schedule:
    """The schedule that a text describes. Raises BadSchedule."""
    fields = _MACROS.get(text.strip(), text).split()
    if len(fields) != 5:
        raise BadSchedule(f"expected exactly 5 fields, found {len(fields)}: [{text}]")
    minutes, hours, days, months, weekdays = (_values(field, place) for place, field in enumerate(fields))
    either = fields[2] not in "*?" and fields[4] not in "*?"
    return Schedule(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)


def _values(field: str, place: int) -> frozenset[int]:
    return frozenset(value for part in field.lower().split(",") for value in _part(part, place))


def _part(part: str, place: int) -> range:
    low, high = _BOUNDS[place]
    span, _, step = part.partition("/")
    if span in ("*", "?"):
        first, last = low, high
    else:
        begin, _, end = span.partition("-")
        first = _value(begin, place)
        last = _value(end, place) if end else (high if step else first)
    width = _number(step) if step else 1
    if not low <= first <= last <= high or width < 1:
        raise BadSchedule(f"range ({part}) is outside of {low}-{high}")
    return range(first, last + 1, width)


def _value(text: str, place: int) -> int:
    if text in _NAMES[place]:
        return _NAMES[place].index(text) + _BOUNDS[place][0]
    return _number(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise BadSchedule(f"failed to parse int from {text}: strconv.Atoi: parsing {text!r}: invalid syntax")
    return int(text)
