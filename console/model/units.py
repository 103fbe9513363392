"""Numbers as people read and write them. Values are base units: seconds, bytes, ratios 0..1."""

from __future__ import annotations

import re

from console.model.signal import Unit

UNKNOWN = "?"
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> float:
    """Seconds in ``90s``, ``2m``, ``1h30m``, ``200ms``; ValueError says what was expected."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"expected a duration such as 90s, 2m or 1h30m, not {text!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def parse_quantity(text: str) -> float:
    """Base units in ``70%``, ``200ms``, ``2m``, ``100/s`` or ``1.5``; ValueError says what was expected."""
    number = text.removesuffix("%").removesuffix("/s")
    try:
        return float(number) / 100 if text.endswith("%") else float(number)
    except ValueError:
        pass
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"expected a number with its unit such as 70%, 200ms or 100/s, not {text!r}") from None


def show_duration(seconds: float) -> str:
    """At most two parts: ``180ms``, ``42s``, ``5m10s``, ``5h10m``, ``3d4h``."""
    if seconds < 0:
        return "-" + show_duration(-seconds)
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f}s"
    whole = round(seconds)
    for unit, size, below, small in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            rest = (whole % size) // small
            return f"{whole // size}{unit}" + (f"{rest}{below}" if rest else "")
    return f"{whole}s"


def show_number(value: float) -> str:
    """Three significant figures with k, M, G: ``512``, ``8.4k``, ``48.2k``, ``1.2M``."""
    size = abs(value)
    for suffix, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= scale * 0.9995:
            scaled = value / scale
            return f"{scaled:.0f}{suffix}" if abs(scaled) >= 99.95 else f"{scaled:.1f}{suffix}"
    if size >= 9.95 or value == int(value):
        return f"{value:.0f}"
    if size < 0.005:
        return "~0"
    return f"{value:.1f}" if size >= 1 else f"{value:.2f}"


def show_bytes(value: float) -> str:
    """Binary multiples: ``512B``, ``1.5Ki``, ``97Mi``, ``4.0Gi``."""
    for suffix, scale in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if abs(value) >= scale:
            scaled = value / scale
            return f"{scaled:.0f}{suffix}" if abs(scaled) >= 10 else f"{scaled:.1f}{suffix}"
    return f"{value:.0f}B"


def show_ratio(value: float) -> str:
    """A percentage, with one decimal where the whole number would hide it: ``71%``, ``0.4%``."""
    percent = value * 100
    if percent == 0 or abs(percent) >= 9.95:
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if abs(percent) >= 0.1 else f"{percent:.2f}%"


def show(value: float | None, unit: Unit) -> str:
    """The value with its unit; ``?`` when it is not known."""
    if value is None:
        return UNKNOWN
    if unit is Unit.RATIO:
        return show_ratio(value)
    if unit is Unit.SECONDS:
        return show_duration(value)
    if unit is Unit.BYTES:
        return show_bytes(value)
    suffix = "/s" if unit is Unit.PER_SECOND else ""
    return show_number(value) + suffix
