"""Ready signals for well-known exporters: TOML files of queries with units, one file an exporter.

A preset is data, so that adding an exporter needs no code. ``$match`` in a query is the operator's own selector
(``ingress="shop"``); it stands last in its braces, where PromQL allows a trailing comma, so it may be empty.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import msgspec

from connectors import ConnectorError
from console.model.component import ComponentId
from console.model.signal import Unit

MATCH = "$match"


@dataclass(frozen=True, slots=True)
class Query:
    """One signal of one component, as an instant query that answers with one number."""

    component: ComponentId
    signal: str
    expr: str
    unit: Unit


class PresetSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signal of a preset file. ``query`` answers in base units of ``unit``."""

    query: str
    unit: Unit
    description: str


class _Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exporter: str
    signals: dict[str, PresetSignal]


def presets() -> tuple[str, ...]:
    """The names that ``load_preset`` knows."""
    files = resources.files("connectors").joinpath("presets").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def load_preset(name: str) -> Mapping[str, PresetSignal]:
    """The preset's signals by name, in the file's order; ConnectorError where there is no such preset."""
    known = presets()
    if name not in known:
        raise ConnectorError(f"no preset {name!r}; there are: {', '.join(known)}")
    text = resources.files("connectors").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), _Preset).signals
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConnectorError(f"preset {name}: {error}") from error


def queries_for(component: ComponentId, preset: str, match: str = "") -> tuple[Query, ...]:
    """The preset's queries for one component, ``match`` put into their selectors."""
    selector = match.strip().rstrip(",")
    return tuple(
        Query(component, signal, ready.query.replace(MATCH, selector), ready.unit)
        for signal, ready in load_preset(preset).items()
    )
