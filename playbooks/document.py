"""Strict YAML 1.2 as a tree in which every value knows its line.

Only what a person can read in one pass is accepted: no anchors, aliases or tags, no key twice, no more than
256 KiB and 20 levels. The tree is built from the parser's events, without recursion, so that a hostile file
cannot do more than be refused.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO

from console.model.inert import inert
from playbooks.exits import PlaybookError

LARGEST = 256 * 1024  # bytes
DEEPEST = 20  # levels

_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,3})?")

Scalar = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the file; ``where`` is ``file:line``."""

    where: str
    value: Scalar | tuple[Node, ...] | Mapping[str, Node]

    def wrong(self, message: str) -> PlaybookError:
        """The error to raise about this value."""
        return PlaybookError(f"{self.where}: {message}")

    def scalar(self, wanted: str) -> Scalar:
        if isinstance(self.value, tuple | Mapping) or self.value is None:
            raise self.wrong(f"expected {wanted}")
        return self.value

    def text(self, wanted: str = "text") -> str:
        value = self.scalar(wanted)
        if not isinstance(value, str) or not value:
            raise self.wrong(f"expected {wanted}, not {value!r}")
        return value

    def items(self, wanted: str = "a list") -> tuple[Node, ...]:
        if not isinstance(self.value, tuple):
            raise self.wrong(f"expected {wanted}")
        return self.value

    def table(self, known: Iterable[str] | None = None, wanted: str = "a mapping") -> Table:
        """The mapping here; a key that is not among ``known`` is an error that offers the nearest one."""
        if not isinstance(self.value, Mapping):
            raise self.wrong(f"expected {wanted}")
        table = Table(self, self.value)
        if known is not None:
            table.refuse_unknown(tuple(known))
        return table


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping of the file, with the line at which it begins."""

    node: Node
    entries: Mapping[str, Node]

    def need(self, key: str) -> Node:
        if key not in self.entries:
            raise self.node.wrong(f"'{key}' is missing")
        return self.entries[key]

    def get(self, key: str) -> Node | None:
        return self.entries.get(key)

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        for key, node in self.entries.items():
            if key not in known:
                raise node.wrong(f"'{key}' is not known here{did_you_mean(key, known)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'target'?``, or what there is to choose from."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(choices)}"


def digest(text: str) -> str:
    """The hash that names a text: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse(text: str, file: str) -> Node:
    """The tree of one document; PlaybookError names file and line."""
    from ruamel.yaml import YAML  # a headless verb that reads no playbook does not pay for it
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text.encode()) > LARGEST:
        raise PlaybookError(f"{file}:1: larger than {LARGEST // 1024} KiB")
    try:
        return _Builder(file).build(YAML(typ="safe", pure=True).parse(StringIO(text)))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlaybookError(f"{file}:{line}: not YAML: {error.problem}") from error
    except YAMLError as error:
        raise PlaybookError(f"{file}:1: not YAML: {str(error).splitlines()[0]}") from error


def plain(text: str) -> Scalar:
    """An unquoted word as YAML 1.2's core schema reads it, in decimal only: ``NO`` and ``1:30`` stay text."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _scalar(text: str, plainly: bool, where: str) -> Scalar:
    """A value; what no terminal or journal could show as it is (controls, half a surrogate pair) is refused."""
    if inert(text) != text:
        raise PlaybookError(f"{where}: characters that cannot be printed on one line are not allowed")
    return plain(text) if plainly else text


class _Open:
    """A list or mapping whose end has not been seen."""

    def __init__(self, where: str, mapping: bool) -> None:
        self.where = where
        self.mapping = mapping
        self.key: str | None = None  # the key whose value comes next, and its line
        self.at = where
        self.items: list[Node] = []
        self.entries: dict[str, Node] = {}

    def add(self, node: Node) -> None:
        if not self.mapping:
            self.items.append(node)
        elif self.key is None:
            self.key, self.at = self._key(node), node.where
        else:
            self.entries[self.key] = replace(node, where=self.at)
            self.key = None

    def _key(self, node: Node) -> str:
        if not isinstance(node.value, str):
            raise node.wrong("expected a plain word as a key")
        if node.value in self.entries:
            raise node.wrong(f"'{node.value}' is there twice")
        return node.value

    def close(self) -> Node:
        return Node(self.where, self.entries if self.mapping else tuple(self.items))


class _Builder:
    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._root: Node | None = None

    def build(self, events: Iterator[object]) -> Node:
        for event in events:
            self._take(event)
        if self._root is None:
            raise PlaybookError(f"{self._file}:1: the file is empty")
        return self._root

    def _take(self, event: object) -> None:
        from ruamel.yaml import events as seen

        where = f"{self._file}:{event.start_mark.line + 1}"  # type: ignore[attr-defined]
        self._refuse_cleverness(event, where)
        match event:
            case seen.MappingStartEvent() | seen.SequenceStartEvent():
                self._descend(_Open(where, isinstance(event, seen.MappingStartEvent)))
            case seen.MappingEndEvent() | seen.SequenceEndEvent():
                self._place(self._open.pop().close())
            case seen.ScalarEvent():
                self._place(Node(where, _scalar(event.value, event.implicit[0], where)))
            case _:
                pass  # the stream and the document begin and end

    def _refuse_cleverness(self, event: object, where: str) -> None:
        from ruamel.yaml.events import AliasEvent

        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise PlaybookError(f"{where}: anchors and aliases are not allowed; write the value out")
        if getattr(event, "ctag", None) is not None:
            raise PlaybookError(f"{where}: tags are not allowed")

    def _descend(self, opened: _Open) -> None:
        if len(self._open) >= DEEPEST:
            raise PlaybookError(f"{opened.where}: nested deeper than {DEEPEST} levels")
        self._open.append(opened)

    def _place(self, node: Node) -> None:
        if self._open:
            self._open[-1].add(node)
        elif self._root is not None:
            raise PlaybookError(f"{node.where}: one document a file")
        else:
            self._root = node
