"""The types of what is served: each message's fields with number, type, and how a list of them is merged.

One table (``schema.toml``) serves all who must know a type: the protobuf reader its numbers, server-side apply its
list keys, strict validation its names, ``kubectl explain`` all of it. It is read when first asked for: a cluster that
nobody writes to never does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from connectors.simulator.kubernetes.kinds import Kind

TABLE = Path(__file__).with_name("schema.toml")
_HEAD = {"apiVersion": "0 string", "kind": "0 string"}  # of every object; protobuf carries them outside of it
SCALARS = ("string", "bytes", "bool", "int32", "int64", "Time", "MicroTime", "Quantity", "IntOrString")
ANY = "any"


@dataclass(frozen=True, slots=True)
class Field:
    """``type`` is a scalar, a message's name or "any"; ``keys`` merge a list, () replaces it as a whole."""

    name: str
    number: int
    type: str
    many: str = ""  # "" | "list" | "map"
    keys: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def is_set(self) -> bool:
        return "set" in self.flags


@dataclass(frozen=True, slots=True)
class Message:
    """One type. ``atomic``: it has one owner, whatever is in it."""

    name: str
    fields: dict[str, Field]
    atomic: bool = False


def message(name: str) -> Message | None:
    """The message of a name; None for a scalar and for what is not described."""
    return _messages().get(name)


def of_kind(kind: Kind, version: str = "") -> Message | None:
    """The message of a kind in one of its versions; None for kinds of extensions."""
    found = message(f"{kind.name}V1" if (kind.group, version) == ("autoscaling", "v1") else kind.name)
    return found or message(kind.name)


def _described(name: str, text: str) -> Field:
    number, shown, *flags = text.split()
    many = {"[": "list", "{": "map"}.get(shown[0], "")
    keys: tuple[str, ...] = ()
    if "by" in flags:
        flags, keys = flags[: flags.index("by")], tuple(_keys(flags[flags.index("by") + 1 :]))
    return Field(name, int(number), shown.strip("[]{}"), many, keys, frozenset(flags))


def _keys(words: list[str]) -> Iterator[str]:
    return (word for word in words if word not in ("required", "keep"))


@cache
def _messages() -> dict[str, Message]:
    table: dict[str, dict[str, str]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: _message(name, rows, table) for name, rows in table.items()}


def _message(name: str, rows: dict[str, str], table: dict[str, dict[str, str]]) -> Message:
    head = _HEAD if rows.get("metadata", "").endswith(" ObjectMeta") else {}
    fields = {field: _described(field, text) for field, text in {**head, **rows}.items() if field}
    return Message(name, fields, atomic="" in rows)


def flattened(of: Message) -> dict[str, Field]:
    """A message's fields as JSON has them: those of inline messages stand among its own."""
    found: dict[str, Field] = {}
    for field in of.fields.values():
        inner = message(field.type) if "inline" in field.flags else None
        found |= flattened(inner) if inner else {field.name: field}
    return found


def unknown(value: Any, of: Message | None, path: str = "") -> Iterator[str]:
    """Paths of fields that the type does not have, as a strict decoder names them."""
    if of is None or not isinstance(value, dict):
        return
    fields = _json_fields(of.name)
    for key, item in value.items():
        place = f"{path}.{key}" if path else key
        if key not in fields:
            yield place
        else:
            yield from _unknown_inside(item, fields[key], place)


def _unknown_inside(value: Any, field: Field, place: str) -> Iterator[str]:
    inner = message(field.type)
    if inner is None:
        return
    if field.many == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown(item, inner, f"{place}[{index}]")
    elif field.many == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from unknown(item, inner, f"{place}.{key}")
    else:
        yield from unknown(value, inner, place)


@cache
def _json_fields(name: str) -> dict[str, Field]:
    of = message(name)
    return flattened(of) if of else {}


def field_of(of: Message | None, name: str) -> Field | None:
    """A field by its JSON name."""
    return _json_fields(of.name).get(name) if of else None


def without_unknown(value: Any, of: Message | None) -> Any:
    """The value with only the fields that its type has: what a decoder that is not strict makes of it."""
    if of is None or not isinstance(value, dict):
        return value
    fields = _json_fields(of.name)
    return {key: _known_inside(item, fields[key]) for key, item in value.items() if key in fields}


def _known_inside(value: Any, field: Field) -> Any:
    inner = message(field.type)
    if inner is None:
        return value
    if field.many == "list" and isinstance(value, list):
        return [without_unknown(item, inner) for item in value]
    if field.many == "map" and isinstance(value, dict):
        return {key: without_unknown(item, inner) for key, item in value.items()}
    return without_unknown(value, inner)
