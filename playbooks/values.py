"""Typed values: what a parameter may be, what a step wants, and how both are written in a file or on a command line.

A value that is exactly ``$name`` is a ``Ref`` to a parameter and takes the parameter's type with it; there are
no templates, so a value can never become something of another kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from console.model.change import FactValue
from console.model.units import parse_duration

Value = bool | int | float | str
"""Durations are float seconds; percentages are shares (0.7)."""


@dataclass(frozen=True, slots=True)
class Ref:
    """``$name``: the value of a parameter."""

    name: str


class Want(StrEnum):
    """What a place in a playbook takes."""

    INT = "a whole number"
    DURATION = "a duration such as 90s, 2m or 1h30m"
    PERCENT = "a percentage such as 70%"
    BOOL = "true or false"
    WORD = "a plain word"
    RATE = "requests a minute such as 100/min"
    COMPONENT = "a component's id or alias"
    QUANTITY = "a number, a percentage or a duration"


_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_PERCENT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s?%")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")
_COMPONENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,252}")
_RATE = re.compile(r"([0-9]{1,9})/min")
_INT = re.compile(r"-?[0-9]{1,18}")


def convert(raw: object, want: Want) -> Value:
    """``raw`` (from a file or, as text, from a command line) as what is wanted; ValueError names what was expected."""
    try:
        value = _CONVERT[want](raw)
    except ValueError:
        value = None
    if value is None:
        raise ValueError(f"expected {want.value}, not {raw!r}")
    return value


def show(value: Value, want: Want) -> str:
    """As a person would write it in a file; ``convert`` reads it back as the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return f"{text}s" if want is Want.DURATION else text


def say(fact: FactValue) -> str:
    """A fact's value for a person: ``on``, ``off``, ``absent``, the number."""
    if fact is None:
        return "absent"
    if isinstance(fact, bool):
        return "on" if fact else "off"
    return f"{fact:g}" if isinstance(fact, float) else str(fact)


def _int(raw: object) -> Value | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    return int(raw) if isinstance(raw, str) and _INT.fullmatch(raw) else None


def _duration(raw: object) -> Value | None:
    return parse_duration(raw) if isinstance(raw, str) else None


def _percent(raw: object) -> Value | None:
    found = _PERCENT.fullmatch(raw) if isinstance(raw, str) else None
    return float(found[1]) / 100 if found else None


def _bool(raw: object) -> Value | None:
    if isinstance(raw, bool):
        return raw
    return {"true": True, "false": False}.get(raw) if isinstance(raw, str) else None


def _word(raw: object) -> Value | None:
    return raw if isinstance(raw, str) and _WORD.fullmatch(raw) else None


def _component(raw: object) -> Value | None:
    return raw if isinstance(raw, str) and _COMPONENT.fullmatch(raw) else None


def _rate(raw: object) -> Value | None:
    if not isinstance(raw, str):
        return _int(raw)
    found = _RATE.fullmatch(raw)
    return int(found[1]) if found else None


def _quantity(raw: object) -> Value | None:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw)
    if isinstance(raw, str) and _NUMBER.fullmatch(raw):
        return float(raw)
    return value if (value := _percent(raw)) is not None else _duration(raw)


_CONVERT = {
    Want.INT: _int,
    Want.DURATION: _duration,
    Want.PERCENT: _percent,
    Want.BOOL: _bool,
    Want.WORD: _word,
    Want.COMPONENT: _component,
    Want.RATE: _rate,
    Want.QUANTITY: _quantity,
}
