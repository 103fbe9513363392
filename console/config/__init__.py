"""``seawall.toml`` → frozen settings. Strict: what is not known is an error with its line and what was expected.

Reading goes on after a mistake, so that a person mends a file once: every mistake is a fault of its ``Document``;
``load`` raises the first, ``check`` tells them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.config import tables
from console.config.document import Document
from console.config.environment import Environment, choose, environment_of
from console.config.places import NAME, find, places, text_of
from console.config.shared import Shared, shared_of
from console.config_error import ConfigError

__all__ = ["NAME", "Checked", "Environment", "check", "find", "load", "load_whole", "places"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, looked at whole. ``environments`` are those that could be read."""

    document: Document
    environments: tuple[Environment, ...] = ()

    @property
    def path(self) -> Path:
        return self.document.path

    @property
    def faults(self) -> tuple[ConfigError, ...]:
        return self.document.faults


def load(path: Path | None = None, environment: str | None = None) -> Environment:
    """The named environment of the config, or its default one. Raises ConfigError; reads nothing but files."""
    return _read(_document(path, secrets=True), environment)[0]


def load_whole(path: Path | None = None, environment: str | None = None) -> tuple[Environment, Shared]:
    """As ``load``, with what was written beside what came of it. Whether secrets are there is not looked at."""
    return _read(_document(path, secrets=False), environment)


def _read(document: Document, environment: str | None) -> tuple[Environment, Shared]:
    file = document.convert(document.raw, tables.File, ())
    if file is not None:
        name, shared = choose(document, file, environment), shared_of(document, file)
        read = environment_of(document, file, shared, name)
        if read is not None and not document.faults:
            return read, shared
    raise _first(document.faults)


def _first(faults: tuple[ConfigError, ...]) -> ConfigError:
    """One line is what a verb says; the others wait for who asks."""
    if len(faults) == 1:
        return faults[0]
    return ConfigError(f"{faults[0]} (and {len(faults) - 1} more: `seawall config validate`)", faults[0].line)


def check(path: Path | None = None, *, secrets: bool = True) -> Checked:
    """All that is wrong with the file, in all its environments. ConfigError where it cannot be read or is no TOML.

    ``secrets`` False: whether they are there is not looked at, as on a machine that must not have them.
    """
    document = _document(path, secrets=secrets)
    file = document.convert(document.raw, tables.File, ())
    if file is None:
        return Checked(document)
    if file.environment and file.environment not in file.environments:
        known = ", ".join(file.environments) or "none"
        document.fault(("environment",), f"no environment {file.environment!r}: the environments are {known}")
    shared = shared_of(document, file)
    read = [environment_of(document, file, shared, name) for name in file.environments]
    return Checked(document, tuple(each for each in read if each is not None))


def _document(path: Path | None, *, secrets: bool) -> Document:
    file = find() if path is None else path
    return Document(file, text_of(file), secrets=secrets)
