"""Sets of fields, in the form in which objects carry them (``FieldsV1``), and what is done with them.

A set is a tree: ``{"f:spec": {"f:replicas": {}}}`` holds one field. A node without children is in the set; a node
with children is in it where it has the child ``"."``. Items of a list that is merged by keys are named by these keys
(``k:{"name":"api"}``), values of a set by themselves (``v:"x"``). None is the empty set: ``{}`` would be a member.

Source: structured-merge-diff, "fieldpath" and "typed", which define what each operation means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec

from connectors.simulator.kubernetes import schema
from connectors.simulator.kubernetes.schema import Field

FieldSet = dict[str, Any]
SELF = "."
_ANYTHING = Field("", 0, schema.ANY)
_DEFAULTS = {"protocol": "TCP"}  # of a key that an item leaves out


def root(name: str) -> Field:
    """The type of a whole object; an object of an unknown type is a tree of structs and atomic lists."""
    return Field("", 0, name)


def child(of: Field, name: str) -> Field:
    """The type of a member of a struct or a map."""
    if of.many == "map":
        return item(of)
    return schema.field_of(schema.message(of.type), name) or _ANYTHING


@cache
def item(of: Field) -> Field:
    """The type of one element of a list or a map."""
    return replace(of, many="", keys=())


def is_leaf(value: Any, of: Field) -> bool:
    """Whether it is owned as a whole."""
    if isinstance(value, dict):
        inner = schema.message(of.type)
        return not value or bool(inner and inner.atomic and not of.many)
    if isinstance(value, list):
        return not value or not (of.is_set or (of.keys and all(_key(item, of) for item in value)))
    return True


def parts(value: Any, of: Field) -> dict[str, tuple[Any, Field]]:
    """The members of a value that is no leaf, by their names in a set."""
    if isinstance(value, dict):
        return {f"f:{key}": (inner, child(of, key)) for key, inner in value.items()}
    if of.is_set:
        return {f"v:{_json(inner)}": (inner, _ANYTHING) for inner in value}
    return {_key(inner, of): (inner, item(of)) for inner in value}


def _key(value: Any, of: Field) -> str:
    if not isinstance(value, dict):
        return ""
    found = {key: value.get(key, _DEFAULTS.get(key)) for key in sorted(of.keys)}
    found = {key: item for key, item in found.items() if item is not None}
    return f"k:{_json(found)}" if found else ""


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def owned(value: Any, of: Field) -> FieldSet:
    """What an apply configuration claims: its leaves, and the items of its lists."""
    if is_leaf(value, of):
        return {}
    return {name: _claimed(name, inner, kind) for name, (inner, kind) in parts(value, of).items()}


def _claimed(name: str, value: Any, of: Field) -> FieldSet:
    found = owned(value, of)
    return {SELF: {}, **found} if name.startswith("k:") and found else found


def added(value: Any, of: Field) -> FieldSet:
    """What a write brings in that was not there at all: as ``owned``, with the maps and lists themselves."""
    if is_leaf(value, of):
        return {}
    found = {name: _brought(name, inner, kind) for name, (inner, kind) in parts(value, of).items()}
    return {SELF: {}, **found} if of.many else found


def _brought(name: str, value: Any, of: Field) -> FieldSet:
    found = added(value, of)
    return {SELF: {}, **found} if name.startswith("k:") and found else found


def changed(before: Any, after: Any, of: Field) -> FieldSet | None:
    """The fields that ``after`` has anew or with another value."""
    if before == after:
        return None
    if is_leaf(before, of) or is_leaf(after, of) or type(before) is not type(after):
        return added(after, of)
    old, found = parts(before, of), {}
    for name, (value, kind) in parts(after, of).items():
        inner = changed(old[name][0], value, kind) if name in old else _brought(name, value, kind)
        if inner is not None:
            found[name] = inner
    return found or None


def removed(before: Any, after: Any, of: Field) -> FieldSet | None:
    """The fields that ``before`` has and ``after`` has not, each standing for all below it."""
    if before == after or is_leaf(before, of):
        return None
    if is_leaf(after, of) or type(before) is not type(after):
        return {name: {} for name in parts(before, of)}
    new, found = parts(after, of), {}
    for name, (value, kind) in parts(before, of).items():
        inner = removed(value, new[name][0], kind) if name in new else {}
        if inner is not None:
            found[name] = inner
    return found or None


def _member(of: FieldSet) -> bool:
    return not of or SELF in of


def _node(member: bool, children: FieldSet) -> FieldSet | None:
    if member and children:
        return {SELF: {}, **children}
    return children or ({} if member else None)


def _children(of: FieldSet) -> FieldSet:
    return {name: inner for name, inner in of.items() if name != SELF}


def union(one: FieldSet | None, other: FieldSet | None) -> FieldSet | None:
    if one is None or other is None:
        return other if one is None else one
    found = _children(one)
    for name, inner in _children(other).items():
        found[name] = union(found.get(name), inner)
    return _node(_member(one) or _member(other), found)


def minus(one: FieldSet | None, other: FieldSet | None) -> FieldSet | None:
    if one is None or other is None:
        return one
    rest = {name: minus(inner, other.get(name)) for name, inner in _children(one).items()}
    kept = {name: inner for name, inner in rest.items() if inner is not None}
    return _node(_member(one) and not _member(other), kept)


def common(one: FieldSet | None, other: FieldSet | None) -> FieldSet | None:
    if one is None or other is None:
        return None
    both = {name: common(inner, other.get(name)) for name, inner in _children(one).items()}
    found = {name: inner for name, inner in both.items() if inner is not None}
    return _node(_member(one) and _member(other), found)


def cleared(of: FieldSet | None, gone: FieldSet | None) -> FieldSet | None:
    """The set without these fields and all that is below them."""
    if of is None or gone is None:
        return of
    if not gone:
        return None
    rest = {name: cleared(inner, gone.get(name)) for name, inner in _children(of).items()}
    return _node(_member(of), {name: inner for name, inner in rest.items() if inner is not None})


def names(of: FieldSet | None, path: str = "") -> Iterator[str]:
    """The paths of a set as messages show them: ``.spec.containers[name="api"].image``."""
    if of is None:
        return
    if path and _member(of):
        yield path
    for name, inner in _children(of).items():
        yield from names(inner, path + _shown(name))


def _shown(name: str) -> str:
    kind, _, text = name.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    return "[" + ",".join(f"{key}={_json(value)}" for key, value in msgspec.json.decode(text).items()) + "]"


def is_set(value: Any, deepest: int = 100) -> bool:
    """Whether a tree that came from outside is one of these sets."""
    if not isinstance(value, dict) or not deepest:
        return False
    return all(_is_name(key) and is_set(inner, deepest - 1) for key, inner in value.items())


def _is_name(key: str) -> bool:
    if key == SELF or key.startswith("f:"):
        return True
    if key[:2] not in ("k:", "v:", "i:"):
        return False
    try:
        found = msgspec.json.decode(key[2:])
    except msgspec.DecodeError:
        return False
    return key[0] != "k" or isinstance(found, dict)
