"""How an answer is shown: plain, as a Table, or as metadata only, by the client's Accept header.

A Table is what ``kubectl get`` prints; its rows carry the object's metadata, or all of it, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.conversion import is_stored_as, shown
from connectors.simulator.kubernetes.encoding import Encodings
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.store import Store
from connectors.simulator.kubernetes.table import cells, columns

_OFFERED = ("application/json",)
Shown = Object | msgspec.Raw  # a tree, or the bytes of one
_PLAIN = ("application/json", "application/*", "*/*")


@dataclass(frozen=True, slots=True)
class Form:
    """``kind`` is "" (as it is), "Table" or "PartialObjectMetadata"; ``version`` that of meta.k8s.io."""

    kind: str = ""
    version: str = "v1"
    include: str = "Metadata"  # of a table's rows: "None" | "Metadata" | "Object"


def clauses(accept: str) -> list[tuple[str, dict[str, str]]]:
    """An Accept header as media types with parameters, in the client's order."""
    found = []
    for clause in (accept or "*/*").split(","):
        media, *parameters = [part.strip() for part in clause.split(";")]
        found.append((media.lower(), dict(part.partition("=")[::2] for part in parameters)))
    return found


def negotiated(accept: str, include: str = "") -> Form:
    """The first form of the header that is offered; 406 where there is none."""
    for media, parameters in clauses(accept):
        if media not in _PLAIN:
            continue
        kind = parameters.get("as", "")
        if not kind:
            return Form()
        known = kind.removesuffix("List") in ("Table", "PartialObjectMetadata")
        if known and parameters.get("g") == "meta.k8s.io" and parameters.get("v") in ("v1", "v1beta1"):
            return Form(kind.removesuffix("List"), parameters["v"], include or "Metadata")
    raise refusal.not_acceptable(_OFFERED)


def bookmark(kind: Kind, version: str, form: Form, at: int, initial: bool) -> Object:
    """The object of a BOOKMARK event: a version, and whether the initial events are over."""
    metadata: Object = {"resourceVersion": str(at), "creationTimestamp": None}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    if form.kind == "Table":
        api_version = f"meta.k8s.io/{form.version}"
        return {"kind": "Table", "apiVersion": api_version, "metadata": metadata, "columnDefinitions": [], "rows": []}
    if form.kind:
        return {"kind": form.kind, "apiVersion": f"meta.k8s.io/{form.version}", "metadata": metadata}
    return {"kind": kind.name, "apiVersion": kind.api_version(version), "metadata": metadata}


class Representation:
    """Shows objects; what stands in the store is encoded once."""

    def __init__(self, store: Store) -> None:
        self._encodings = Encodings(store)

    def one(self, obj: Object, kind: Kind, version: str, form: Form, now: float, headed: bool = True) -> Shown:
        """One object. ``headed`` False leaves a table's columns out: in a watch only the first has them."""
        if form.kind == "Table":
            metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            return self._table([obj], kind, version, form, now, metadata, headed)
        if form.kind:
            return self._encodings.partial(obj, kind, form.version)
        seen = shown(obj, kind, version)
        return self._encodings.whole(obj, kind) if seen is obj else seen

    def many(self, objects: list[Object], kind: Kind, version: str, form: Form, now: float, metadata: Object) -> Object:
        """A list, with its ``metadata`` (resourceVersion, continue, remainingItemCount)."""
        if form.kind == "Table":
            return self._table(objects, kind, version, form, now, metadata, headed=True)
        items: Shown | list[Object]
        if form.kind:
            items = self._encodings.partials(objects, kind, form.version)
            head = {"kind": "PartialObjectMetadataList", "apiVersion": f"meta.k8s.io/{form.version}"}
        else:
            items = self._items(objects, kind, version)
            head = {"kind": f"{kind.name}List", "apiVersion": kind.api_version(version)}
        return {**head, "metadata": metadata, "items": items}

    def _items(self, objects: list[Object], kind: Kind, version: str) -> Shown | list[Object]:
        if is_stored_as(kind, version):
            return self._encodings.items(objects, kind)
        seen = [shown(obj, kind, version) for obj in objects]
        return [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in seen]

    def _table(
        self, objects: list[Object], kind: Kind, version: str, form: Form, now: float, metadata: Object, headed: bool
    ) -> Object:
        rows: Shown | list[Object]
        if is_stored_as(kind, version):
            rows = self._encodings.rows(objects, kind, form.version, form.include, now)
        else:
            rows = [self._row(obj, kind, version, form, now) for obj in objects]
        return {
            "kind": "Table",
            "apiVersion": f"meta.k8s.io/{form.version}",
            "metadata": metadata,
            "columnDefinitions": columns(kind) if headed else [],
            "rows": rows,
        }

    def _row(self, obj: Object, kind: Kind, version: str, form: Form, now: float) -> Object:
        """One of an object that is stored otherwise than it is seen."""
        seen = shown(obj, kind, version)
        row: Object = {"cells": cells(seen, kind, now)}
        if form.include == "Metadata":
            row["object"] = self._encodings.partial(obj, kind, form.version)
        elif form.include == "Object":
            row["object"] = seen
        return row
