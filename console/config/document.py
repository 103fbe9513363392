"""One file being read: knows where each key stands, and collects what is wrong, in words for who mends it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Literal, TypeVar, get_args, get_origin

import msgspec

from connectors.secret import Secret
from console.config_error import ConfigError
from console.toml_lines import Path as KeyPath
from console.toml_lines import line_of, parse_path

T = TypeVar("T")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)


class Document:
    """The text, what it says, and its faults. ``secrets`` False: nobody looks whether secrets are there."""

    def __init__(self, path: Path, text: str, *, secrets: bool = True) -> None:
        """ConfigError where the text is no TOML: then nothing else can be said about it."""
        self.path = path
        self.secrets = secrets
        self._text = text
        self._faults: list[ConfigError] = []
        try:
            self.raw: Mapping[str, object] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _syntax(path, error) from error

    @property
    def faults(self) -> tuple[ConfigError, ...]:
        """Each once, in the order of the file's lines; those without a line come last."""
        unique = {str(fault): fault for fault in self._faults}
        return tuple(sorted(unique.values(), key=lambda fault: fault.line or len(self._text)))

    def fault(self, path: KeyPath, text: str) -> None:
        """Something is wrong at ``path``; the reading goes on."""
        self._faults.append(self.error(path, text))

    def error(self, path: KeyPath, text: str) -> ConfigError:
        line = line_of(self._text, path)
        return ConfigError(f"{self.path}:{line}: {text}" if line else f"{self.path}: {text}", line)

    def convert(self, raw: object, kind: type[T], base: KeyPath, also: tuple[str, ...] = ()) -> T | None:
        """``raw`` as a struct, or None with a fault for each key that is wrong.

        ``also`` are keys to offer that ``kind`` does not have itself.
        """
        wrong: set[str | int] = set()
        while True:
            try:
                value = msgspec.convert(raw, kind, dec_hook=_decode)
                return None if wrong else value
            except msgspec.ValidationError as error:
                key = self._blame(error, kind, base, also, wrong)
            if key is None or not isinstance(raw, dict) or key not in raw:
                return None
            wrong.add(key)
            raw = {name: value for name, value in raw.items() if name != key}

    def _blame(
        self,
        error: msgspec.ValidationError,
        kind: type[object],
        base: KeyPath,
        also: tuple[str, ...],
        wrong: set[str | int],
    ) -> str | int | None:
        """Notes the fault, and names the key of the table that it is about."""
        text, _, place = str(error).partition(" - at ")
        within = parse_path(place.strip("`"))
        unknown, missing = _UNKNOWN.fullmatch(text), _MISSING.fullmatch(text)
        if unknown is not None:
            close = difflib.get_close_matches(unknown[1], [*_known_keys(kind), *also], n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            wrong.update(close)  # nor is what was meant called missing
            self.fault((*base, *within, unknown[1]), f"unknown key {unknown[1]!r} in {_dotted(base + within)}{hint}")
            return within[0] if within else unknown[1]
        if missing is None or within or missing[1] not in wrong:
            allowed = _allowed(kind, within)
            self.fault(base + within, f"{_dotted(base + within)}: {text[:1].lower() + text[1:]}{allowed}")
        return within[0] if within else None


def _syntax(path: Path, error: tomllib.TOMLDecodeError) -> ConfigError:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error))
    if found is None:
        return ConfigError(f"{path}: not TOML: {error}")
    return ConfigError(f"{path}:{found[2]}: not TOML: {found[1]} (column {found[3]})", int(found[2]))


def _decode(kind: type[object], value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"cannot read {kind.__name__}")


def _dotted(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the file"


def _allowed(kind: type[object], within: KeyPath) -> str:
    """``; expected 'warn' or 'crit'`` for a key that takes one of a few words; "" for any other."""
    if len(within) != 1 or not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return ""
    type_ = next((each.type for each in msgspec.structs.fields(kind) if each.encode_name == within[0]), None)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return f"; expected {_either([each.value for each in type_])}"
    return f"; expected {_either(get_args(type_))}" if get_origin(type_) is Literal else ""


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(map(repr, words[:-1])), repr(words[-1]))))


def _known_keys(kind: type[object]) -> Iterator[str]:
    """The keys of a settings struct and of those inside it."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return
    for field in msgspec.structs.fields(kind):
        yield field.encode_name
        for inner in getattr(field.type, "__args__", ()):
            yield from _known_keys(inner)
