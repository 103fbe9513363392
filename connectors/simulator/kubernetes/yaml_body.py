"""YAML bodies as JSON trees: what ``curl`` and ``kubectl apply --server-side`` of other tools send.

The parser is slow and aliases multiply, so both the text and what it unfolds to are bounded.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

LONGEST = 64 * 1024  # bytes of text; a real server takes 3 MiB, which would hold up everything else here
NODES = 100_000  # values in what it unfolds to
DEEPEST = 200
_BRACKETS = 1000  # what opens a flow collection: the parser's time grows with the square of their depth


class NotYaml(Exception):
    """The text is no YAML, or none that JSON could say."""


def parsed(raw: bytes) -> Any:
    """The tree of one document."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(raw) > LONGEST:
        raise NotYaml(f"a YAML document of more than {LONGEST} bytes; send JSON")
    if raw.count(b"[") + raw.count(b"{") > _BRACKETS:
        raise NotYaml("too many brackets")
    try:
        tree = YAML(typ="safe", pure=True).load(raw.decode())
    except (YAMLError, ValueError, RecursionError) as error:
        raise NotYaml(" ".join(str(error).split())) from error
    return _Plain().tree(tree, 0)


class _Plain:
    """Copies a tree as JSON has it, counting on the way: an alias counts each time."""

    def __init__(self) -> None:
        self._nodes = 0

    def tree(self, value: Any, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > NODES or depth > DEEPEST:
            raise NotYaml("document contains excessive aliasing")
        if isinstance(value, dict):
            return {_key(key): self.tree(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.tree(item, depth + 1) for item in value]
        if value is None or isinstance(value, str | int | float):
            return value
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(value, date):
            return value.isoformat()
        raise NotYaml(f"a {type(value).__name__} has no place in JSON")


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    if isinstance(key, str | int):
        return str(key)
    raise NotYaml(f"a {type(key).__name__} is no key")
