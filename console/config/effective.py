"""The config as it works: every default filled in, what the presets add, and secrets as the references they are.

The text is TOML again, and reads as the same environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from connectors.presets import Query
from connectors.secret import Secret
from console.config import tables
from console.config.environment import Environment
from console.config.shared import Shared
from console.model.layout import Placement
from console.model.rules import DEFAULT_RULES, Rule
from console.toml_text import key_of, toml_of

SCHEMA = "seawall.config/1"
_USERINFO = re.compile(r"(?<=://)\S*@")
_ARGUMENTS = re.compile(r"(?<=\?).+")


def lines_of(environment: Environment, shared: Shared) -> Iterator[str]:
    """The environment as TOML, with remarks."""
    yield f"# the environment {toml_of(environment.name)} of {environment.path}, with every default filled in"
    yield f"environment = {toml_of(environment.name)}"
    yield ""
    yield f"[{key_of('environments', environment.name)}]"
    yield from _pairs(_own(environment))
    for name, settings in environment.connectors.items():
        yield ""
        yield f"[{key_of('environments', environment.name, name)}]"
        yield from _pairs(plain(settings))
    yield from _table("features", environment.layout.features)
    yield from _table("aliases", environment.layout.aliases)
    for component in shared.components:
        yield ""
        yield from _component(component, environment.queries)
    yield from _rules(shared)


def document_of(environment: Environment) -> Mapping[str, object]:
    """The same for programs."""
    return {
        "schema": SCHEMA,
        "path": str(environment.path),
        "environment": environment.name,
        **_own(environment),
        "sources": {name: plain(settings) for name, settings in environment.connectors.items()},
        "components": [_placed(each, environment.queries) for each in environment.layout.placements],
        "features": environment.layout.features,
        "aliases": environment.layout.aliases,
        "rules": [{**_bound(each), "default": _is_default(each)} for each in environment.layout.rules],
    }


def plain(settings: msgspec.Struct) -> Mapping[str, object]:
    """A connector's settings as plain values: a secret by its reference, an address without who logs in to it."""
    values: Mapping[str, object] = msgspec.to_builtins(settings, enc_hook=_encode)
    return {name: _without_userinfo(value) for name, value in values.items()}


def _encode(value: object) -> object:
    if isinstance(value, Secret):
        return value.reference
    raise NotImplementedError(type(value).__name__)


def _without_userinfo(value: object) -> object:
    """A password in an address is refused when the connector opens; until then it is not shown either."""
    if isinstance(value, str):
        return _ARGUMENTS.sub("…", _USERINFO.sub("", value)) if "://" in value else value
    if isinstance(value, list | tuple):
        return [_without_userinfo(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _without_userinfo(each) for key, each in value.items()}
    return value


def _own(environment: Environment) -> Mapping[str, object]:
    return {
        "production": environment.production,
        "armed": environment.armed,
        "speed": environment.speed,
        "pace": str(environment.pace or ""),
        "interval": environment.interval,
        "state": str(environment.state),
    }


def _pairs(values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        yield f"# {key_of(name)} is not set" if value is None else f"{key_of(name)} = {toml_of(value)}"


def _table(name: str, values: Mapping[str, object]) -> Iterator[str]:
    if values:
        yield ""
        yield f"[{name}]"
        yield from _pairs(values)


def _component(component: tables.Component, queries: tuple[Query, ...]) -> Iterator[str]:
    yield "[[components]]"
    written: Mapping[str, object] = msgspec.to_builtins(component)
    yield from _pairs({name: value for name, value in written.items() if value not in ("", (), [], {})})
    found = [query for query in queries if query.component in (component.id, *component.also)]
    if found:
        yield f"# {len(found)} signals by query:"
    for query in found:
        yield f"#   {key_of(query.signal)}: {query.expr}" + (f"  in {query.unit.value}" if query.unit.value else "")


def _placed(placement: Placement, queries: tuple[Query, ...]) -> Mapping[str, object]:
    return {
        "alias": placement.alias,
        "layer": placement.layer,
        "ids": list(placement.ids),
        "show": list(placement.show),
        "signals": {
            query.signal: {"query": query.expr, "unit": query.unit.value}
            for query in queries
            if query.component in placement.ids
        },
    }


def _rules(shared: Shared) -> Iterator[str]:
    for rule in shared.own:
        yield ""
        yield "[[rules]]"
        yield from _pairs({name: value for name, value in _bound(rule).items() if value is not None})
    others = [rule for rule in shared.rules if rule not in shared.own]
    yield ""
    yield f"# and {len(others)} rules, of presets and by default, that none of yours replaces:"
    for rule in others:
        yield "#   " + " ".join(f"{name} {value}" for name, value in _bound(rule).items() if value is not None)


def _is_default(rule: Rule) -> bool:
    """Also one that gives way to another on some signals."""
    return any(_bound(rule) == _bound(each) for each in DEFAULT_RULES)


def _bound(rule: Rule) -> Mapping[str, object]:
    return {
        "signal": rule.signal,
        "above": rule.above,
        "below": rule.below,
        "for": rule.hold,
        "health": rule.health.name.lower(),
    }
