"""Who owns which field of an object: ``metadata.managedFields``, kept by every client's write.

Objects that a client creates are tracked from then on. Those that controllers make are not, until somebody applies
to them: what is there then belongs to "before-first-apply", as on a real server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from connectors.simulator.kubernetes import field_set
from connectors.simulator.kubernetes.field_set import FieldSet, cleared, minus, union
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, dig
from connectors.simulator.kubernetes.schema import Field

APPLY, UPDATE = "Apply", "Update"
FIRST = "before-first-apply"
ANCIENT = "ancient-changes"
KEPT_UPDATES = 10  # entries of updates; the oldest are put together beyond that (DefaultMaxUpdateManagers)
_NEVER: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        **{
            f"f:{name}": {}
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "selfLink",
                "uid",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        },
    },
}
_STATUS: FieldSet = {"f:status": {}}


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody who writes. ``operation`` is "Apply" or "Update"; the rest says through what."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def shown(self) -> str:
        """As conflicts name it."""
        through = f' with subresource "{self.subresource}"' if self.subresource else ""
        using = f" using {self.api_version}" if self.operation == UPDATE else ""
        return f'"{self.name}"{through}{using}'


@dataclass(frozen=True, slots=True)
class Owned:
    """One manager's fields, and when it last changed them (RFC 3339)."""

    manager: Manager
    fields: FieldSet
    time: str


def type_of(kind: Kind) -> Field:
    return field_set.root(kind.name)


def read(metadata: Object) -> tuple[Owned, ...]:
    """The owners that an object names; those of entries that make no sense are left out."""
    entries = metadata.get("managedFields") or []
    found = [_entry(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return tuple(entry for entry in found if entry is not None)


def _entry(entry: Object) -> Owned | None:
    fields, words = entry.get("fieldsV1"), ("manager", "operation", "apiVersion", "time", "subresource")
    said = [entry.get(word, "") for word in words]
    if entry.get("operation") not in (APPLY, UPDATE) or not all(isinstance(word, str) for word in said):
        return None
    if not isinstance(fields, dict) or not field_set.is_set(fields):
        return None
    return Owned(Manager(said[0], said[1], said[2], said[4]), fields, said[3])


def written(owners: Iterable[Owned]) -> list[Object]:
    """The owners as an object carries them: applies first, then by time."""
    ordered = sorted(owners, key=lambda one: (one.manager.operation, one.time, one.manager.name))
    return [_written(one) for one in ordered]


def _written(one: Owned) -> Object:
    entry: Object = {
        "manager": one.manager.name,
        "operation": one.manager.operation,
        "apiVersion": one.manager.api_version,
        "time": one.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": one.fields,
    }
    return {**entry, "subresource": one.manager.subresource} if one.manager.subresource else entry


def ownable(fields: FieldSet | None, subresource: str) -> FieldSet | None:
    """What of a set may be owned through a resource or its subresource."""
    fields = cleared(fields, _NEVER) if fields is not None else None
    if fields and "f:metadata" in fields and not fields["f:metadata"]:
        fields = {name: inner for name, inner in fields.items() if name != "f:metadata"} or None
    if subresource == "status":
        status = dig(fields, "f:status")
        return None if status is None else {"f:status": status}
    return cleared(fields, _STATUS)


def created(obj: Object, kind: Kind, manager: Manager, stamp: str) -> tuple[Owned, ...]:
    """Who creates an object owns all of it, defaults included."""
    fields = ownable(field_set.added(obj, type_of(kind)), manager.subresource)
    return (Owned(manager, fields, stamp),) if fields is not None else ()


def claimed(wanted: Object, kind: Kind, manager: Manager, stamp: str) -> tuple[Owned, ...]:
    """Who applies owns what he said, and no defaults."""
    fields = ownable(field_set.owned(wanted, type_of(kind)), manager.subresource)
    return (Owned(manager, fields, stamp),) if fields is not None else ()


def updated(
    owners: tuple[Owned, ...], before: Object, after: Object, kind: Kind, manager: Manager, stamp: str
) -> tuple[Owned, ...]:
    """An update owns what it changed, and takes that from all others."""
    of = type_of(kind)
    changed = ownable(field_set.changed(before, after, of), manager.subresource)
    gone = field_set.removed(before, after, of)
    if changed is None and gone is None:
        return owners
    kept = _without(owners, changed, gone, manager)
    own = next((one for one in kept if one.manager == manager), Owned(manager, {}, stamp))
    before_fields = own.fields if own in kept else None
    fields = union(before_fields, changed)
    others = tuple(one for one in kept if one is not own)
    if fields is None:
        return others
    moment = stamp if fields != before_fields else own.time
    return _capped((*others, replace(own, fields=fields, time=moment)))


def _without(
    owners: tuple[Owned, ...], changed: FieldSet | None, gone: FieldSet | None, manager: Manager
) -> tuple[Owned, ...]:
    found = []
    for one in owners:
        fields: FieldSet | None = cleared(one.fields, gone)
        if one.manager != manager:
            fields = minus(fields, changed)
        if fields is not None:
            found.append(replace(one, fields=fields) if fields != one.fields else one)
    return tuple(found)


def _capped(owners: tuple[Owned, ...]) -> tuple[Owned, ...]:
    updates = sorted((one for one in owners if one.manager.operation == UPDATE), key=lambda one: one.time)
    surplus = len(updates) - KEPT_UPDATES
    if surplus <= 0:
        return owners
    oldest = updates[: surplus + 1]
    fields: FieldSet | None = None
    for one in oldest:
        fields = union(fields, one.fields)
    ancient = Owned(Manager(ANCIENT, UPDATE, oldest[-1].manager.api_version), fields or {}, oldest[-1].time)
    return (*(one for one in owners if one not in oldest), ancient)


def same(owners: Iterable[Owned], others: Iterable[Any]) -> bool:
    """Whether two say the same of who owns what, whenever it was."""
    return {(_key(one)) for one in owners} == {(_key(one)) for one in others}


def _key(one: Owned) -> tuple[Manager, str]:
    return one.manager, ",".join(sorted(field_set.names(one.fields)))
