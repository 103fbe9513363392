"""How an answer is shown: plain, as a Table, or as metadata only, by the client's Accept header.

A Table is what ``kubectl get`` prints; its rows carry the object's metadata, or all of it, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.conversion import shown
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.table import cells, columns

_OFFERED = ("application/json",)
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


def one(obj: Object, kind: Kind, version: str, form: Form, now: float, headed: bool = True) -> Object:
    """One object. ``headed`` False leaves a table's columns out: in a watch only the first has them."""
    seen = shown(obj, kind, version)
    if form.kind == "Table":
        return _table([seen], kind, form, now, {"resourceVersion": seen["metadata"]["resourceVersion"]}, headed)
    return _partial(seen, form) if form.kind else seen


def many(objects: list[Object], kind: Kind, version: str, form: Form, now: float, metadata: Object) -> Object:
    """A list, with its ``metadata`` (resourceVersion, continue, remainingItemCount)."""
    seen = [shown(obj, kind, version) for obj in objects]
    if form.kind == "Table":
        return _table(seen, kind, form, now, metadata, headed=True)
    if form.kind:
        items = [_partial(obj, form) for obj in seen]
        api_version = f"meta.k8s.io/{form.version}"
        return {"kind": "PartialObjectMetadataList", "apiVersion": api_version, "metadata": metadata, "items": items}
    items = [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in seen]
    return {"kind": f"{kind.name}List", "apiVersion": kind.api_version(version), "metadata": metadata, "items": items}


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


def _partial(obj: Object, form: Form) -> Object:
    api_version = f"meta.k8s.io/{form.version}"
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj["metadata"]}


def _table(objects: list[Object], kind: Kind, form: Form, now: float, metadata: Object, headed: bool) -> Object:
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": metadata,
        "columnDefinitions": columns(kind) if headed else [],
        "rows": [_row(obj, kind, form, now) for obj in objects],
    }


def _row(obj: Object, kind: Kind, form: Form, now: float) -> Object:
    row: Object = {"cells": cells(obj, kind, now)}
    if form.include == "Metadata":
        row["object"] = _partial(obj, form)
    elif form.include == "Object":
        row["object"] = obj
    return row
