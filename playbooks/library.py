"""Where playbooks are found: those that come with the program, then the user's own directory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import platformdirs

from playbooks.document import did_you_mean
from playbooks.exits import PlaybookError
from playbooks.playbook import Playbook, SignalCheck
from playbooks.reading import read_file

OWN = Path(__file__).parent / "library"


def own_directories() -> tuple[Path, ...]:
    """The user's playbooks, beside the user's config."""
    return (Path(platformdirs.user_config_dir("seawall")) / "playbooks",)


def files(directories: Iterable[Path] = ()) -> dict[str, Path]:
    """Every playbook's file by its stem; a later directory's takes the place of an earlier one's."""
    places = (OWN, *directories)
    return {path.stem: path for place in places for path in sorted(place.glob("*.yaml"))}


def find(name: str, directories: Iterable[Path] = ()) -> Playbook:
    """The playbook of this name, or in this file. PlaybookError when there is none, or it is wrong."""
    if name.endswith((".yaml", ".yml")):
        return read_file(Path(name))
    known = files(directories)
    if name not in known:
        raise PlaybookError(f"no playbook '{name}'{did_you_mean(name, known)}")
    found = read_file(known[name])
    if found.name != name:
        raise PlaybookError(f"{known[name]}:1: the file is called {name}, the playbook '{found.name}'")
    return found


def load_all(directories: Iterable[Path] = ()) -> tuple[tuple[Playbook, ...], tuple[str, ...]]:
    """All that can be read, by name, and one line for each that cannot: it must not take the others away in a crisis.

    A key that two want stays with the first; the second goes without, and is named.
    """
    places = tuple(directories)
    found: list[Playbook] = []
    problems: list[str] = []
    for name in sorted(files(places)):
        try:
            playbook = find(name, places)
        except PlaybookError as error:
            problems.append(error.reason)
            continue
        holder = next((each.name for each in found if playbook.key and each.key == playbook.key), "")
        if holder:
            problems.append(f"{playbook.file}: key '{playbook.key}' is taken by {holder}")
            playbook = replace(playbook, key="")
        found.append(playbook)
    return tuple(found), tuple(problems)


def guard_of(name: str, directories: Iterable[Path] = ()) -> SignalCheck | None:
    """The undo guard of the playbook called so; None where there is none, or its file can no longer be read.

    An undo rests on the marks alone: a playbook that was deleted or broken since must not stand in its way.
    """
    return next((each.guard for each in load_all(directories)[0] if each.name == name), None)
