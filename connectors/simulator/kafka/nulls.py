"""The codec decodes a null wherever a string or an array may stand; the protocol allows it only in some places.

A real broker refuses such a request as malformed, and the handlers rely on it. What there is to look at follows from
the schema alone, so it is worked out once for each message and version: most structures are numbers and cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from connectors.simulator.kafka.session import Message

_NEVER_NULL = frozenset(("bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64", "uuid"))


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A field that may hold a null, or something below it may."""

    name: str
    itself: bool  # null is forbidden here
    items: bool  # an array whose items must not be null
    below: tuple[_Suspect, ...]  # of an array of structures: in each of them


@cache
def suspects(request: Any, version: int) -> tuple[_Suspect, ...]:
    """What of a request's class is to be looked at in this version."""
    return _suspects(request._struct.fields, version)


def forbidden_null(looked_at: Iterable[_Suspect], message: Message) -> str:
    """The name of a field that is null and must not be, or "" ."""
    for suspect in looked_at:
        found = _in_field(suspect, getattr(message, suspect.name))
        if found is not None:
            return f"{suspect.name}.{found}" if found else suspect.name
    return ""


def _suspects(fields: Mapping[str, Any], version: int) -> tuple[_Suspect, ...]:
    made = (
        _suspect(name, field, version)
        for name, field in fields.items()
        if field.for_version_q(version) and field.tag is None
    )
    return tuple(suspect for suspect in made if suspect.itself or suspect.items or suspect.below)


def _suspect(name: str, field: Any, version: int) -> _Suspect:
    itself = field.type_str not in _NEVER_NULL and not field.nullable_for_version_q(version)
    if field.is_struct_array():
        return _Suspect(name, itself, False, _suspects(field.array_of.fields, version))
    items = field.is_array() and field.array_of.type_str not in _NEVER_NULL
    return _Suspect(name, itself, items, ())


def _in_field(suspect: _Suspect, value: Message) -> str | None:
    """None: nothing is wrong; else what is wrong below this field, "" for itself."""
    if value is None:
        return "" if suspect.itself else None
    if suspect.items and None in value:
        return ""
    if suspect.below:
        below = (forbidden_null(suspect.below, item) for item in value)
        return next((name for name in below if name), None)
    return None
