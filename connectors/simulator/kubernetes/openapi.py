"""OpenAPI v3 documents, one a group and version: for ``kubectl explain``, and for its question what PATCH takes.

Once a client finds a kind's schema here it computes its patches by it, so lists carry their merge keys.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path

from connectors.simulator.kubernetes import schema
from connectors.simulator.kubernetes.kinds import KINDS, Kind, served
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.schema import Field, Message
from connectors.simulator.kubernetes.shop import VERSION

_TEXTS = Path(__file__).with_name("descriptions.toml")
_ROOT = "io.k8s."
_LEAVES: dict[str, Object] = {
    "string": {"type": "string"},
    "bytes": {"type": "string", "format": "byte"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}
_NAMED: dict[str, Object] = {
    "Time": {"type": "string", "format": "date-time"},
    "MicroTime": {"type": "string", "format": "date-time"},
    "Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "IntOrString": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}
_RETAIN = {"volumes": "merge,retainKeys", "strategy": "retainKeys"}  # fields whose other members a change drops
SECOND = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")


def second() -> bytes:
    """``/openapi/v2`` in protobuf, the form that kubectl reads: a document without kinds.

    All kinds are in version 3. kubectl looks here for a kind that is not there, and then says that there is none.
    """
    title, version = (_text(number, text) for number, text in ((1, "Kubernetes"), (2, VERSION)))
    return _text(1, "2.0") + _field(2, title + version)


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, raw: bytes) -> bytes:
    """A field of bytes; shorter than 128, so that its length is one byte."""
    return bytes([number << 3 | 2, len(raw)]) + raw


def index() -> Object:
    """``/openapi/v3``."""
    pairs = dict.fromkeys((kind.group, version) for kind in KINDS for version in kind.versions)
    paths = [f"apis/{group}/{version}" if group else f"api/{version}" for group, version in pairs]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash()}"} for path in paths}}


@cache
def _hash() -> str:
    """Clients keep a document as long as this stays."""
    raw = b"".join([schema.TABLE.read_bytes(), _TEXTS.read_bytes(), repr(KINDS).encode()])
    return hashlib.blake2b(raw, digest_size=16).hexdigest().upper()


@cache
def document(group: str, version: str) -> Object | None:
    """One group's document; None where it is not served."""
    kinds = served(group, version)
    if not kinds:
        return None
    paths = {_path(kind, version): {"patch": _patch(kind, version)} for kind in kinds if "patch" in kind.verbs}
    info = {"title": "Kubernetes", "version": VERSION}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": _schemas(kinds, version)}}


def _schemas(kinds: tuple[Kind, ...], version: str) -> Object:
    found: Object = {f"{_ROOT}{name}": shape for name, shape in _NAMED.items()}
    for kind in kinds:
        if of := schema.of_kind(kind, version):
            _add(found, of)
            found[_name(of.name)]["x-kubernetes-group-version-kind"] = [_identity(kind, version)]
    return found


def _add(found: Object, of: Message) -> None:
    """The message, and all that it is made of."""
    if _name(of.name) in found:
        return
    fields, texts = schema.flattened(of), _told(of.name)
    shape: Object = {"type": "object", "description": texts.get("", "")}
    found[_name(of.name)] = shape
    shape["properties"] = {name: _property(field, texts.get(name, "")) for name, field in fields.items()}
    if required := [name for name, field in fields.items() if "required" in field.flags]:
        shape["required"] = required
    for field in fields.values():
        if inner := schema.message(field.type):
            _add(found, inner)


def _property(field: Field, text: str) -> Object:
    shape = _reference(field)
    if field.many == "list":
        shape = {"type": "array", "items": shape}
    elif field.many == "map":
        shape = {"type": "object", "additionalProperties": shape}
    if field.keys:
        shape |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(field.keys)}
        shape |= {"x-kubernetes-patch-merge-key": field.keys[0], "x-kubernetes-patch-strategy": "merge"}
    if field.is_set:
        shape |= {"x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge"}
    if field.name in _RETAIN and field.type in ("Volume", "DeploymentStrategy"):
        shape["x-kubernetes-patch-strategy"] = _RETAIN[field.name]
    return {"description": text, **shape}


def _reference(field: Field) -> Object:
    if leaf := _LEAVES.get(field.type):
        return dict(leaf)
    return {"allOf": [{"$ref": f"#/components/schemas/{_name(field.type)}"}]}


def _told(message: str) -> dict[str, str]:
    """What is said of a message's fields: of all objects' first, then its own."""
    return {**_texts()["*"], **_texts().get(message.removesuffix("V1"), {})}


def _name(message: str) -> str:
    """As clients show it, after the last dot; both versions of an autoscaler have the same."""
    return _ROOT + message.removesuffix("V1" if message.startswith(("Horizontal", "Cross")) else "\0")


@cache
def _texts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))
    return found


def _identity(kind: Kind, version: str) -> Object:
    return {"group": kind.group, "version": version, "kind": kind.name}


def _path(kind: Kind, version: str) -> str:
    root = f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}"
    within = "/namespaces/{namespace}" if kind.namespaced else ""
    return f"{root}{within}/{kind.plural}/{{name}}"


def _patch(kind: Kind, version: str) -> Object:
    return {
        "operationId": f"patch{kind.name}",
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": _identity(kind, version),
    }
