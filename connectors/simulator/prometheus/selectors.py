"""Selectors and subqueries: where a query meets the store, and where its time is shifted (``offset``, ``@``)."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from promql_parser import AtModifierType, MatchOp, MatrixSelector, SubqueryExpr, VectorSelector

from connectors.simulator.prometheus.labels import NAME, Labels
from connectors.simulator.prometheus.matcher import Matcher
from connectors.simulator.prometheus.series import Series
from connectors.simulator.prometheus.values import (
    BadQueryError,
    Matrix,
    MatrixPlan,
    Moment,
    Query,
    Vector,
    VectorPlan,
    Window,
)

DEFAULT_STEP = 60_000  # ms; Prometheus's default evaluation interval
AT = re.compile(r"@ ([0-9.]+)")
FAREST = 2**63 / 1000  # seconds
OPERATORS = ((MatchOp.Equal, "="), (MatchOp.NotEqual, "!="), (MatchOp.Re, "=~"), (MatchOp.NotRe, "!~"))

Shift = Callable[[Moment], int]


def milliseconds(duration: timedelta | None) -> int:
    return 0 if duration is None else round(duration.total_seconds() * 1000)


def shift(node: VectorSelector | SubqueryExpr) -> Shift:
    """From a moment to the time (simulated ms) at which the selector looks: ``@`` first, then ``offset``."""
    back = milliseconds(node.offset)
    if node.at is None:
        return lambda moment: moment.t - back
    if node.at.type == AtModifierType.Start:
        return lambda moment: moment.query.start - back
    if node.at.type == AtModifierType.End:
        return lambda moment: moment.query.end - back
    wall = at_time(node)
    return lambda moment: moment.query.sim(wall) - back


def at_time(node: VectorSelector | SubqueryExpr) -> float:
    """The epoch seconds of ``@``, read from the printed node: the binding's own attribute panics before 1970.

    A time before 1970 is printed as 0, and there is no sample at either. Raises ``BadQueryError`` for one whose
    milliseconds have no 64 bits, as Prometheus does.
    """
    wall = float(AT.findall(node.prettify())[-1])
    if wall >= FAREST:
        raise BadQueryError(f"parse error: timestamp out of bounds for @ modifier: {wall:f}")
    return wall


def matchers(node: VectorSelector) -> tuple[Matcher, ...]:
    """Raises ``BadQueryError`` for an expression that Python cannot compile, and for ``or`` between matchers."""
    if node.matchers.or_matchers:
        raise BadQueryError('parse error: "or" between label matchers is not supported')
    name = [Matcher.of(NAME, "=", node.name)] if node.name else []
    return (*name, *(matcher(m) for m in node.matchers.matchers))


def matcher(node: Any) -> Matcher:
    operator = next(symbol for op, symbol in OPERATORS if op == node.op)
    try:
        return Matcher.of(node.name, operator, node.value)
    except ValueError as error:
        raise BadQueryError(f"parse error: {error}") from None


def found(query: Query, conditions: tuple[Matcher, ...]) -> list[Series]:
    """The series of a selector, looked up once a query."""
    series = query.found.get(id(conditions))
    if series is None:
        series = query.found[id(conditions)] = query.store.select(conditions, query.check)
    return series


def selected(node: VectorSelector) -> VectorPlan:
    """An instant vector: the newest sample of each series."""
    samples = sampled(node)
    return lambda moment: [(labels, value) for labels, _, value in samples(moment)]


def stamped(node: VectorSelector) -> VectorPlan:
    """Like ``selected``, with the time at which each sample was taken (wall seconds) for its value."""
    samples = sampled(node)
    return lambda moment: [(labels, moment.query.wall(t)) for labels, t, _ in samples(moment)]


def sampled(node: VectorSelector) -> Callable[[Moment], list[tuple[Labels, int, float]]]:
    conditions, look = matchers(node), shift(node)

    def plan(moment: Moment) -> list[tuple[Labels, int, float]]:
        t = look(moment)
        moment.query.check()
        pairs = ((series.labels, series.at(t)) for series in found(moment.query, conditions))
        return [(labels, *sample) for labels, sample in pairs if sample is not None]

    return plan


def ranged(node: MatrixSelector) -> MatrixPlan:
    """A range vector: all samples of each series in the range, both ends included, as Prometheus 2 has it."""
    conditions, look = matchers(node.vector_selector), shift(node.vector_selector)
    length = milliseconds(node.range)

    def plan(moment: Moment) -> Matrix:
        end = look(moment)
        start = end - length
        columns = ((series.labels, series.between(start, end)) for series in found(moment.query, conditions))
        windows = [Window(labels, times, values, start, end) for labels, (times, values) in columns if times]
        moment.query.charge(sum(len(window.times) for window in windows))
        return windows

    return plan


def subquery(node: SubqueryExpr, inner: VectorPlan) -> MatrixPlan:
    """A range vector made by evaluating ``inner`` at the multiples of the step within the range."""
    look, length = shift(node), milliseconds(node.range)
    step = milliseconds(node.step) or DEFAULT_STEP

    def plan(moment: Moment) -> Matrix:
        end = look(moment)
        start = end - length
        windows: dict[Labels, Window] = {}
        for t in range(-(-start // step) * step, end + 1, step):
            vector = remembered(inner, moment, t)
            moment.query.charge(1 + len(vector))
            for labels, value in vector:
                window = windows.get(labels)
                if window is None:
                    window = windows[labels] = Window(labels, array("q"), array("d"), start, end)
                window.times.append(t)
                window.values.append(value)
        return list(windows.values())

    return plan


def remembered(inner: VectorPlan, moment: Moment, t: int) -> Vector:
    """``inner`` at ``t``; the steps of a range query ask for the same times again and again."""
    key = (id(inner), t)
    vector = moment.query.inner.get(key)
    if vector is None:
        vector = moment.query.inner[key] = inner(Moment(t, moment.query))
        moment.query.hold(1 + len(vector))
    return vector
