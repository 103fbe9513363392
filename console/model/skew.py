"""The clock of this machine against those of the servers: one number for the line of the machine itself.

Tokens, certificates and Kerberos tickets are refused by clocks that differ (RFC 4120 tolerates five minutes, JWT
libraries none to one), and a console whose clock is wrong counts wrong ages. Machines that keep time by NTP agree to
tens of milliseconds, so two seconds mean that one of them does not.
"""

from __future__ import annotations

from collections.abc import Iterable

from console.model.reading import Reading
from console.model.signal import Unit
from console.model.topology import Source
from console.model.units import show_duration

NAME = "skew"


def worst(sources: Iterable[Source]) -> dict[str, Reading]:
    """The largest skew of those that were read well and tell their time, in seconds and without its sign.

    The note says whose clock it is and on which side. Nothing where none tells its time.
    """
    told = [
        (abs(each.snapshot.skew), each.snapshot.skew, each.snapshot.at, each.name)
        for each in sources
        if each.failure is None and each.snapshot is not None and each.snapshot.skew is not None
    ]
    if not told:
        return {}
    size, skew, at, name = max(told)
    side = "ahead of" if skew > 0 else "behind"
    note = f"{name} is {show_duration(size)} {side} this machine" if size else ""
    return {NAME: Reading(NAME, size, Unit.SECONDS, at, name, note)}
