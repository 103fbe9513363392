"""Where in a TOML text a key stands. The standard reader forgets lines; a person mending a config needs them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")

Path = tuple[str | int, ...]


def line_of(text: str, path: Path) -> int | None:
    """The line (from 1) on which ``path`` is set, or the nearest table above it; None for an empty path.

    ``path`` is keys and indices: ``("components", 2, "layer")``.
    """
    found: dict[Path, int] = {}
    for place, line in _places(text):
        for length in range(1, len(place) + 1):
            found.setdefault(place[:length], line)
    return next((found[path[:length]] for length in range(len(path), 0, -1) if path[:length] in found), None)


def parse_path(text: str) -> Path:
    """The path in ``$.components[2].signals[...].unit``, as msgspec writes it. Keys it hides end the path."""
    parts: list[str | int] = []
    for key, index in re.findall(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]", text):
        if index == "...":
            break
        parts.append(int(index) if index else key)
    return tuple(parts)


def _places(text: str) -> Iterator[tuple[Path, int]]:
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in _plain_lines(text):
        header = _TABLE.match(line)
        if header is not None:
            table = _table_path(header[1] == "[[", _keys(header[2]), counts)
            yield table, number
            continue
        key = _KEY.match(line)
        if key is not None:
            yield from _key_places(table + _keys(key[1]), line[key.end() :], number)


def _key_places(path: Path, value: str, number: int) -> Iterator[tuple[Path, int]]:
    """The key itself, and the keys of an inline table that stands on its line."""
    yield path, number
    if value.lstrip().startswith("{"):
        try:
            inline = tomllib.loads("v =" + value)["v"]
        except tomllib.TOMLDecodeError:
            return
        yield from (((*path, key), number) for key in inline)


def _plain_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that do not start inside a multi-line string."""
    quote = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not quote:
            yield number, line
        for mark in re.findall(r'"""|' + "'''", line):
            quote = "" if quote == mark else quote or mark


def _keys(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _table_path(array: bool, keys: Path, counts: dict[Path, int]) -> Path:
    """The table's path with the index of each array of tables on its way."""
    path: Path = ()
    for depth, key in enumerate(keys):
        path = (*path, key)
        last = depth == len(keys) - 1
        if array and last:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
