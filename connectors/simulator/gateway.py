"""The gateway: rate limit and shedding: equation 3.

Most requests come from ordinary users far below any sensible limit; a minority share comes from few heavy
clients (scrapers, broken apps, resellers) far above it. Rates within each kind are exponentially distributed,
so a limit of R lets the share E[min(X, R)]/E[X] = 1 - exp(-R/mean) through.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from connectors.simulator.architecture import Users
from connectors.simulator.now import Now


@dataclass(frozen=True, slots=True)
class Admission:
    """One second at the gateway, for one front. offered = limited + shed + admitted."""

    offered: float  # the origin's requests and the retries
    limited: float  # answered 429: neither a success nor a failure
    shed: float  # answered 503, beyond the gateway's capacity
    admitted: float

    @property
    def limited_share(self) -> float:
        return self.limited / self.offered if self.offered > 0 else 0.0


def passed_share(users: Users, user_rate: float | None) -> float:
    """Share of requests under a limit of ``user_rate`` requests a minute a user; None: no limit."""
    if user_rate is None:
        return 1.0
    rate = max(user_rate, 0.0)
    ordinary = 1 - exp(-rate / users.ordinary_rate)
    heavy = 1 - exp(-rate / users.heavy_rate)
    return (1 - users.heavy) * ordinary + users.heavy * heavy


def admit(now: Now, offered: tuple[float, ...]) -> tuple[Admission, ...]:
    """What is let through to each front of what it is offered: the limit first, because a 429 costs next to nothing.

    Without any pod nobody is told 429: the load balancer answers 503 to everybody.
    """
    gateway = now.plant.gateway
    pods = now.strength(gateway.workload)
    passed = passed_share(now.plant.users, now.levers.user_rate) if pods > 0 else 1.0
    allowed = sum(offered) * passed
    kept = min(1.0, pods * gateway.capacity / allowed) if allowed > 0 else 1.0
    return tuple(_admission(each, each * passed, kept) for each in offered)


def _admission(offered: float, allowed: float, kept: float) -> Admission:
    return Admission(offered, offered - allowed, allowed - allowed * kept, allowed * kept)
