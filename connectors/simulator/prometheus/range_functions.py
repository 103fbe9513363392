"""PromQL's functions of a range: each takes one window of samples and gives one number, or None for no result.

The formulas are those of Prometheus 2.42 (https://prometheus.io/docs/prometheus/latest/querying/functions/); the
tests compare them with that server. A ``None`` means that the series is left out of the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from connectors.simulator.prometheus.numbers import divide, quantile, total, variance
from connectors.simulator.prometheus.values import ExecutionError, Window

RangeFunction = Callable[[Window], float | None]


def increased(values: Sequence[float]) -> float:
    """Last minus first, plus what was lost at each reset of the counter."""
    gained = values[-1] - values[0]
    for before, after in pairwise(values):
        if after < before:
            gained += before
    return gained


def extrapolated(window: Window, gained: float, counter: bool) -> float:
    """``gained`` between the first and the last sample, extended towards the window's ends.

    Prometheus extends to an end that is within 1.1 average distances of a sample, otherwise by half a distance;
    a counter is never extended to before the time at which it would have been zero.
    """
    times, values = window.times, window.values
    to_start, to_end = (times[0] - window.start) / 1000, (window.end - times[-1]) / 1000
    sampled = (times[-1] - times[0]) / 1000
    distance = sampled / (len(times) - 1)
    if counter and gained > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * (values[0] / gained))
    reach = distance * 1.1
    covered = sampled
    covered += to_start if to_start < reach else distance / 2
    covered += to_end if to_end < reach else distance / 2
    return gained * (covered / sampled)


def increase(window: Window) -> float | None:
    if len(window.times) < 2:
        return None
    return extrapolated(window, increased(window.values), counter=True)


def rate(window: Window) -> float | None:
    """A second of simulated time."""
    gained = increase(window)
    return None if gained is None else gained / ((window.end - window.start) / 1000)


def delta(window: Window) -> float | None:
    if len(window.times) < 2:
        return None
    return extrapolated(window, window.values[-1] - window.values[0], counter=False)


def irate(window: Window) -> float | None:
    if len(window.times) < 2:
        return None
    before, after = window.values[-2:]
    gained = after if after < before else after - before
    return gained / ((window.times[-1] - window.times[-2]) / 1000)


def idelta(window: Window) -> float | None:
    return window.values[-1] - window.values[-2] if len(window.times) > 1 else None


def regression(window: Window, origin: int) -> tuple[float, float]:
    """Slope a second and value at ``origin`` ms of the least-squares line; needs two samples."""
    values = window.values
    if all(value == values[0] for value in values):
        return (math.nan, math.nan) if math.isinf(values[0]) else (0.0, values[0])
    seconds = [(t - origin) / 1000 for t in window.times]
    count, sum_x, sum_y = len(values), total(seconds), total(values)
    covariance = total([x * y for x, y in zip(seconds, values, strict=True)]) - sum_x * sum_y / count
    spread = total([x * x for x in seconds]) - sum_x * sum_x / count
    slope = divide(covariance, spread)
    return slope, sum_y / count - slope * sum_x / count


def deriv(window: Window) -> float | None:
    return regression(window, window.times[0])[0] if len(window.times) > 1 else None


def predicted(window: Window, now: int, ahead: float) -> float | None:
    """The line's value ``ahead`` seconds after ``now`` (ms)."""
    if len(window.times) < 2:
        return None
    slope, level = regression(window, now)
    return slope * ahead + level


def smoothed(window: Window, smoothing: float, trend: float) -> float | None:
    """Double exponential smoothing (Holt's linear method): the level at the window's last sample.

    Raises ``ExecutionError`` for factors outside of 0..1, their bounds excluded.
    """
    for name, factor in (("smoothing", smoothing), ("trend", trend)):
        if not 0 < factor < 1:
            raise ExecutionError(f"invalid {name} factor. Expected: 0 < {name[0]}f < 1, got: {factor:f}")
    if len(window.values) < 2:
        return None
    level, slope = window.values[0], window.values[1] - window.values[0]
    before = level
    for i, value in enumerate(window.values[1:]):
        if i:
            slope = trend * (level - before) + (1 - trend) * slope
        before, level = level, smoothing * value + (1 - smoothing) * (level + slope)
    return level


def changes(window: Window) -> float:
    return float(sum(a != b and not (math.isnan(a) and math.isnan(b)) for a, b in pairwise(window.values)))


def resets(window: Window) -> float:
    return float(sum(after < before for before, after in pairwise(window.values)))


def highest(values: Sequence[float]) -> float:
    """The maximum; NaN only when there is nothing else."""
    return max((v for v in values if not math.isnan(v)), default=math.nan)


def lowest(values: Sequence[float]) -> float:
    """The minimum; NaN only when there is nothing else."""
    return min((v for v in values if not math.isnan(v)), default=math.nan)


def quantile_over_time(window: Window, phi: float) -> float:
    return quantile(phi, window.values)


RANGE_FUNCTIONS: dict[str, RangeFunction] = {
    "rate": rate,
    "irate": irate,
    "increase": increase,
    "delta": delta,
    "idelta": idelta,
    "deriv": deriv,
    "changes": changes,
    "resets": resets,
    "sum_over_time": lambda window: total(window.values),
    "avg_over_time": lambda window: total(window.values) / len(window.values),
    "min_over_time": lambda window: lowest(window.values),
    "max_over_time": lambda window: highest(window.values),
    "count_over_time": lambda window: float(len(window.values)),
    "last_over_time": lambda window: window.values[-1],
    "present_over_time": lambda window: 1.0,
    "stddev_over_time": lambda window: math.sqrt(variance(window.values)),
    "stdvar_over_time": lambda window: variance(window.values),
}
