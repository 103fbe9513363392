"""Ready signals for well-known exporters: TOML files of queries with units and rules, one file an exporter.

A preset is data, so that adding an exporter needs no code. ``$match`` in a query is the operator's own selector
(``ingress="shop"``); it stands last in its braces, where PromQL allows a trailing comma, so it may be empty.
``$window`` is what a counter is looked back on for its rate: it must hold two scrapes, so the minute that fits scrapes
of up to twenty seconds is the operator's to widen.

A preset's rules say what is unusual for that exporter's signals. They stand below the operator's rules and above the
defaults, on each alias that uses the preset.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from connectors import ConnectorError
from console.model.component import ComponentId, Health
from console.model.rules import Rule
from console.model.signal import Unit
from console.model.units import parse_duration, parse_quantity

MATCH = "$match"
WINDOW = "$window"
MINUTE = "1m"  # the usual window: four scrapes, fifteen seconds apart
_STRING = r""" "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*` """
_MATCHER = rf"\s* [A-Za-z_]\w* \s* (?:=~|!~|!=|=) \s* (?:{_STRING}) \s*"
_SELECTOR = re.compile(rf"\s* (?: {_MATCHER} (?:,{_MATCHER})* ,? )? \s*", re.VERBOSE)
IMPLIED = frozenset({"hit_rate", "memory_ratio", "connections_ratio", "growth", "drain"})  # see console.model.derive


@dataclass(frozen=True, slots=True)
class Query:
    """One signal of one component, as an instant query that answers with one number.

    ``absent`` says when a healthy system has no such series; empty where it always has, or nobody said.
    """

    component: ComponentId
    signal: str
    expr: str
    unit: Unit
    absent: str = ""


class PresetSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signal of a preset file. ``query`` answers in base units of ``unit``.

    ``absent`` says why a healthy system may have no such series; empty where it always has.
    """

    query: str
    unit: Unit
    description: str
    absent: str = ""


class PresetRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule as in seawall.toml, about a signal of the preset or one that follows from its signals."""

    signal: str
    above: str | float | None = None
    below: str | float | None = None
    hold: str | float = msgspec.field(default=60.0, name="for")
    health: Literal["warn", "crit"] = "warn"

    def on(self, alias: str) -> Rule:
        """The rule for one line of the topology. ValueError where a bound cannot be read."""
        if (self.above is None) == (self.below is None):
            raise ValueError("a rule has exactly one of `above` and `below`")
        return Rule(
            f"{alias}.{self.signal}",
            above=_number(self.above),
            below=_number(self.below),
            hold=parse_duration(self.hold) if isinstance(self.hold, str) else self.hold,
            health=Health[self.health.upper()],
        )


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file. ``layer`` and ``match`` are what its component usually has in a config; ``exporter`` is a link."""

    title: str
    exporter: str
    layer: str
    match: str
    signals: dict[str, PresetSignal]
    rules: tuple[PresetRule, ...] = ()
    window: str = MINUTE  # what rates look back on where the operator names nothing else
    notes: str = ""  # what an operator must know before believing the numbers


def presets() -> tuple[str, ...]:
    """The names that ``preset_named`` knows."""
    files = resources.files("connectors").joinpath("presets").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@cache
def preset_named(name: str) -> Preset:
    """The preset; ConnectorError where there is none of that name, or its file is wrong."""
    known = presets()
    if name not in known:
        raise ConnectorError(f"no preset {name!r}; there are: {', '.join(known)}")
    file = resources.files("connectors").joinpath("presets", f"{name}.toml")
    return read_preset(file.read_text(encoding="utf-8"), f"{name}.toml")


def read_preset(text: str, file: str) -> Preset:
    """A preset out of a file's text. ConnectorError names the file, the line where it is known, and what is wrong."""
    try:
        preset = msgspec.convert(tomllib.loads(text), Preset)
    except tomllib.TOMLDecodeError as error:
        raise ConnectorError(f"{file}: not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConnectorError(f"{file}: {error}") from error
    wrong = next(_faults(preset), None)
    if wrong is not None:
        place, fault = wrong
        raise ConnectorError(f"{file}:{_line_of(text, place)}: {fault}")
    return preset


def queries_for(component: ComponentId, preset: str, match: str = "", window: str = "") -> tuple[Query, ...]:
    """The preset's queries for one component, ``match`` put into their selectors, rates over ``window`` or its own.

    ConnectorError where there is no such preset. Whether ``match`` fits into braces is ``is_match``'s to say.
    """
    found, selector = preset_named(preset), match.strip().rstrip(",")
    return tuple(
        Query(component, name, _put(ready.query, selector, window or found.window), ready.unit, ready.absent)
        for name, ready in found.signals.items()
    )


def is_match(match: str) -> bool:
    """Whether it can stand between a selector's braces: ``name="value"`` and its like, with commas between, or nothing.

    It closes no brace, so a slip of the pen is a fault of the config and not another query.
    """
    return _SELECTOR.fullmatch(match) is not None


def rules_for(alias: str, preset: str) -> tuple[Rule, ...]:
    """The preset's rules for one line of the topology."""
    return tuple(rule.on(alias) for rule in preset_named(preset).rules)


def _put(query: str, selector: str, window: str) -> str:
    return query.replace(MATCH, selector).replace(WINDOW, window)


def _number(value: str | float | None) -> float | None:
    return parse_quantity(value) if isinstance(value, str) else value


def _faults(preset: Preset) -> Iterator[tuple[tuple[str, int], str]]:
    """What the types do not say, each with the table it is in: the header's text, and which of that text."""
    for name, signal in preset.signals.items():
        header = (f"[signals.{name}]", 0) if re.fullmatch(r"\w+", name) else (f'[signals."{name}"]', 0)
        if MATCH not in signal.query:
            yield header, f"the query of {name!r} has no {MATCH}"
        if not signal.description:
            yield header, f"{name!r} says not what it is"
    for index, rule in enumerate(preset.rules):
        if rule.signal not in preset.signals.keys() | IMPLIED:
            yield ("[[rules]]", index), f"{rule.signal!r} is no signal of this preset"
        try:
            rule.on("")
        except ValueError as error:
            yield ("[[rules]]", index), str(error)


def _line_of(text: str, place: tuple[str, int]) -> int:
    header, index = place
    return [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == header][index]
