"""The textbook formulas the traffic model is made of. Pure; seconds and requests a second throughout."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

_BUSIEST = 0.995  # beyond this utilisation the mean wait is the backlog's business, not the formula's


def mean_wait(arrivals: float, capacity: float, servers: float) -> float:
    """Seconds a request waits for one of ``servers``, on average, in an M/M/c queue.

    Sakasegawa's approximation (1977): rho^(sqrt(2(c+1)) - 1) / (c (1 - rho)) service times.
    """
    if capacity <= 0 or servers <= 0 or arrivals <= 0:
        return 0.0
    utilisation = min(arrivals / capacity, _BUSIEST)
    service = servers / capacity
    return float(utilisation ** (sqrt(2 * (servers + 1)) - 1) / (servers * (1 - utilisation)) * service)


def share_within(limit: float, wait: float, service: float) -> float:
    """Share of requests that end within ``limit`` s, when each waits ``wait`` s and is then served in an
    exponential time of mean ``service`` s."""
    if limit <= wait:
        return 0.0
    return 1.0 - exp(-(limit - wait) / service) if service > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Scalability:
    """The universal scalability law (Gunther, 1993): throughput of n concurrent workers, with a retrograde end."""

    single: float  # a second, with one worker
    contention: float
    coherence: float

    def throughput(self, workers: float) -> float:
        """Completions a second of ``workers`` concurrent workers."""
        if workers <= 0:
            return 0.0
        # Under one worker there is nobody to contend with.
        crowd = max(workers - 1, 0.0)
        return self.single * workers / (1 + self.contention * crowd + self.coherence * workers * crowd)

    @property
    def best(self) -> float:
        """The number of workers beyond which more of them do less."""
        return sqrt((1 - self.contention) / self.coherence)

    def workers_for(self, rate: float) -> float:
        """The fewest workers whose throughput is ``rate``; ``best`` where no number reaches it."""
        if rate <= self.single:
            return rate / self.single
        a = self.coherence * rate
        b = (self.contention - self.coherence) * rate - self.single
        inside = b * b - 4 * a * rate * (1 - self.contention)
        return (-b - sqrt(inside)) / (2 * a) if inside > 0 else self.best
