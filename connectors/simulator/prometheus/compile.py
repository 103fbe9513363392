"""From PromQL's text to plans, over promql-parser's syntax tree.

The tree lives in Rust and every look at it costs a conversion, so a query is compiled once to closures and
kept by its text. The parser has already checked types and arities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import promql_parser as promql

from connectors.simulator.prometheus import selectors
from connectors.simulator.prometheus.aggregate import REDUCTIONS, Grouping, counted, quantiles, ranked, reduced
from connectors.simulator.prometheus.binary import (
    SETS,
    Matching,
    Operator,
    scalar_vector,
    scalars,
    sets,
    vector_scalar,
    vectors,
)
from connectors.simulator.prometheus.calls import Arguments, scalar_call, text, unsupported, vector_call
from connectors.simulator.prometheus.functions import elementwise
from connectors.simulator.prometheus.store import Matcher
from connectors.simulator.prometheus.values import (
    BadQueryError,
    ExecutionError,
    MatrixPlan,
    ScalarPlan,
    VectorPlan,
)

MAX_LENGTH = 4096  # characters; deeper nesting than fits here overflows the parser's stack and ends the process

MANY = ((promql.VectorMatchCardinality.ManyToOne, "left"), (promql.VectorMatchCardinality.OneToMany, "right"))


@dataclass(frozen=True, slots=True)
class ScalarQuery:
    plan: ScalarPlan


@dataclass(frozen=True, slots=True)
class VectorQuery:
    plan: VectorPlan


@dataclass(frozen=True, slots=True)
class MatrixQuery:
    plan: MatrixPlan


@dataclass(frozen=True, slots=True)
class TextQuery:
    text: str


Compiled = ScalarQuery | VectorQuery | MatrixQuery | TextQuery


@lru_cache(maxsize=512)
def compiled(query: str) -> Compiled:
    """Raises ``BadQueryError`` for what is not PromQL, ``ExecutionError`` for a function that is not supported."""
    node = parsed(query)
    try:
        return of_kind(node)
    except RecursionError:
        raise ExecutionError("the expression is nested too deeply") from None


def parsed(query: str) -> Any:
    if len(query) > MAX_LENGTH:
        raise BadQueryError(f"parse error: the query is longer than {MAX_LENGTH} characters")
    try:
        return promql.parse(query)
    except ValueError as error:
        raise BadQueryError(f"parse error: {error}") from None


@lru_cache(maxsize=512)
def series_selector(query: str) -> tuple[Matcher, ...]:
    """The matchers of a ``match[]`` parameter. Raises ``BadQueryError`` for anything but an instant selector."""
    node = parsed(query)
    if not isinstance(node, promql.VectorSelector):
        raise BadQueryError("parse error: expected an instant vector selector")
    return selectors.matchers(node)


def of_kind(node: Any) -> Compiled:
    match kind(node):
        case "scalar":
            return ScalarQuery(scalar(node))
        case "vector":
            return VectorQuery(vector(node))
        case "matrix":
            return MatrixQuery(matrix(node))
        case _:
            return TextQuery(text(node))


def kind(node: Any) -> str:
    """The type of an expression: "scalar", "vector", "matrix" or "string"."""
    match node:
        case promql.ParenExpr() | promql.UnaryExpr():
            return kind(node.expr)
        case promql.NumberLiteral():
            return "scalar"
        case promql.StringLiteral():
            return "string"
        case promql.MatrixSelector() | promql.SubqueryExpr():
            return "matrix"
        case promql.Call():
            return str(node.func.return_type).rpartition(".")[2].lower()
        case promql.BinaryExpr():
            return "scalar" if kind(node.lhs) == kind(node.rhs) == "scalar" else "vector"
        case _:
            return "vector"


def scalar(node: Any) -> ScalarPlan:
    match node:
        case promql.ParenExpr():
            return scalar(node.expr)
        case promql.UnaryExpr():
            operand = scalar(node.expr)
            return lambda moment: -operand(moment)
        case promql.NumberLiteral():
            number: float = node.val
            return lambda moment: number
        case promql.Call():
            return scalar_call(node.func.name, arguments(node))
        case _:
            op, left, right = operator(node), scalar(node.lhs), scalar(node.rhs)
            return lambda moment: scalars(op, left(moment), right(moment))


def vector(node: Any) -> VectorPlan:
    match node:
        case promql.ParenExpr():
            return vector(node.expr)
        case promql.UnaryExpr():
            operand = vector(node.expr)
            return lambda moment: elementwise(float.__neg__, operand(moment))
        case promql.VectorSelector():
            return selectors.selected(node)
        case promql.Call():
            return vector_call(node.func.name, arguments(node))
        case promql.AggregateExpr():
            return aggregate(node)
        case _:
            return binary(node)


def matrix(node: Any) -> MatrixPlan:
    match node:
        case promql.ParenExpr():
            return matrix(node.expr)
        case promql.MatrixSelector():
            return selectors.ranged(node)
        case _:
            return selectors.subquery(node, as_vector(node.expr))


def as_vector(node: Any) -> VectorPlan:
    """A scalar under a subquery counts as a vector of one element without labels."""
    if kind(node) == "vector":
        return vector(node)
    plan = scalar(node)
    return lambda moment: [((), plan(moment))]


def arguments(node: Any) -> Arguments:
    return Arguments(tuple(node.args), scalar, vector, matrix)


def operator(node: Any) -> Operator:
    return Operator(str(node.op), as_bool=node.modifier is not None and node.modifier.return_bool)


def binary(node: Any) -> VectorPlan:
    if kind(node.lhs) == "scalar":
        return scalar_and_vector(node)
    if kind(node.rhs) == "scalar":
        return vector_and_scalar(node)
    symbol, by = str(node.op), matching(node.modifier)
    left, right = vector(node.lhs), vector(node.rhs)
    if symbol in SETS:
        return lambda moment: sets(symbol, by, left(moment), right(moment))
    op = operator(node)
    return lambda moment: vectors(op, by, left(moment), right(moment))


def scalar_and_vector(node: Any) -> VectorPlan:
    op, left, right = operator(node), scalar(node.lhs), vector(node.rhs)
    return lambda moment: scalar_vector(op, left(moment), right(moment))


def vector_and_scalar(node: Any) -> VectorPlan:
    op, left, right = operator(node), vector(node.lhs), scalar(node.rhs)
    return lambda moment: vector_scalar(op, left(moment), right(moment))


def matching(modifier: Any) -> Matching:
    if modifier is None:
        return Matching()
    many = next((side for cardinality, side in MANY if cardinality == modifier.card), "")
    include = tuple(modifier.group_labels or ())
    if modifier.matching is None:
        return Matching(many=many, include=include)
    on = modifier.matching.type == promql.LabelModifierType.Include
    return Matching(frozenset(modifier.matching.labels), on, many, include)


def grouping(modifier: Any) -> Grouping:
    if modifier is None:
        return Grouping()
    return Grouping(frozenset(modifier.labels), without=modifier.type == promql.AggModifierType.Without)


def aggregate(node: Any) -> VectorPlan:
    name, by, operand = str(node.op), grouping(node.modifier), vector(node.expr)
    if name in REDUCTIONS:
        reduction = REDUCTIONS[name]
        return lambda moment: reduced(reduction, by, operand(moment))
    if name == "count_values":
        label = text(node.param)
        return lambda moment: counted(label, by, operand(moment))
    if name not in ("topk", "bottomk", "quantile"):
        raise unsupported(name)
    parameter = scalar(node.param)
    if name == "quantile":
        return lambda moment: quantiles(parameter(moment), by, operand(moment))
    return lambda moment: ranked(parameter(moment), by, operand(moment), largest=name == "topk")
