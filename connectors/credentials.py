"""Whether credentials were renewed at their place: known from the files alone, none of them is read or revealed.

But for a kubeconfig, which is read for the names of further files: a token that is renewed lies in one of those.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connectors.secret import Secret

KUBECONFIG = "~/.kube/config"
IN_CLUSTER = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # renewed there by the kubelet
LONGEST = 2**20  # characters of a kubeconfig that are looked at
_NAMED = re.compile(
    r"""["']?\b(?:tokenFile|client-certificate|client-key)["']?\s*:\s*(?:"([^"]+)"|'([^']+)'|([^\s,}]+))"""
)
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
            yield from _of_kubeconfigs(value or os.environ.get("KUBECONFIG") or KUBECONFIG)
            yield from () if value else (IN_CLUSTER,)
        elif field.name.endswith("_file") and value:
            yield value


def _of_kubeconfigs(paths: str) -> Iterator[str]:
    """The files themselves, and those that they name."""
    for place in filter(None, paths.split(os.pathsep)):
        yield place
        path = Path(place).expanduser()
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(LONGEST)
        except OSError:
            continue
        yield from (str(path.parent / (a or b or c)) for a, b, c in _NAMED.findall(text))


def _place(secret: Secret) -> tuple[str, ...]:
    scheme, _, place = secret.reference.partition(":")
    return (place,) if scheme == "file" else ()


def _of_file(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
