"""PromQL's aggregations: a vector, grouped by labels, becomes one element a group (or, for topk, some of it)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from connectors.simulator.prometheus.labels import NAME, Labels, drop, keep, with_label
from connectors.simulator.prometheus.numbers import quantile, shortest, variance
from connectors.simulator.prometheus.range_functions import highest, lowest
from connectors.simulator.prometheus.values import ExecutionError, Vector, unique


def spread(values: list[float]) -> float:
    """The variance; of one element 0 even if it is NaN, as Prometheus has it."""
    return variance(values) if len(values) > 1 else 0.0


REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": lowest,
    "max": highest,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "stddev": lambda values: math.sqrt(spread(values)),
    "stdvar": spread,
}


@dataclass(frozen=True, slots=True)
class Grouping:
    """``by`` (the named labels) or ``without`` (all but them and the metric's name)."""

    names: frozenset[str] = frozenset()
    without: bool = False

    def group(self, labels: Labels) -> Labels:
        return drop(labels, self.names | {NAME}) if self.without else keep(labels, self.names)

    def split(self, vector: Vector) -> dict[Labels, Vector]:
        groups: dict[Labels, Vector] = {}
        for element in vector:
            groups.setdefault(self.group(element[0]), []).append(element)
        return groups


def reduced(reduction: Callable[[list[float]], float], grouping: Grouping, vector: Vector) -> Vector:
    groups = grouping.split(vector)
    return [(labels, reduction([value for _, value in members])) for labels, members in groups.items()]


def quantiles(phi: float, grouping: Grouping, vector: Vector) -> Vector:
    return reduced(lambda values: quantile(phi, values), grouping, vector)


def ranked(count: float, grouping: Grouping, vector: Vector, largest: bool) -> Vector:
    """``topk`` and ``bottomk``: the elements themselves, best first; NaN comes last either way."""
    if math.isnan(count) or math.isinf(count):
        raise ExecutionError(f"Scalar value {shortest(count)} overflows int64")
    direction = -1.0 if largest else 1.0
    chosen: Vector = []
    for members in grouping.split(vector).values():
        ordered = sorted(members, key=lambda element: (math.isnan(element[1]), direction * element[1]))
        chosen += ordered[: max(0, int(count))]
    return chosen


def counted(name: str, grouping: Grouping, vector: Vector) -> Vector:
    """``count_values``: how many elements of the group have each value, the value as a label."""
    if not name.isidentifier() or not name.isascii():
        raise ExecutionError(f'invalid label name "{name}"')
    counts: dict[Labels, float] = {}
    for labels, value in vector:
        made = with_label(grouping.group(labels), name, shortest(value))
        counts[made] = counts.get(made, 0.0) + 1.0
    return unique(list(counts.items()))
