"""``histogram_quantile``: a quantile estimated from cumulative buckets.

After https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile: linear interpolation
inside the bucket that holds the rank, the lower bound of the first bucket taken as 0.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate

from connectors.simulator.prometheus.labels import NAME, Labels, drop, label
from connectors.simulator.prometheus.values import Vector

BUCKET = frozenset({"le", NAME})


def upper_bound(labels: Labels) -> float | None:
    """The bucket's bound; None when ``le`` is missing or no number."""
    try:
        return float(label(labels, "le"))
    except ValueError:
        return None


def histogram_quantile(phi: float, buckets: Vector) -> Vector:
    """One quantile for each set of buckets that differ only in ``le`` and the name."""
    histograms: dict[Labels, dict[float, float]] = {}
    for labels, count in buckets:
        bound = upper_bound(labels)
        if bound is None:
            continue
        bounds = histograms.setdefault(drop(labels, BUCKET), {})
        bounds[bound] = bounds.get(bound, 0.0) + count
    return [(labels, bucket_quantile(phi, bounds)) for labels, bounds in histograms.items()]


def bucket_quantile(phi: float, buckets: dict[float, float]) -> float:
    """The φ-quantile of cumulative counts by upper bound; NaN without a ``+Inf`` bucket or without observations."""
    if math.isnan(phi):
        return math.nan
    if not 0 <= phi <= 1:
        return math.copysign(math.inf, phi)
    bounds = sorted(buckets)
    counts = list(accumulate((buckets[bound] for bound in bounds), max))  # a scrape may catch them out of step
    if bounds[-1] != math.inf or len(bounds) < 2 or counts[-1] == 0 or math.isnan(counts[-1]):
        return math.nan
    return interpolated(phi * counts[-1], bounds, counts)


def interpolated(rank: float, bounds: list[float], counts: list[float]) -> float:
    i = bisect_left(counts, rank, hi=len(counts) - 1)
    if i == len(bounds) - 1:
        return bounds[-2]
    if i == 0 and bounds[0] <= 0:
        return bounds[0]
    low, below = (bounds[i - 1], counts[i - 1]) if i else (0.0, 0.0)
    share = counts[i] - below
    return low + (bounds[i] - low) * ((rank - below) / share) if share else math.nan
