"""What comes back from an API server, bounded and typed: refusals by their kind, bodies that end, lists and events.

A server that is broken, or is none, may send anything: no end of a body, half a document, bytes that are no text. One
object that does not decode costs that object and not the list it came in. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from connectors.failure import Failed, kind_of_status, one_line
from connectors.http_head import retry_after
from connectors.kubernetes.objects import Status
from connectors.kubernetes.resources import READ
from connectors.kubernetes.uncollected import uncollected
from console.model.snapshot import FailureKind

T = TypeVar("T")

LARGEST = 64 << 20  # bytes of one answer: 500 objects of the 1.5 MB that etcd takes would be more, real ones are 2-5 MB
LONGEST_EVENT = 16 << 20  # bytes of one event: an object, which etcd refuses beyond 1.5 MB


class Versioned(msgspec.Struct, frozen=True, rename="camel"):
    """The metadata of a list, and of a bookmark."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    metadata: Versioned
    items: tuple[T, ...] | None = None


class Event(msgspec.Struct, frozen=True):
    """One line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK, or ERROR with a ``Status`` as its object."""

    type: str
    object: msgspec.Raw


class Mark(msgspec.Struct, frozen=True):
    """Of a bookmark, all that counts."""

    metadata: Versioned


class Trouble(msgspec.Struct, frozen=True):
    """Of an ERROR event."""

    code: int = 0
    message: str = ""


class _Group(msgspec.Struct, frozen=True):
    name: str
    versions: tuple[Mapping[str, str], ...] = ()


class Groups(msgspec.Struct, frozen=True):
    """The API groups that are served."""

    groups: tuple[_Group, ...] = ()

    def served(self) -> frozenset[str]:
        """``apps/v1`` and the like."""
        return frozenset(one.get("groupVersion", "") for group in self.groups for one in group.versions)


_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    """A decoder a type. msgspec learns a struct's shape at its first use, and two threads at that at once crash the
    interpreter (0.22): so all of them are made below, while the module is imported, which one thread does."""
    if type_ not in _DECODERS:
        _DECODERS[type_] = msgspec.json.Decoder(type_)
    return _DECODERS[type_]


for _shape in (Event, Mark, Trouble, Groups, Status, Listing[msgspec.Raw]):
    decoder(_shape)
for _resource in READ:
    decoder(_resource.type)
    decoder(Listing[_resource.type])  # type: ignore[name-defined]


def page_of(data: bytes, type_: type[T], path: str) -> tuple[Listing[T], tuple[str, ...]]:
    """One page, and what could not be read in it. Failed (PROTOCOL) where it is no list at all."""
    try:
        with uncollected():
            return decoder(Listing[type_]).decode(data), ()  # type: ignore[valid-type]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _salvaged(data, type_, path)


def _salvaged(data: bytes, type_: type[T], path: str) -> tuple[Listing[T], tuple[str, ...]]:
    """The page without the objects that do not decode. Bytes that are not UTF-8 become replacement characters."""
    text = data.decode("utf-8", "replace").encode()
    try:
        raw: Listing[msgspec.Raw] = decoder(Listing[msgspec.Raw]).decode(text)
    except msgspec.DecodeError as error:
        raise not_an_answer(path, error) from error
    items: list[T] = []
    problems = []
    for position, one in enumerate(raw.items or ()):
        try:
            items.append(decoder(type_).decode(one))
        except msgspec.DecodeError as error:
            problems.append(f"{path}: object {position} cannot be read ({one_line(str(error))})")
    return Listing(raw.metadata, tuple(items)), tuple(problems)


def decoded(data: bytes, type_: type[T], path: str) -> T:
    """One document; Failed (PROTOCOL) where it is none of the type."""
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_an_answer(path, error) from error


def not_an_answer(path: str, error: Exception) -> Failed:
    """What answers is no Kubernetes API: a proxy's page, a truncated body."""
    return Failed(FailureKind.PROTOCOL, f"{path}: not an answer of the Kubernetes API ({one_line(str(error))})")


def too_large(path: str) -> Failed:
    return Failed(FailureKind.PROTOCOL, f"{path}: an answer of more than {LARGEST >> 20} MiB was refused")


def refused(status: int, body: bytes, phrase: str, headers: Mapping[str, str]) -> Failed:
    """A status that is no success, with the server's own message and how long it asks us to wait."""
    try:
        said = decoder(Status).decode(body).message
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = ""  # a proxy's page, not the API server's Status
    wait = retry_after(headers.get("Retry-After", ""), headers.get("Date", ""))
    kind = kind_of_status(status, wait)
    reason = f"{status} {one_line(said or phrase)}".strip()
    return Failed(kind, reason, status=status, advice=ADVICE.get(kind, ""), retry_after=wait)


ADVICE: Mapping[FailureKind, str] = {
    FailureKind.REFUSED: "check that the cluster is up, and the tunnel to it",
    FailureKind.NAME: "check the server of the kubeconfig's context",
    FailureKind.TLS: "check the certificates in the kubeconfig",
    FailureKind.EXPIRED: "log in again, or renew the token that the kubeconfig names",
    FailureKind.FORBIDDEN: "ask for a role that may get, list and watch it; `seawall doctor` lists what is missing",
}
