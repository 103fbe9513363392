"""Values as TOML text, for files that people go on with. The standard library only reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def toml_of(value: object) -> str:
    """A value on one line, with whatever could steer a terminal escaped; ValueError for what TOML cannot say.

    What is None in a table is left out, as it is in a file.

    >>> print(toml_of({"a": ["x", 1.5, True]}), toml_of("\\x1b[2J"))
    {a = ["x", 1.5, true]} "\\u001b[2J"
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return '"' + "".join(map(_escaped, value)) + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    if isinstance(value, Mapping):
        pairs = (f"{key_of(str(key))} = {toml_of(each)}" for key, each in value.items() if each is not None)
        return "{" + ", ".join(pairs) + "}"
    raise ValueError(f"TOML has no {type(value).__name__}")


def key_of(*path: str) -> str:
    """A key, dotted and quoted where it must be: ``environments.live."kafka logs"``."""
    return ".".join(part if _BARE.fullmatch(part) else toml_of(part) for part in path)


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
