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
from connectors.simulator.prometheus.labels import EMPTY
from connectors.simulator.prometheus.matcher import Matcher
from connectors.simulator.prometheus.values import (
    BadQueryError,
    ExecutionError,
    MatrixPlan,
    ScalarPlan,
    VectorPlan,
)

MAX_LENGTH = 4096  # characters; deeper nesting than fits here overflows the parser's stack and ends the process

# Prometheus 3 renamed this function, and the parser knows no other name since.
HOLT_WINTERS = promql.Function(
    "holt_winters", [promql.ValueType.Matrix, promql.ValueType.Scalar, promql.ValueType.Scalar], promql.ValueType.Vector
)
promql.register_extra_functions([HOLT_WINTERS])

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
        return of(node)
    except RecursionError:
        raise ExecutionError("the expression is nested too deeply") from None
    except (OverflowError, ValueError) as error:  # a duration or a time in the tree that Python cannot hold
        raise BadQueryError(f"parse error: {error}") from None


def parsed(query: str) -> Any:
    if len(query) > MAX_LENGTH:
        raise BadQueryError(f"parse error: the query is longer than {MAX_LENGTH} characters")
    try:
        return promql.parse(query)
    except ValueError as error:
        raise BadQueryError(f"parse error: {error}") from None


def pretty(query: str) -> str:
    """In one line, spaced as Prometheus prints an expression. Raises ``BadQueryError``."""
    joined = " ".join(line.strip() for line in prettified(query).splitlines())
    return joined.replace("( ", "(").replace(" )", ")")


def prettified(query: str) -> str:
    """In lines, as Prometheus's formatter breaks them. Raises ``BadQueryError``."""
    text: str = parsed(query).prettify()
    return text


@lru_cache(maxsize=512)
def series_selector(query: str) -> tuple[Matcher, ...]:
    """The matchers of a ``match[]`` parameter. Raises ``BadQueryError`` for anything but an instant selector."""
    node = parsed(query)
    if not isinstance(node, promql.VectorSelector):
        raise BadQueryError("parse error: expected an instant vector selector")
    return selectors.matchers(node)


def of(node: Any) -> Compiled:
    """A node and all below it, in one walk: the tree copies what is below a node each time it is looked at."""
    match node:
        case promql.ParenExpr():
            return of(node.expr)
        case promql.NumberLiteral():
            return number(node.val)
        case promql.StringLiteral():
            return TextQuery(node.val)
        case promql.VectorSelector():
            return VectorQuery(selectors.selected(node))
        case promql.MatrixSelector():
            return MatrixQuery(selectors.ranged(node))
        case promql.SubqueryExpr():
            return MatrixQuery(selectors.subquery(node, as_vector(of(node.expr))))
        case promql.UnaryExpr():
            return negated(of(node.expr))
        case promql.BinaryExpr():
            return binary(node)
        case promql.AggregateExpr():
            return VectorQuery(aggregate(node))
        case _:
            return call(node)


def scalar(node: Any) -> ScalarPlan:
    found = of(node)
    if not isinstance(found, ScalarQuery):
        raise mistyped("scalar")
    return found.plan


def vector(node: Any) -> VectorPlan:
    found = of(node)
    if not isinstance(found, VectorQuery):
        raise mistyped("instant vector")
    return found.plan


def matrix(node: Any) -> MatrixPlan:
    found = of(node)
    if not isinstance(found, MatrixQuery):
        raise mistyped("range vector")
    return found.plan


def mistyped(expected: str) -> BadQueryError:
    return BadQueryError(f"parse error: expected type {expected}")


def number(value: float) -> ScalarQuery:
    return ScalarQuery(lambda moment: value)


def negated(operand: Compiled) -> Compiled:
    match operand:
        case ScalarQuery(scalar_plan):
            return ScalarQuery(lambda moment: -scalar_plan(moment))
        case VectorQuery(vector_plan):
            return VectorQuery(lambda moment: elementwise(float.__neg__, vector_plan(moment)))
        case _:
            raise mistyped("scalar or instant vector")


def as_vector(operand: Compiled) -> VectorPlan:
    """A scalar under a subquery counts as a vector of one element without labels."""
    match operand:
        case ScalarQuery(scalar_plan):
            return lambda moment: [(EMPTY, scalar_plan(moment))]
        case VectorQuery(vector_plan):
            return vector_plan
        case _:
            raise mistyped("instant vector")


def call(node: Any) -> Compiled:
    name, given = node.func.name, Arguments(tuple(node.args), scalar, vector, matrix)
    if node.func.return_type == promql.ValueType.Scalar:
        return ScalarQuery(scalar_call(name, given))
    return VectorQuery(vector_call(name, given))


def binary(node: Any) -> Compiled:
    op = Operator(str(node.op), as_bool=node.modifier is not None and node.modifier.return_bool)
    match of(node.lhs), of(node.rhs):
        case ScalarQuery(number_left), ScalarQuery(number_right):
            return ScalarQuery(lambda moment: scalars(op, number_left(moment), number_right(moment)))
        case ScalarQuery(number_left), VectorQuery(right):
            return VectorQuery(lambda moment: scalar_vector(op, number_left(moment), right(moment)))
        case VectorQuery(left), ScalarQuery(number_right):
            return VectorQuery(lambda moment: vector_scalar(op, left(moment), number_right(moment)))
        case VectorQuery(left), VectorQuery(right):
            return VectorQuery(between(op, matching(node.modifier), left, right))
        case _:
            raise mistyped("scalar or instant vector")


def between(op: Operator, by: Matching, left: VectorPlan, right: VectorPlan) -> VectorPlan:
    if op.symbol in SETS:
        return lambda moment: sets(op.symbol, by, left(moment), right(moment))
    return lambda moment: vectors(op, by, left(moment), right(moment))


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
