"""When a sick backend is asked again. Pure.

Back is soon: an operator who mends something must see it within two readings, so most failures only stretch the pause
by half. It is longer where asking does harm: a server that says it is overwhelmed is asked when it said, and refused
credentials more and more rarely, since directories lock out who tries too often (the session looks at the credentials'
place meanwhile, and asks at once when they were renewed).
"""

from __future__ import annotations

from console.model.snapshot import FailureKind, Unreachable

SICK = 1.5  # intervals between the starts of two readings of a source that fails
DOUBLINGS = (1, 2, 4, 8, 16)  # intervals, where asking does harm; the last one stays
LONGEST = 30.0  # wall seconds; nobody waits longer than this to learn that a backend is back
BELIEVED = 300.0  # wall seconds; a server that asks for more patience than this is asked all the same
LOCKED = (FailureKind.EXPIRED, FailureKind.FORBIDDEN)
_HARMFUL = (*LOCKED, FailureKind.THROTTLED)


def pause_after(failure: Unreachable | None, failures: int, interval: float) -> float:
    """Wall seconds between two readings' starts after so many failures in a row, the last of them ``failure``.

    ``failure`` None: the last reading was good. ``interval`` is what a well source is read at, in wall seconds.
    """
    if failure is None:
        return interval
    if failure.kind not in _HARMFUL:
        return max(interval * SICK, patience(failure))
    rarely = min(interval * DOUBLINGS[min(failures, len(DOUBLINGS)) - 1], LONGEST)
    return max(interval, rarely, patience(failure))


def patience(failure: Unreachable | None) -> float:
    """Wall seconds from its answer for which the server asked to be left alone, as far as it is believed."""
    return min((failure.retry_after if failure is not None else None) or 0.0, BELIEVED)
