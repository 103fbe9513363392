"""Server-side apply: a manager says what it wants to own; who else owns a field that would change has a say in it.

Source: "Server-Side Apply" in the Kubernetes documentation, and structured-merge-diff's ``merge`` package for the
order: merge, compare, conflicts, then the fields that the manager gave up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors.simulator.kubernetes import field_set, managed_fields
from connectors.simulator.kubernetes.field_set import FieldSet, child, is_leaf, item, parts
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.managed_fields import FIRST, UPDATE, Manager, Owned
from connectors.simulator.kubernetes.objects import Object, copied
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.schema import Field

Conflict = tuple[Manager, FieldSet]


def first(live: Object, kind: Kind, manager: Manager, stamp: str) -> tuple[Owned, ...]:
    """The owner of an object that nobody has owned so far."""
    before = Manager(FIRST, UPDATE, manager.api_version)
    return managed_fields.created(live, kind, before, stamp)


def applied(
    live: Object, owners: tuple[Owned, ...], wanted: Object, kind: Kind, manager: Manager, force: bool, stamp: str
) -> tuple[Object, tuple[Owned, ...]]:
    """The object and its owners afterwards; 409 where others own what would change."""
    of = managed_fields.type_of(kind)
    fields = managed_fields.ownable(field_set.owned(wanted, of), manager.subresource)
    result = merged(live, wanted, of)
    changed = managed_fields.ownable(field_set.changed(live, result, of), manager.subresource)
    clashes = _clashes(owners, changed, manager)
    if clashes and not force:
        raise refused(clashes)
    owners = tuple(_yielding(owners, clashes))
    own = next((one for one in owners if one.manager == manager), None)
    others = tuple(one for one in owners if one is not own)
    held: FieldSet | None = fields
    for one in others:
        held = field_set.union(held, one.fields)
    result = _given_up(result, field_set.minus(own.fields if own else None, held), held, of)
    if fields is None:
        return result, others
    time = own.time if own and own.fields == fields else stamp
    return result, (*others, Owned(manager, fields, time))


def _clashes(owners: tuple[Owned, ...], changed: FieldSet | None, manager: Manager) -> list[Conflict]:
    found = [(one.manager, field_set.common(one.fields, changed)) for one in owners if one.manager != manager]
    return [(who, fields) for who, fields in found if fields is not None]


def _yielding(owners: tuple[Owned, ...], clashes: list[Conflict]) -> list[Owned]:
    """The owners without what is taken from them by force."""
    taken = dict(clashes)
    left = [(one, field_set.minus(one.fields, taken.get(one.manager))) for one in owners]
    return [replace(one, fields=fields) for one, fields in left if fields is not None]


def refused(clashes: list[Conflict]) -> Refusal:
    """409 naming each manager and field, in the server's words."""
    listed = [(who, name) for who, fields in clashes for name in field_set.names(fields)]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who.shown()}", "field": name}
        for who, name in listed
    ]
    return Refusal(409, "Conflict", _told(clashes, len(listed)), {"causes": causes})


def _told(clashes: list[Conflict], count: int) -> str:
    if count == 1:
        who, fields = clashes[0]
        return f"Apply failed with 1 conflict: conflict with {who.shown()}: {next(field_set.names(fields))}"
    lines = []
    for who, fields in sorted(clashes, key=lambda clash: clash[0].name):
        lines += [f"conflicts with {who.shown()}:", *(f"- {name}" for name in field_set.names(fields))]
    return f"Apply failed with {count} conflicts: " + "\n".join(lines)


def merged(live: Any, wanted: Any, of: Field) -> Any:
    """What is there with what is wanted over it; an empty map or list wants nothing of what is in it."""
    if wanted in ({}, []) and type(live) is type(wanted) and not is_leaf(live, of):
        return live
    if is_leaf(live, of) or is_leaf(wanted, of) or type(live) is not type(wanted):
        return copied(wanted)
    if isinstance(wanted, dict):
        over = {key: merged(live.get(key), value, child(of, key)) for key, value in wanted.items()}
        return {**live, **over}
    old, new = parts(live, of), parts(wanted, of)
    kept = [merged(value, new[name][0], item(of)) if name in new else value for name, (value, _) in old.items()]
    return [*kept, *(copied(value) for name, (value, _) in new.items() if name not in old)]


def _given_up(value: Any, gone: FieldSet | None, held: FieldSet | None, of: Field) -> Any:
    """The value without the fields that only their former owner wanted; what others hold inside of them stays."""
    if gone is None or is_leaf(value, of):
        return value
    kept = {}
    for name, (inner, kind) in parts(value, of).items():
        lost, still = gone.get(name), (held or {}).get(name)
        if lost is not None and still is None and (not lost or field_set.SELF in lost):
            continue
        left = _given_up(inner, lost, still, kind)
        if left or not (inner and kind.many):  # a map or a list that has become empty is an absent one
            kept[name] = left
    if isinstance(value, dict):
        return {name.removeprefix("f:"): inner for name, inner in kept.items()}
    return list(kept.values())
