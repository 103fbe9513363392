"""Kubeconfigs as kubectl reads them: several files as one, and one context of it. Pure but for reading the files.

The official client takes the last file's current context where kubectl takes the first one's, and reads only what it
knows of a user. So files are merged here, strictly typed, and what the chosen context needs is handed on with its paths
made absolute: a relative path is relative to the file that it stands in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from connectors.failure import Failed, one_line
from console.model.snapshot import FailureKind

LARGEST = 16 << 20  # bytes of a file; those of people with hundreds of clusters have 2 MB


class _Kept(msgspec.Struct, frozen=True, rename="kebab"):
    """Unknown keys are for other programs. No text form: some of it is secret."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()}>"


class Extension(_Kept, frozen=True):
    name: str
    extension: Any = None


class Cluster(_Kept, frozen=True):
    server: str = ""
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool | None = None
    certificate_authority: str | None = None  # a path
    certificate_authority_data: str | None = None  # base64 of PEM
    proxy_url: str | None = None
    disable_compression: bool | None = None
    extensions: tuple[Extension, ...] | None = None


class Variable(_Kept, frozen=True):
    name: str
    value: str = ""


class Plugin(msgspec.Struct, frozen=True, rename="camel"):
    """A command that gives credentials."""

    command: str
    api_version: str = ""
    args: tuple[str, ...] | None = None
    env: tuple[Variable, ...] | None = None
    install_hint: str | None = None
    provide_cluster_info: bool = False
    interactive_mode: str | None = None


class Provider(_Kept, frozen=True):
    """What came before plug-ins; nobody has it any more."""

    name: str = ""


class User(_Kept, frozen=True):
    token: str | None = None
    token_file: str | None = msgspec.field(default=None, name="tokenFile")
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    username: str | None = None
    password: str | None = None
    as_: str | None = msgspec.field(default=None, name="as")
    as_uid: str | None = None
    as_groups: tuple[str, ...] | None = None
    as_user_extra: dict[str, tuple[str, ...]] | None = None
    exec_: Plugin | None = msgspec.field(default=None, name="exec")
    auth_provider: Provider | None = None


class Context(_Kept, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str | None = None


class _NamedCluster(_Kept, frozen=True):
    name: str
    cluster: Cluster | None = None


class _NamedUser(_Kept, frozen=True):
    name: str
    user: User | None = None


class _NamedContext(_Kept, frozen=True):
    name: str
    context: Context | None = None


class _File(_Kept, frozen=True):
    current_context: str | None = None
    clusters: tuple[_NamedCluster, ...] | None = None
    users: tuple[_NamedUser, ...] | None = None
    contexts: tuple[_NamedContext, ...] | None = None


msgspec.convert({}, _File)  # learnt while this module is imported: see answer.py


@dataclass(frozen=True, slots=True)
class Chosen:
    """One context with all that it names. Every path in it is absolute; ``folder`` is that of the user's file."""

    context: str
    namespace: str
    cluster: Cluster
    user: User
    folder: Path


T = TypeVar("T")
_Entries = dict[str, tuple[T, Path]]


def places_of(kubeconfig: str | None) -> tuple[Path, ...]:
    """The files to read, in order: as configured, ``$KUBECONFIG``, or the usual one. They need not exist."""
    text = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    return tuple(Path(place).expanduser() for place in text.split(os.pathsep) if place)


def choose(places: Iterable[Path], context: str | None) -> Chosen:
    """The context, or the first current one that a file names. Failed: no file can be read, or a name is not there."""
    files = [(_read(place), place.absolute().parent) for place in places if place.exists()]
    shown = os.pathsep.join(map(str, places))
    if not files:
        raise Failed(FailureKind.NOT_FOUND, f"no kubeconfig at {shown}", advice="set kubeconfig, or $KUBECONFIG")
    contexts = _merged([((c.name, c.context) for c in file.contexts or ()), folder] for file, folder in files)
    name = context or next((file.current_context for file, _ in files if file.current_context), "")
    if not name:
        raise _missing(f"kubeconfig {shown} has no current context", "set context", contexts)
    if name not in contexts:
        raise _missing(f'kubeconfig {shown} has no context "{one_line(name, 80)}"', "set context", contexts)
    clusters = _merged([((c.name, c.cluster) for c in file.clusters or ()), folder] for file, folder in files)
    users = _merged([((u.name, u.user) for u in file.users or ()), folder] for file, folder in files)
    return _chosen(name, contexts[name][0], clusters, users)


def _chosen(name: str, context: Context, clusters: _Entries[Cluster], users: _Entries[User]) -> Chosen:
    if context.cluster not in clusters:
        raise _missing(f'context "{name}" names the cluster "{one_line(context.cluster, 80)}"', "set context", clusters)
    if context.user and context.user not in users:
        raise _missing(f'context "{name}" names the user "{one_line(context.user, 80)}"', "set context", users)
    cluster, at = clusters[context.cluster]
    user, folder = users[context.user] if context.user else (User(), at)
    if not cluster.server:
        raise Failed(FailureKind.NOT_FOUND, f'cluster "{one_line(context.cluster, 80)}" has no server')
    namespace = context.namespace or "default"
    return Chosen(name, namespace, _placed(cluster, at), _placed(user, folder), folder)


def _missing(reason: str, verb: str, known: Iterable[str]) -> Failed:
    names = ", ".join(sorted(known)[:8])
    return Failed(FailureKind.NOT_FOUND, reason, advice=f"{verb}; there is {one_line(names) or 'none'}")


def _merged(files: Iterable[Sequence[Any]]) -> _Entries[Any]:
    """The first file that has a name wins it."""
    found: _Entries[Any] = {}
    for entries, folder in files:
        for name, entry in entries:
            if entry is not None:
                found.setdefault(name, (entry, folder))
    return found


_PATHS = ("certificate_authority", "client_certificate", "client_key", "token_file")


def _placed(entry: T, folder: Path) -> T:
    paths = {key: str(folder / path) for key in _PATHS if (path := getattr(entry, key, None))}
    return msgspec.structs.replace(entry, **paths)  # type: ignore[type-var]


def _read(place: Path) -> _File:
    """Its errors name the place in the file and never quote it: tokens stand there."""
    import yaml  # type: ignore[import-untyped]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with place.open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise Failed(FailureKind.PROTOCOL, f"kubeconfig {place}: more than {LARGEST >> 20} MiB")
        return msgspec.convert(yaml.load(text, loader) or {}, _File)
    except OSError as error:
        raise Failed(FailureKind.NOT_FOUND, f"kubeconfig {place}: {error.strerror}") from error
    except msgspec.ValidationError as error:
        raise Failed(FailureKind.PROTOCOL, f"kubeconfig {place}: {one_line(str(error))}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise Failed(FailureKind.PROTOCOL, f"kubeconfig {place}: not YAML{where}") from None
