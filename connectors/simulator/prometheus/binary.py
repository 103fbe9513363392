"""PromQL's binary operators: arithmetic and comparison, between scalars and vectors, and the matching of vectors.

The rules are those of https://prometheus.io/docs/prometheus/latest/querying/operators/.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

from connectors.simulator.prometheus.labels import NAME, Labels, drop, keep, label, nameless, with_label, written
from connectors.simulator.prometheus.numbers import divide, power, remainder
from connectors.simulator.prometheus.values import ExecutionError, Vector, unique

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "%": remainder,
    "^": power,
    "atan2": math.atan2,
}
COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
SETS = ("and", "or", "unless")


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator on two numbers. A comparison filters, unless ``as_bool`` makes it answer 0 or 1."""

    symbol: str
    as_bool: bool = False

    @property
    def filters(self) -> bool:
        return self.symbol in COMPARISON and not self.as_bool

    def __call__(self, left: float, right: float) -> float | None:
        """The result; None when a filter takes the element out. A filter keeps the left number."""
        if self.symbol in ARITHMETIC:
            return ARITHMETIC[self.symbol](left, right)
        true = COMPARISON[self.symbol](left, right)
        if self.as_bool:
            return float(true)
        return left if true else None


def scalars(op: Operator, left: float, right: float) -> float:
    """Between scalars a comparison is always a ``bool`` one; the parser insists on it."""
    result = op(left, right)
    return math.nan if result is None else result


def vector_scalar(op: Operator, vector: Vector, right: float) -> Vector:
    results = [(labels, value, op(value, right)) for labels, value in vector]
    return named(op, results)


def scalar_vector(op: Operator, left: float, vector: Vector) -> Vector:
    results = [(labels, value, op(left, value)) for labels, value in vector]
    return named(op, results)


def named(op: Operator, results: list[tuple[Labels, float, float | None]]) -> Vector:
    """A filter keeps names and the vector's own values; anything else makes new numbers, which have no name."""
    if op.filters:
        return [(labels, value) for labels, value, result in results if result is not None]
    return unique([(nameless(labels), result) for labels, _, result in results if result is not None])


@dataclass(frozen=True, slots=True)
class Matching:
    """Which elements of two vectors belong together."""

    names: frozenset[str] = frozenset()
    on: bool = False  # match on the names; otherwise on all labels but the names
    many: str = ""  # the side that may have several elements a match: "left", "right" or neither
    include: tuple[str, ...] = ()  # labels copied from the one side

    def key(self, labels: Labels) -> Labels:
        """What must be equal on both sides."""
        return keep(labels, self.names) if self.on else drop(labels, self.names | {NAME})

    def group(self, labels: Labels) -> Labels:
        """The labels of a one-to-one result, whose name is dropped elsewhere."""
        return keep(labels, self.names) if self.on else drop(labels, self.names)


def vectors(op: Operator, matching: Matching, left: Vector, right: Vector) -> Vector:
    """Between vectors. Raises ``ExecutionError`` when elements match more often than the matching allows."""
    if not left or not right:
        return []
    swapped = matching.many == "right"
    many, one = (right, left) if swapped else (left, right)
    partners = by_key(matching, one, "left" if swapped else "right")
    matched: dict[Labels, set[Labels]] = {}
    results: Vector = []
    for labels, value in many:
        key = matching.key(labels)
        if key not in partners:
            continue
        other_labels, other = partners[key]
        result = op(other, value) if swapped else op(value, other)
        if result is None:
            continue
        made = result_labels(op, matching, labels, other_labels)
        claim(matching, matched.setdefault(key, set()), made)
        results.append((made, result))
    return results


def by_key(matching: Matching, one: Vector, side: str) -> dict[Labels, tuple[Labels, float]]:
    partners: dict[Labels, tuple[Labels, float]] = {}
    for labels, value in one:
        key = matching.key(labels)
        if key in partners:
            raise ExecutionError(
                f"found duplicate series for the match group {written(key)} on the {side} hand-side of the operation: "
                f"[{written(labels)}, {written(partners[key][0])}];many-to-many matching not allowed: "
                "matching labels must be unique on one side"
            )
        partners[key] = (labels, value)
    return partners


def claim(matching: Matching, taken: set[Labels], made: Labels) -> None:
    """Records a result of a match group; the group may give several only when one side is declared to be many."""
    if not matching.many and taken:
        raise ExecutionError(
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        )
    if made in taken:
        raise ExecutionError("multiple matches for labels: grouping labels must ensure unique matches")
    taken.add(made)


def result_labels(op: Operator, matching: Matching, labels: Labels, other: Labels) -> Labels:
    made = labels if op.filters else nameless(labels)
    if not matching.many:
        return matching.group(made)
    for name in matching.include:
        made = with_label(made, name, label(other, name))
    return made


def sets(symbol: str, matching: Matching, left: Vector, right: Vector) -> Vector:
    """``and``, ``or``, ``unless``: elements pass whole, only their labels are compared."""
    if symbol == "or":
        present = {matching.key(labels) for labels, _ in left}
        return left + [element for element in right if matching.key(element[0]) not in present]
    present = {matching.key(labels) for labels, _ in right}
    wanted = symbol == "and"
    return [element for element in left if (matching.key(element[0]) in present) is wanted]
