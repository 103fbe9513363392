"""Whether credentials were renewed at their place: known from the files alone, nothing is read or revealed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connectors.secret import Secret

KUBECONFIG = "~/.kube/config"
Fingerprint = tuple[tuple[int, int, int] | None, ...]


def fingerprint(settings: msgspec.Struct) -> Fingerprint:
    """What changes when one of the credentials' files is written anew: its inode, size and time; None: not there.

    Secrets in the environment and in a keyring are not seen: the first cannot change under a process, the second may
    ask its owner something each time that it is looked at.
    """
    return tuple(_of_file(Path(place).expanduser()) for place in _places(settings))


def _places(settings: msgspec.Struct) -> Iterator[str]:
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, msgspec.Struct):
            yield from _places(value)
        elif isinstance(value, Secret):
            yield from _place(value)
        elif isinstance(value, dict):
            yield from (place for each in value.values() if isinstance(each, Secret) for place in _place(each))
        elif field.name == "kubeconfig":
            yield from filter(None, (value or os.environ.get("KUBECONFIG") or KUBECONFIG).split(os.pathsep))
        elif field.name.endswith("_file") and value:
            yield value


def _place(secret: Secret) -> tuple[str, ...]:
    scheme, _, place = secret.reference.partition(":")
    return (place,) if scheme == "file" else ()


def _of_file(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
