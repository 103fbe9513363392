"""What of this machine a console depends on: who else may read its secrets or write its files, room, the terminal.

A file that others may write is a way to have our credentials used for something else; one that others may read gives
them away. The config itself holds no secret, so it may be read by all.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from console.config import Environment
from console.config.environment import secrets_in
from console.model.component import system_of
from console.model.examination import Finding, Grade

ROOM = 64 * 2**20  # bytes; a journal is some kilobytes, and a full disk ends a run
LEAST = (80, 24)  # columns and lines that the screen needs
LIBRARIES = ("kafka-python", "kubernetes", "prometheus-api-client", "redis", "textual")
PRIVATE = ("key_file", "kubeconfig")  # settings that name a file with a credential in it


def findings(environment: Environment, directories: tuple[Path, ...]) -> tuple[Finding, ...]:
    """``directories``: where playbooks are looked for beside those that came with the program."""
    return (
        *_written_by_us(environment.path),
        *(finding for path in _credentials(environment) for finding in _private(path)),
        *(finding for each in directories for finding in _playbooks(each)),
        *_state(environment.state),
        *_terminal(os.environ),
        Finding("software", Grade.NOTE, ", ".join(_software())),
    )


def _written_by_us(path: Path) -> Iterator[Finding]:
    mode = _mode(path)
    if mode is None:
        return
    what = f"{path} is written by its owner alone"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding(what, Grade.NO, f"its mode is {mode:04o}", f"chmod go-w {path}")
    else:
        yield Finding(what, Grade.YES)


def _private(path: Path) -> Iterator[Finding]:
    mode = _mode(path)
    if mode is None:
        return
    what = f"{path} is read by its owner alone"
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and path.stat().st_uid != os.geteuid():
        yield Finding(what, Grade.NOTE, f"its mode is {mode:04o}, which its owner decides")
    elif mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(what, Grade.NO, f"its mode is {mode:04o}", f"chmod go= {path}")
    else:
        yield Finding(what, Grade.YES)


def _credentials(environment: Environment) -> tuple[Path, ...]:
    """The files that secrets refer to, and those that settings name because a credential is in them; each once."""
    found: dict[Path, None] = {}
    for name, settings in environment.connectors.items():
        references = (secret.reference for _, secret in secrets_in(settings))
        named = [getattr(settings, key, None) for key in PRIVATE]
        if system_of(name) == "kubernetes" and not any(named):
            named = [os.environ.get("KUBECONFIG") or "~/.kube/config"]  # as kubectl has it
        files = [each.removeprefix("file:") for each in references if each.startswith("file:")]
        files += [each for each in named if isinstance(each, str) and each]
        found.update((Path(part).expanduser(), None) for each in files for part in each.split(os.pathsep))
    return tuple(found)


def _playbooks(directory: Path) -> Iterator[Finding]:
    for path in (directory, *sorted(directory.glob("*.yaml"))) if directory.is_dir() else ():
        yield from _written_by_us(path)


def _state(directory: Path) -> Iterator[Finding]:
    """The nearest directory that there is: journals make theirs at the first write."""
    place = next(each for each in (directory, *directory.parents) if each.exists())
    what = f"journals can be written to {directory}"
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding(what, Grade.NO, f"{place} cannot be written", "set state, or ask for the right")
        return
    free = shutil.disk_usage(place).free
    if free < ROOM:
        yield Finding(what, Grade.NO, f"{free // 2**20} MiB are free there", "make room: a run stops when it is full")
    else:
        yield Finding(what, Grade.YES, f"{free // 2**30} GiB free")
    if place == directory:
        yield from _written_by_us(directory)


def _terminal(variables: Mapping[str, str]) -> Iterator[Finding]:
    if not sys.stdout.isatty():
        yield Finding("terminal", Grade.NOTE, "there is none here: verbs work, the screen does not")
        return
    columns, lines = shutil.get_terminal_size()
    colours = "no colours" if variables.get("NO_COLOR") else variables.get("COLORTERM") or "16 to 256 colours"
    told = f"{variables.get('TERM') or 'TERM is not set'}, {columns}x{lines}, {colours}"
    if columns < LEAST[0] or lines < LEAST[1]:
        yield Finding("terminal", Grade.NO, told, f"make it {LEAST[0]}x{LEAST[1]} at least")
    elif variables.get("TERM", "dumb") == "dumb":
        yield Finding("terminal", Grade.NO, told, "set TERM to what the terminal is, such as xterm-256color")
    else:
        yield Finding("terminal", Grade.YES, told)


def _software() -> Iterator[str]:
    yield f"Seawall {_version('seawall')}"
    yield f"Python {platform.python_version()}"
    for library in LIBRARIES:
        yield f"{library} {_version(library)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _mode(path: Path) -> int | None:
    """None where there is no such file, or it is not ours to look at: whoever reads it says so."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
