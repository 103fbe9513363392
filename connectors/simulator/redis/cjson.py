"""JSON between bytes and Lua tables, with the manners of Redis's cjson: an empty table is an object, numbers have
14 digits, and a null is a value of its own."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

MAX_DEPTH = 1000
TOKENS = {"": "T_END", "}": "T_OBJ_END", "]": "T_ARR_END", ",": "T_COMMA", ":": "T_COLON"}


def decode(document: bytes, table_from: Callable[[object], object], null: object) -> object:
    """A Lua value; ValueError where the document is not JSON."""
    try:
        parsed = json.loads(document.decode("utf-8", "surrogateescape"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        found = TOKENS.get(error.doc[error.pos : error.pos + 1], "invalid token")
        raise ValueError(f"Expected value but found {found} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("Found too many nested data structures") from None
    return _to_lua(parsed, table_from, null)


def _refuse(word: str) -> object:
    raise ValueError(f"Expected value but found invalid token {word}")


def _to_lua(value: object, table_from: Callable[[object], object], null: object) -> object:
    if value is None:
        return null
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return table_from([_to_lua(item, table_from, null) for item in value])
    if isinstance(value, dict):
        return table_from({_to_lua(name, table_from, null): _to_lua(v, table_from, null) for name, v in value.items()})
    return value


def encode(value: object, lua_type: Callable[[object], str | None], depth: int = 0) -> bytes:
    """The document; ValueError for a function, a sparse array, or too deep a table."""
    if depth > MAX_DEPTH:
        raise ValueError("Cannot serialise, excessive depth")
    if value is None or lua_type(value) == "userdata":
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, bytes):
        return _string(value)
    if isinstance(value, int | float):
        return _number(value)
    if lua_type(value) == "table":
        return _table(dict(value.items()), lua_type, depth)  # type: ignore[attr-defined]
    raise ValueError(f"Cannot serialise {lua_type(value)}: type not supported")


def _number(value: float) -> bytes:
    if not math.isfinite(value):
        raise ValueError("Cannot serialise number: must not be NaN or Inf")
    return b"%.14g" % value


def _string(value: bytes) -> bytes:
    shown = json.dumps(value.decode("utf-8", "surrogateescape"), ensure_ascii=False)
    return shown.replace("/", "\\/").replace("\x7f", "\\u007f").encode("utf-8", "surrogateescape")


def _table(entries: dict[object, object], lua_type: Callable[[object], str | None], depth: int) -> bytes:
    if entries and all(isinstance(key, int) and key > 0 for key in entries):
        return _array(entries, lua_type, depth)
    pairs = []
    for key, item in entries.items():
        if not isinstance(key, bytes | int | float) or isinstance(key, bool):
            raise ValueError("Cannot serialise table: table key must be a number or string")
        name = _string(key) if isinstance(key, bytes) else b'"' + _number(key) + b'"'
        pairs.append(name + b":" + encode(item, lua_type, depth + 1))
    return b"{" + b",".join(pairs) + b"}"


def _array(entries: dict[object, object], lua_type: Callable[[object], str | None], depth: int) -> bytes:
    size = max(key for key in entries if isinstance(key, int))
    if size > 10 and size > 2 * len(entries):
        raise ValueError("Cannot serialise table: excessively sparse array")
    return b"[" + b",".join(encode(entries.get(index), lua_type, depth + 1) for index in range(1, size + 1)) + b"]"
