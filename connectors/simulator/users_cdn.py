"""Users, DNS and the CDN: equations 1 and 2.

The CDN keeps a copy of a page for a minute and, as most are set up, has no stale-if-error. While one request
fetches a page anew, the others for it wait for that one and share its fate: so when the origin is slow or
failing, the hit rate falls although the same page is asked for a hundred times.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sin

from connectors.simulator.architecture import Cdn
from connectors.simulator.noise import noise
from connectors.simulator.now import Now
from connectors.simulator.tick import Mode

HOUR = 3600
SHORTEST_TTL = 1.0
TTL = "cdn"  # the group of the lever
OLD_COPIES = 0.95  # share of the pages of which there is an old copy, where those are served on errors


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


def users_at(now: Now) -> float:
    """Requests a second that users make: a base, a breath over the hour, a little noise."""
    breath = 1 + 0.15 * sin(2 * pi * now.t / HOUR)
    return now.plant.users.rate * now.crisis.spike * breath * (1 + 0.02 * noise(now.seed, "users", now.t))


def arrive(edge: Edge, users: float, now: Now) -> Arrivals:
    """Where one second of users' requests goes."""
    cdn, spike = now.plant.cdn, now.crisis.spike
    resolved = users * now.crisis.dns_ok
    alike = cdn.cacheable + (cdn.crowd - cdn.cacheable) * (1 - 1 / max(spike, 1.0))
    cacheable = resolved * max(1 - (1 - alike) * now.crisis.personal, 0.0)
    hits = cacheable * edge.fresh
    return Arrivals(users, users - resolved, hits, cacheable - hits, resolved - cacheable)


def helped(success: float, now: Now) -> float:
    """Success of those who wait for a fetch: its own, or an old copy where those are served on errors."""
    return success + (1 - success) * OLD_COPIES if now.on(Mode.STALE_ON_ERROR) else success


def refreshed(edge: Edge, origin_ok: float, seconds: float, now: Now) -> Edge:
    """The CDN's copies a second later. ``origin_ok``: share of fetches that succeed; ``seconds``: a good fetch's time.

    d fresh/dt = (1 - fresh)/absence - fresh/TTL, solved for constant coefficients over the second.
    """
    cdn = now.plant.cdn
    fetch = origin_ok * seconds + (1 - origin_ok) * cdn.timeout
    gain = origin_ok / max(fetch, 0.05)
    loss = 1 / ttl_of(cdn, now)
    settled = gain / (gain + loss)
    return Edge(settled + (edge.fresh - settled) * exp(-(gain + loss)))


def ttl_of(cdn: Cdn, now: Now) -> float:
    """Seconds that a copy is fresh."""
    return max(now.levers.ttl.get(TTL, cdn.ttl), SHORTEST_TTL)
