"""What befalls a primary of the database beside its load: crises, long queries, a fail-over to its standby.

A long query holds a connection and makes the others wait for the disks, on the replicas too: a report only reads, and
runs wherever reads go. It runs for minutes, unless somebody kills it or the server ends it. A fail-over takes twenty
seconds in which nobody is answered; the standby is sound, but its memory is cold for a minute. What has failed over
twice is back where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from connectors.simulator.database import UNUSED, Server
from connectors.simulator.now import Now

LONG_SECONDS = 300.0  # that a long query runs by itself
LONG_COST = 1 / 40  # of the others' strength, for each long query
FAILOVER_SECONDS = 20
COLD_SECONDS = 60.0
COLD = 0.5  # of its strength that a cold standby has less


@dataclass(frozen=True, slots=True)
class Primary:
    """A primary's state. ``killed`` and ``failed_over`` are the levers' counts as they were last seen."""

    server: Server = UNUSED
    long: float = 0.0  # queries that run
    standby: bool = False  # the standby has taken over
    until: int | None = None  # nobody is answered until then; from then on, when the standby began
    killed: float = 0.0
    failed_over: float = 0.0


SOUND = Primary()


def burdened(primary: Primary) -> float:
    """Share of a sound server's strength that its long queries, which its replicas run too, leave to the others."""
    return 1 / (1 + primary.long * LONG_COST)


def health(primary: Primary, struck: bool, now: Now) -> float:
    """Share of its strength that it has for ordinary queries. ``struck``: the crisis is about this one."""
    strength = burdened(primary)
    if primary.until is not None:
        if now.t < primary.until:
            return 0.0
        strength *= 1 - COLD * max(1 - (now.t - primary.until) / COLD_SECONDS, 0.0)
    crisis = now.crisis
    return strength * crisis.database_ok / crisis.database_slow if struck and not primary.standby else strength


def after(primary: Primary, server: Server, struck: bool, now: Now) -> Primary:
    """The primary a second later."""
    levers = now.levers
    killed, failing = levers.kill_queries > primary.killed, struck and levers.failovers > primary.failed_over
    started = now.crisis.long_queries if struck else 0.0
    lives = min(levers.statement_timeout or LONG_SECONDS, LONG_SECONDS)
    left = 0.0 if killed or failing else primary.long * exp(-1 / lives)
    return Primary(
        server=server,
        long=left + started * lives * (1 - exp(-1 / lives)),
        standby=primary.standby != failing,
        until=now.t + 1 + FAILOVER_SECONDS if failing else primary.until,
        killed=levers.kill_queries,
        failed_over=levers.failovers,
    )
