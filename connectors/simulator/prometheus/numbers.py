"""Arithmetic as Go and Prometheus do it: nothing raises, what has no answer is NaN or an infinity."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def total(values: Sequence[float]) -> float:
    """The sum without loss to rounding; infinities and overflows as plain addition has them."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return sum(values)


def variance(values: Sequence[float]) -> float:
    """The population variance, by Welford's recurrence: exactly 0 for equal values."""
    mean = spread = 0.0
    for count, value in enumerate(values, start=1):
        distance = value - mean
        mean += distance / count
        spread += distance * (value - mean)
    return spread / len(values)


def quantile(phi: float, values: Sequence[float]) -> float:
    """The φ-quantile, interpolated between neighbours; outside 0..1 an infinity, NaN for no values."""
    if not values or math.isnan(phi):
        return math.nan
    if phi < 0:
        return -math.inf
    if phi > 1:
        return math.inf
    ordered = sorted(values, key=lambda v: (not math.isnan(v), v))  # NaN is the smallest
    rank = phi * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    weight = rank - low
    return ordered[low] * (1 - weight) + ordered[high] * weight


def divide(a: float, b: float) -> float:
    if b:
        return a / b
    if a == 0 or math.isnan(a) or math.isnan(b):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def remainder(a: float, b: float) -> float:
    """With the sign of ``a``, as C's fmod."""
    return math.nan if b == 0 or math.isinf(a) else math.fmod(a, b)


def power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        if a != 0:
            return math.nan  # a root of a negative number
        return math.copysign(math.inf, a) if b % 2 == 1 else math.inf


def rounded(value: float, nearest: float = 1.0) -> float:
    """To the nearest multiple, halves up, with the inverse that Prometheus uses to avoid rounding errors."""
    inverse = divide(1.0, nearest)
    return divide(whole(math.floor)(value * inverse + 0.5), inverse)


def whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """A rounding of the standard library that lets NaN and infinities pass."""

    def apply(value: float) -> float:
        return float(function(value)) if math.isfinite(value) else value

    return apply


def everywhere(function: Callable[[float], float], below: float = math.nan) -> Callable[[float], float]:
    """A function of the standard library that always answers: outside its domain ``below`` at 0 and NaN elsewhere."""

    def apply(value: float) -> float:
        try:
            return function(value)
        except OverflowError:
            return math.inf
        except ValueError:
            return below if value == 0 else math.nan

    return apply


def larger(a: float, b: float) -> float:
    """As Go's Max: an infinity that is larger than all wins over NaN, and NaN over the rest."""
    if math.inf in (a, b):
        return math.inf
    return math.nan if math.isnan(a) or math.isnan(b) else max(a, b)


def smaller(a: float, b: float) -> float:
    """As Go's Min."""
    return -larger(-a, -b)


def sign(value: float) -> float:
    return value if value == 0 or math.isnan(value) else math.copysign(1.0, value)


def shortest(value: float) -> str:
    """The shortest decimal that reads back as the same number, without an exponent; ``+Inf``, ``-Inf``, ``NaN``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        text = expanded(text)
    return text.removesuffix(".0")


def expanded(text: str) -> str:
    """A decimal with an exponent, written out."""
    mantissa, exponent = text.split("e")
    minus = "-" if mantissa.startswith("-") else ""
    head, _, tail = mantissa.lstrip("-").partition(".")
    shift = int(exponent)
    if shift < 0:
        return f"{minus}0.{'0' * (-shift - 1)}{head}{tail}"
    return f"{minus}{head}{tail.ljust(shift, '0')}"
