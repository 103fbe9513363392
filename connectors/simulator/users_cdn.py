"""Users, DNS and the CDN: equations 1 and 2.

The CDN keeps a copy of a page for a minute and has no stale-if-error, as most are set up. While one request
fetches a page anew, the others for it wait for that one and share its fate: so when the origin is slow or
failing, the hit rate falls although the same page is asked for a hundred times.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sin

from connectors.simulator.crisis import Crisis
from connectors.simulator.noise import noise

BASE_USERS = 4000.0  # requests a second on an ordinary day
HOUR = 3600
CDN_TTL = 60.0  # seconds
CDN_TIMEOUT = 10.0  # seconds until a fetch that fails is given up
CALM_HITS = 0.96
SPIKE_HITS = 0.97  # a crowd asks for the same thing


@dataclass(frozen=True, slots=True)
class Edge:
    """The CDN's state: the share of its pages of which it holds a fresh copy."""

    fresh: float = 1.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """One second of users' requests. users = unresolved + hits + waiting + origin."""

    users: float
    unresolved: float  # DNS did not answer
    hits: float  # answered from the CDN's copy
    waiting: float  # wait for another's fetch and share its fate
    origin: float  # go on to the gateway

    @property
    def hit_rate(self) -> float:
        """Share of the CDN's requests answered from its copies, 0..1."""
        asked = self.users - self.unresolved
        return self.hits / asked if asked > 0 else 0.0


def users_at(seed: int, crisis: Crisis, t: int) -> float:
    """Requests a second that users make: a base, a breath over the hour, a little noise."""
    return BASE_USERS * crisis.spike * (1 + 0.15 * sin(2 * pi * t / HOUR)) * (1 + 0.02 * noise(seed, "users", t))


def arrive(edge: Edge, users: float, crisis: Crisis) -> Arrivals:
    """Where one second of users' requests goes."""
    resolved = users * crisis.dns_ok
    cacheable = resolved * (CALM_HITS + (SPIKE_HITS - CALM_HITS) * (1 - 1 / max(crisis.spike, 1.0)))
    hits = cacheable * edge.fresh
    return Arrivals(users, users - resolved, hits, cacheable - hits, resolved - cacheable)


def refreshed(edge: Edge, origin_ok: float, seconds: float) -> Edge:
    """The CDN's copies a second later. ``origin_ok``: share of fetches that succeed; ``seconds``: a good fetch's time.

    d fresh/dt = (1 - fresh)/absence - fresh/TTL, solved for constant coefficients over the second.
    """
    fetch = origin_ok * seconds + (1 - origin_ok) * CDN_TIMEOUT
    gain = origin_ok / max(fetch, 0.05)
    loss = 1 / CDN_TTL
    settled = gain / (gain + loss)
    return Edge(settled + (edge.fresh - settled) * exp(-(gain + loss)))
