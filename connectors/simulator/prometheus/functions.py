"""PromQL's functions of numbers and of instant vectors, by name.

Each table is of one shape of function; ``compile.py`` binds them to their arguments.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from connectors.simulator.prometheus.expression import Match, expression
from connectors.simulator.prometheus.labels import Labels, label, nameless, with_label
from connectors.simulator.prometheus.numbers import everywhere, larger, rounded, sign, smaller, whole
from connectors.simulator.prometheus.values import ExecutionError, Vector, unique

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})", re.ASCII)


def clamp(value: float, low: float, high: float) -> float:
    return larger(low, smaller(high, value))


def clamped(vector: Vector, low: float, high: float) -> Vector:
    """Nothing when the bounds contradict each other."""
    return [] if high < low else elementwise(clamp, vector, low, high)


def elementwise(function: Callable[..., float], vector: Vector, *arguments: float) -> Vector:
    return unique([(nameless(labels), function(value, *arguments)) for labels, value in vector])


ELEMENTWISE: dict[str, Callable[..., float]] = {  # of a value, then of the further scalar arguments
    "abs": abs,
    "ceil": whole(math.ceil),
    "floor": whole(math.floor),
    "round": rounded,
    "sgn": sign,
    "exp": everywhere(math.exp),
    "sqrt": everywhere(math.sqrt),
    "ln": everywhere(math.log, below=-math.inf),
    "log2": everywhere(math.log2, below=-math.inf),
    "log10": everywhere(math.log10, below=-math.inf),
    "sin": everywhere(math.sin),
    "cos": everywhere(math.cos),
    "tan": everywhere(math.tan),
    "asin": everywhere(math.asin),
    "acos": everywhere(math.acos),
    "atan": math.atan,
    "sinh": everywhere(math.sinh),
    "cosh": everywhere(math.cosh),
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": everywhere(math.acosh),
    "atanh": everywhere(math.atanh),
    "deg": math.degrees,
    "rad": math.radians,
    "clamp_min": lambda value, low: larger(low, value),
    "clamp_max": lambda value, high: smaller(high, value),
}


def ordered(vector: Vector, descending: bool) -> Vector:
    """By value; NaN comes last either way."""
    direction = -1.0 if descending else 1.0
    return sorted(vector, key=lambda element: (math.isnan(element[1]), direction * element[1]))


def only(vector: Vector) -> float:
    """``scalar``: the one element's value; NaN unless there is exactly one."""
    return vector[0][1] if len(vector) == 1 else math.nan


def expanded(template: str, match: Match) -> str:
    """Go's template of a regular expression: ``$1``, ``${name}``, ``$$``; an unknown group is empty."""

    def group(reference: re.Match[str]) -> str:
        dollar, bare, braced = reference.groups()
        if dollar:
            return "$"
        name = bare or braced
        try:
            return match[int(name) if name.isdecimal() else name] or ""
        except IndexError:
            return ""

    return REFERENCE.sub(group, template)


def label_replace(
    vector: Vector, target: str, replacement: str, source: str, regex: str, check: Callable[[], None]
) -> Vector:
    """Raises ``ExecutionError`` for a bad expression or label name; ``check`` is called between two elements."""
    try:
        pattern = expression(regex)
    except ValueError:
        raise ExecutionError(f"invalid regular expression in label_replace(): {regex}") from None
    if not LABEL_NAME.fullmatch(target):
        raise ExecutionError(f"invalid destination label name in label_replace(): {target}")

    def relabelled(labels: Labels) -> Labels:
        check()
        match = pattern.fullmatch(label(labels, source))
        return with_label(labels, target, expanded(replacement, match)) if match else labels

    return unique([(relabelled(labels), value) for labels, value in vector])


def label_join(vector: Vector, target: str, separator: str, *sources: str) -> Vector:
    """Raises ``ExecutionError`` for a bad label name."""
    for name, role in [(target, "destination"), *((source, "source") for source in sources)]:
        if not LABEL_NAME.fullmatch(name):
            raise ExecutionError(f"invalid {role} label name in label_join(): {name}")
    return unique(
        [
            (with_label(labels, target, separator.join(label(labels, source) for source in sources)), value)
            for labels, value in vector
        ]
    )
