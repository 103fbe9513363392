"""What the head of an HTTP answer says beside its status: how long to wait, and what the server's clock shows.

A ``Date`` has no fractions, so one answer tells the skew to a second and the way there and back. Every answer bounds
it, though, and the bounds of many meet: after some readings it is known to a few tens of milliseconds.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

GRANULARITY = 1.0  # seconds that a Date leaves open: RFC 9110, 5.6.7
LONGEST_WAIT = 3600.0  # seconds; nobody is left unread for longer on the word of a server


def date_of(text: str) -> float | None:
    """Seconds since the epoch of an HTTP date; None where it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def retry_after(text: str, date: str = "") -> float | None:
    """Seconds that ``Retry-After`` asks us to wait, at most an hour; None where it does not.

    It is a number of seconds, or a date, which is compared with the answer's own ``Date``: no clock of ours is asked.

    >>> retry_after("120"), retry_after("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:30 GMT")
    (120.0, 7.0)
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    until, said = date_of(text), date_of(date)
    return None if until is None or said is None else min(max(0.0, until - said), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The skew is neither below ``low`` nor above ``high``: seconds that the server's clock is ahead of ours."""

    low: float
    high: float

    def met(self, new: Bounds) -> Bounds:
        """Both at once; the newer alone where they contradict each other, as after a clock was set."""
        low, high = max(self.low, new.low), min(self.high, new.high)
        return Bounds(low, high) if low <= high else new

    @property
    def skew(self) -> float:
        """0 as long as the clocks may agree; else the middle."""
        return 0.0 if self.low <= 0 <= self.high else (self.low + self.high) / 2

    @property
    def doubt(self) -> float:
        """Seconds by which ``skew`` may be wrong."""
        return max(abs(self.high - self.skew), abs(self.low - self.skew))


class ServerClock:
    """A server's clock by its answers, from whichever thread they come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bounds: Bounds | None = None  # None: it has not told its time

    @property
    def skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours; None: it does not tell its time."""
        bounds = self.bounds
        return None if bounds is None else bounds.skew

    def hear(self, date: str, sent: float, received: float) -> None:
        """``date``: the answer's; ``sent`` and ``received``: wall seconds of ours between which it was made."""
        told = date_of(date)
        if told is None:
            return
        new = Bounds(told - received, told + GRANULARITY - sent)
        with self._lock:
            self.bounds = new if self.bounds is None else self.bounds.met(new)
