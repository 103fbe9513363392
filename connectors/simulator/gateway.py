"""The gateway: rate limit, shedding and the clients' retries: equations 3 and 6.

Most requests come from ordinary users far below any sensible limit; a minority share comes from few heavy
clients (scrapers, broken apps, resellers) far above it. Rates within each kind are exponentially distributed,
so a limit of R lets the share E[min(X, R)]/E[X] = 1 - exp(-R/mean) through.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

HEAVY_SHARE = 0.3  # of all requests
ORDINARY_RATE = 20.0  # requests a minute of a user, on average
HEAVY_RATE = 600.0
CAPACITY = 6000.0  # requests a second through a pod
RETRY = 0.4  # share of failures that are tried again the next second


@dataclass(frozen=True, slots=True)
class Admission:
    """One second at the gateway. offered = limited + shed + admitted."""

    offered: float  # the origin's requests and the retries
    limited: float  # answered 429: neither a success nor a failure
    shed: float  # answered 503, beyond the gateway's capacity
    admitted: float

    @property
    def limited_share(self) -> float:
        return self.limited / self.offered if self.offered > 0 else 0.0


def passed_share(user_rate: float | None) -> float:
    """Share of requests under a limit of ``user_rate`` requests a minute a user; None: no limit."""
    if user_rate is None:
        return 1.0
    rate = max(user_rate, 0.0)
    ordinary = 1 - exp(-rate / ORDINARY_RATE)
    heavy = 1 - exp(-rate / HEAVY_RATE)
    return (1 - HEAVY_SHARE) * ordinary + HEAVY_SHARE * heavy


def admit(origin: float, retries: float, user_rate: float | None, pods: float) -> Admission:
    """What is let through of a second's requests: the limit first, because a 429 costs next to nothing.

    Without any pod nobody is told 429: the load balancer answers 503 to everybody.
    """
    offered = origin + retries
    limited = offered * (1 - passed_share(user_rate)) if pods > 0 else 0.0
    admitted = min(offered - limited, pods * CAPACITY)
    return Admission(offered, limited, offered - limited - admitted, admitted)


def retried(errors: float, limited: float) -> float:
    """Requests that come again in the next second. Who is told 429 tries again half as often."""
    return RETRY * (errors + limited / 2)
