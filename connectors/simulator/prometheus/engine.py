"""Runs compiled queries at one time or over a range of times, and gives them the API's shape.

The API speaks wall time and the store simulated time. Each point of a range is mapped by itself, so a range is
right also when the speed has changed within it; its step is thereby the asked step × the speed of that time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.compile import MatrixQuery, ScalarQuery, TextQuery, VectorQuery, compiled
from connectors.simulator.prometheus.labels import EMPTY, Labels
from connectors.simulator.prometheus.numbers import shortest
from connectors.simulator.prometheus.parameters import Span
from connectors.simulator.prometheus.store import Store
from connectors.simulator.prometheus.values import BadQueryError, ExecutionError, Matrix, Moment, Query, Vector, unique

Answer = dict[str, Any]  # the "data" of an answer, ready for JSON


@dataclass(frozen=True, slots=True)
class Engine:
    """Evaluates queries over a store."""

    store: Store
    clock: SimClock

    def instant(self, query: str, wall: float) -> Answer:
        """At one wall time (epoch seconds). Raises ``QueryError``."""
        t = self._sim(wall)
        moment = Moment(t, Query(self.store, self.clock, t, t))
        try:
            return answered(query, moment, number(wall))
        except RecursionError:
            raise ExecutionError("the expression is nested too deeply") from None

    def vector(self, query: str, t: int) -> Vector:
        """For rules, at simulated ms; a scalar counts as one element without labels. Raises ``QueryError``."""
        try:
            return step(compiled(query), Moment(t, Query(self.store, self.clock, t, t)))
        except RecursionError:
            raise ExecutionError("the expression is nested too deeply") from None

    def over_range(self, query: str, span: Span) -> Answer:
        """At each point of a span of wall times. Raises ``QueryError``."""
        *_, answer = self.points(query, span)
        assert answer is not None
        return answer

    def points(self, query: str, span: Span) -> Iterator[Answer | None]:
        """The same, None after each point, so that others may be served between two of them; the answer is last."""
        context = Query(self.store, self.clock, self._sim(span.start), self._sim(span.end))
        plan = compiled(query)
        columns: dict[Labels, list[list[Any]]] = {}
        for wall in span.points():
            context.began = monotonic()
            stamp = number(wall)
            for labels, value in step(plan, Moment(self._sim(wall), context)):
                columns.setdefault(labels, []).append([stamp, shortest(value)])
            yield None
        series = [{"metric": dict(labels), "values": columns[labels]} for labels in sorted(columns)]
        yield {"resultType": "matrix", "result": series}

    def _sim(self, wall: float) -> int:
        """Simulated ms."""
        return round(self.clock.sim(wall) * 1000)


def step(plan: ScalarQuery | VectorQuery | MatrixQuery | TextQuery, moment: Moment) -> Vector:
    """One point of a range query."""
    match plan:
        case ScalarQuery():
            return [(EMPTY, plan.plan(moment))]
        case VectorQuery():
            return unique(plan.plan(moment))
        case MatrixQuery():
            kind = "range vector"
        case TextQuery():
            kind = "string"
    raise BadQueryError(f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector')


def answered(query: str, moment: Moment, wall: float) -> Answer:
    plan = compiled(query)
    match plan:
        case ScalarQuery():
            return {"resultType": "scalar", "result": [wall, shortest(plan.plan(moment))]}
        case TextQuery():
            return {"resultType": "string", "result": [wall, plan.text]}
        case VectorQuery():
            return {"resultType": "vector", "result": elements(unique(plan.plan(moment)), wall)}
        case MatrixQuery():
            return {"resultType": "matrix", "result": rows(plan.plan(moment), moment.query)}


def elements(vector: Vector, wall: float) -> list[Answer]:
    return [{"metric": dict(labels), "value": [wall, shortest(value)]} for labels, value in vector]


def rows(matrix: Matrix, query: Query) -> list[Answer]:
    return [
        {
            "metric": dict(window.labels),
            "values": [
                [number(query.wall(t)), shortest(value)] for t, value in zip(window.times, window.values, strict=True)
            ],
        }
        for window in matrix
    ]


def number(wall: float) -> float:
    """Seconds to the millisecond; an integer when it is one, as Prometheus prints it."""
    rounded = round(wall, 3)
    return int(rounded) if rounded == int(rounded) else rounded
