"""A JSON schema of ``seawall.toml``, for editors that complete and check as one types.

Made from the very structs that read the file, so it cannot say anything else; a field's words are the comment beside
it in the source, which is where the people who add a setting write them.
"""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import msgspec

from connectors import CONNECTORS
from connectors.presets import presets
from connectors.secret import Secret
from console.config import tables

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = r"^(env|file|keyring):.+"
Schema = dict[str, Any]


def schema() -> Schema:
    """The whole schema, as plain values."""
    definitions: Schema = {}
    for system in CONNECTORS:
        _define(definitions, import_module(f"connectors.settings.{system}").Settings, system)
    for kind in (tables.Signal, tables.Component, tables.Rule, tables.EnvironmentTable, tables.File):
        _define(definitions, kind, "")
    whole: Schema = definitions.pop("File")
    _join(whole, definitions)
    return {"$schema": DIALECT, **whole, "title": "seawall.toml", "$defs": definitions}


def _join(whole: Schema, definitions: Schema) -> None:
    """Puts in what the structs leave open, because the reader converts it table by table."""
    whole["properties"]["environments"]["additionalProperties"] = _ref("EnvironmentTable")
    whole["properties"]["components"]["items"] = _ref("Component")
    whole["properties"]["rules"]["items"] = _ref("Rule")
    component: Schema = definitions["Component"]["properties"]
    component["signals"]["additionalProperties"] = _ref("Signal")
    component["preset"]["enum"] = ["", *presets()]
    definitions["Rule"]["oneOf"] = [{"required": ["above"]}, {"required": ["below"]}]
    definitions["EnvironmentTable"]["patternProperties"] = {
        f"^{system}(-[a-z0-9]+)*$": _ref(f"{system}.Settings") for system in CONNECTORS
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _define(definitions: Schema, kind: type[msgspec.Struct], system: str) -> None:
    """Adds the struct and those inside it; a connector's under names of its own, since all are called Settings."""
    prefix = f"{system}." if system else ""
    _, made = msgspec.json.schema_components((kind,), schema_hook=_hook, ref_template=f"#/$defs/{prefix}{{name}}")
    for name, definition in made.items():
        definitions.setdefault(f"{prefix}{name}", definition)
    own: Schema = definitions[f"{prefix}{kind.__name__}"]
    own.pop("title", None)
    own["description"] = inspect.cleandoc(kind.__doc__ or "")
    for field, words in comments(kind).items():
        if field in own["properties"]:
            own["properties"][field]["description"] = words


def _hook(kind: type[object]) -> Schema:
    if kind is Secret:
        return {
            "type": "string",
            "pattern": REFERENCE,
            "description": "a reference: env:NAME, file:PATH or keyring:SERVICE/USER",
        }
    raise NotImplementedError(kind.__name__)


def comments(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """The comment beside each field, by the field's name in the file; empty where the source is not at hand."""
    try:
        source = inspect.cleandoc("\n" + inspect.getsource(kind))
    except OSError:
        return {}
    beside = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    told = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    statements = ast.walk(ast.parse(source))
    return {
        told[each.target.id]: beside[each.end_lineno or each.lineno]
        for each in statements
        if isinstance(each, ast.AnnAssign)
        and isinstance(each.target, ast.Name)
        and each.target.id in told
        and (each.end_lineno or each.lineno) in beside
    }
