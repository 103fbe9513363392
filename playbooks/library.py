"""Where playbooks are found: those that come with the program, then the user's own directory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from playbooks.document import did_you_mean
from playbooks.exits import PlaybookError
from playbooks.playbook import Playbook
from playbooks.reading import read_file

OWN = Path(__file__).parent / "library"


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


def load_all(directories: Iterable[Path] = ()) -> tuple[Playbook, ...]:
    """All of them, by name. PlaybookError for the first that is wrong, or when two want the same key."""
    found = tuple(find(name, directories) for name in sorted(files(directories)))
    keys: dict[str, str] = {}
    for playbook in found:
        if playbook.key and keys.setdefault(playbook.key, playbook.name) != playbook.name:
            taken = keys[playbook.key]
            raise PlaybookError(f"{playbook.file}: key '{playbook.key}' is taken by {taken}")
    return found
