"""PromQL's function calls, bound to their arguments.

A function that is not in these tables is refused by name; it is never answered with something similar.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

from connectors.simulator.prometheus import selectors
from connectors.simulator.prometheus.dates import CALENDAR
from connectors.simulator.prometheus.functions import (
    ELEMENTWISE,
    clamped,
    elementwise,
    label_join,
    label_replace,
    only,
    ordered,
)
from connectors.simulator.prometheus.histogram import histogram_quantile
from connectors.simulator.prometheus.labels import EMPTY, NAME, Labels, nameless
from connectors.simulator.prometheus.range_functions import (
    RANGE_FUNCTIONS,
    RangeFunction,
    predicted,
    quantile_over_time,
    smoothed,
)
from connectors.simulator.prometheus.values import (
    ExecutionError,
    MatrixPlan,
    Moment,
    ScalarPlan,
    Vector,
    VectorPlan,
    Window,
    unique,
)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call, compiled when they are asked for, to the type that they must have."""

    nodes: tuple[Any, ...]
    to_scalar: Callable[[Any], ScalarPlan]
    to_vector: Callable[[Any], VectorPlan]
    to_matrix: Callable[[Any], MatrixPlan]

    def __len__(self) -> int:
        return len(self.nodes)

    def scalar(self, i: int) -> ScalarPlan:
        return self.to_scalar(self.nodes[i])

    def vector(self, i: int) -> VectorPlan:
        return self.to_vector(self.nodes[i])

    def matrix(self, i: int) -> MatrixPlan:
        return self.to_matrix(self.nodes[i])

    def text(self, i: int) -> str:
        return text(self.nodes[i])


def bare(node: Any) -> Any:
    """Without the parentheses around it."""
    while isinstance(node, promql.ParenExpr):
        node = node.expr
    return node


def text(node: Any) -> str:
    literal: str = bare(node).val
    return literal


def scalar_call(name: str, arguments: Arguments) -> ScalarPlan:
    """Raises ``ExecutionError`` for an unknown function."""
    if name == "time":
        return lambda moment: moment.query.wall(moment.t)
    if name == "pi":
        return lambda moment: math.pi
    if name == "scalar":
        vector = arguments.vector(0)
        return lambda moment: only(vector(moment))
    raise unsupported(name)


def vector_call(name: str, arguments: Arguments) -> VectorPlan:
    """Raises ``ExecutionError`` for an unknown function."""
    if name in RANGE_FUNCTIONS:
        return over_range(RANGE_FUNCTIONS[name], arguments.matrix(0), named=name == "last_over_time")
    if name in ELEMENTWISE:
        return over_elements(ELEMENTWISE[name], arguments)
    if name in CALENDAR:
        return over_dates(CALENDAR[name], arguments)
    if name in CALLS:
        return CALLS[name](arguments)
    raise unsupported(name)


def unsupported(name: str) -> ExecutionError:
    return ExecutionError(f'function "{name}" is not supported by the simulated Prometheus')


def over_range(function: RangeFunction, matrix: MatrixPlan, named: bool = False) -> VectorPlan:
    def plan(moment: Moment) -> Vector:
        results = ((window.labels, function(window)) for window in matrix(moment))
        kept = [(labels, value) for labels, value in results if value is not None]
        return kept if named else unique([(nameless(labels), value) for labels, value in kept])

    return plan


def over_elements(function: Callable[..., float], arguments: Arguments) -> VectorPlan:
    vector = arguments.vector(0)
    scalars = [arguments.scalar(i) for i in range(1, len(arguments))]
    return lambda moment: elementwise(function, vector(moment), *(scalar(moment) for scalar in scalars))


def over_dates(function: Callable[[float], float], arguments: Arguments) -> VectorPlan:
    if not len(arguments):
        return lambda moment: [(EMPTY, function(moment.query.wall(moment.t)))]
    vector = arguments.vector(0)
    return lambda moment: elementwise(function, vector(moment))


def clamp(arguments: Arguments) -> VectorPlan:
    vector, low, high = arguments.vector(0), arguments.scalar(1), arguments.scalar(2)
    return lambda moment: clamped(vector(moment), low(moment), high(moment))


def from_scalar(arguments: Arguments) -> VectorPlan:
    scalar = arguments.scalar(0)
    return lambda moment: [(EMPTY, scalar(moment))]


def sort(descending: bool) -> Callable[[Arguments], VectorPlan]:
    def build(arguments: Arguments) -> VectorPlan:
        vector = arguments.vector(0)
        return lambda moment: ordered(vector(moment), descending)

    return build


def timestamp(arguments: Arguments) -> VectorPlan:
    """Of a selector, when its samples were taken; of anything else, the time of the evaluation."""
    node = bare(arguments.nodes[0])
    if isinstance(node, promql.VectorSelector):
        vector = selectors.stamped(node)
        return lambda moment: elementwise(float, vector(moment))
    vector = arguments.vector(0)
    return lambda moment: elementwise(lambda _: moment.query.wall(moment.t), vector(moment))


def quantile_call(arguments: Arguments) -> VectorPlan:
    phi, matrix = arguments.scalar(0), arguments.matrix(1)

    def plan(moment: Moment) -> Vector:
        now = phi(moment)
        return over_range(lambda window: quantile_over_time(window, now), matrix)(moment)

    return plan


def predict_linear(arguments: Arguments) -> VectorPlan:
    matrix, ahead = arguments.matrix(0), arguments.scalar(1)

    def plan(moment: Moment) -> Vector:
        seconds = ahead(moment)

        def function(window: Window) -> float | None:
            return predicted(window, moment.t, seconds)

        return over_range(function, matrix)(moment)

    return plan


def holt_winters(arguments: Arguments) -> VectorPlan:
    matrix, factors = arguments.matrix(0), [arguments.scalar(i) for i in (1, 2)]

    def plan(moment: Moment) -> Vector:
        smoothing, trend = (factor(moment) for factor in factors)
        return over_range(lambda window: smoothed(window, smoothing, trend), matrix)(moment)

    return plan


def of_native_histograms(arguments: Arguments) -> VectorPlan:
    """Nothing: there are no native histograms here, and of other samples these functions give no result."""
    vector = arguments.vector(len(arguments) - 1)

    def plan(moment: Moment) -> Vector:
        vector(moment)
        return []

    return plan


def histogram_call(arguments: Arguments) -> VectorPlan:
    phi, buckets = arguments.scalar(0), arguments.vector(1)
    return lambda moment: unique(histogram_quantile(phi(moment), buckets(moment)))


def replace_call(arguments: Arguments) -> VectorPlan:
    vector, texts = arguments.vector(0), [arguments.text(i) for i in range(1, 5)]
    target, replacement, source, regex = texts
    return lambda moment: label_replace(vector(moment), target, replacement, source, regex, moment.query.check)


def join_call(arguments: Arguments) -> VectorPlan:
    vector, texts = arguments.vector(0), [arguments.text(i) for i in range(1, len(arguments))]
    return lambda moment: label_join(vector(moment), *texts)


def absent(arguments: Arguments) -> VectorPlan:
    vector, labels = arguments.vector(0), implied(arguments.nodes[0])
    return lambda moment: [] if vector(moment) else [(labels, 1.0)]


def absent_over_time(arguments: Arguments) -> VectorPlan:
    matrix, labels = arguments.matrix(0), implied(arguments.nodes[0])
    return lambda moment: [] if matrix(moment) else [(labels, 1.0)]


def implied(node: Any) -> Labels:
    """The labels that a selector demands to be equal, each once: those of the series that is absent."""
    node = bare(node)
    if isinstance(node, promql.MatrixSelector):
        node = node.vector_selector
    if not isinstance(node, promql.VectorSelector):
        return EMPTY
    conditions = [matcher for matcher in selectors.matchers(node) if matcher.name != NAME]
    names = [matcher.name for matcher in conditions]
    once = (m for m in conditions if m.operator == "=" and m.value and names.count(m.name) == 1)
    return tuple(sorted((matcher.name, matcher.value) for matcher in once))


CALLS: dict[str, Callable[[Arguments], VectorPlan]] = {
    "absent": absent,
    "absent_over_time": absent_over_time,
    "clamp": clamp,
    "histogram_count": of_native_histograms,
    "histogram_fraction": of_native_histograms,
    "histogram_quantile": histogram_call,
    "histogram_sum": of_native_histograms,
    "holt_winters": holt_winters,
    "label_join": join_call,
    "label_replace": replace_call,
    "predict_linear": predict_linear,
    "quantile_over_time": quantile_call,
    "sort": sort(descending=False),
    "sort_desc": sort(descending=True),
    "timestamp": timestamp,
    "vector": from_scalar,
}
