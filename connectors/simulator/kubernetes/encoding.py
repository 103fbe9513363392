"""Each object's JSON, written once a version: lists, pages and the events of all watches share the bytes.

An object is never changed in place, so its encoding holds as long as it stands in the store. What has just left it is
kept for a moment, too: a burst of writes is still to be told to every watch.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of
from connectors.simulator.kubernetes.store import Commit, Store
from connectors.simulator.kubernetes.table import Column, columns_of

_PASSING = 512  # encodings of objects that are not in the store (any more)
_LATER = 1e7  # wall seconds after which every age reads differently
_PARTIAL = '{{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/{}","metadata":'


@dataclass(slots=True)
class _Entry:
    """What is known of ``obj``: its members without kind and version, its metadata, its cells, those that age."""

    obj: Object
    bare: bytes = b""
    metadata: bytes = b""
    cells: tuple[object, ...] = ()
    aging: tuple[tuple[int, Column], ...] = ()


class Encodings:
    """The bytes of a store's objects, by the object."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._standing: dict[int, _Entry] = {}  # by id(obj), which the entry keeps alive
        self._passing: dict[int, _Entry] = {}
        store.listen(self._saw)

    def item(self, obj: Object, kind: Kind) -> msgspec.Raw:
        """As an element of a list: without kind and version."""
        return msgspec.Raw(self._bare(self._entry(obj, kind)))

    def whole(self, obj: Object, kind: Kind) -> msgspec.Raw:
        """As an answer, or in an event."""
        head = f'{{"kind":"{obj["kind"]}","apiVersion":"{obj["apiVersion"]}",'.encode()
        return msgspec.Raw(head + self._bare(self._entry(obj, kind))[1:])

    def partial(self, obj: Object, kind: Kind, version: str) -> msgspec.Raw:
        """Its metadata alone, as ``meta.k8s.io/version`` has it."""
        entry = self._entry(obj, kind)
        if not entry.metadata:
            entry.metadata = msgspec.json.encode(obj["metadata"]) + b"}"
        return msgspec.Raw(_PARTIAL.format(version).encode() + entry.metadata)

    def cells(self, obj: Object, kind: Kind, now: float) -> list[object]:
        """Its row in a table; ``now`` is wall time, for the columns that age."""
        entry = self._entry(obj, kind)
        if not entry.cells:
            shown = columns_of(kind)
            entry.cells = tuple(column.value(obj, now) for column in shown)
            later = (column.value(obj, now + _LATER) for column in shown)
            changed = zip(shown, entry.cells, later, strict=True)
            entry.aging = tuple((index, column) for index, (column, one, other) in enumerate(changed) if one != other)
            return list(entry.cells)
        found = list(entry.cells)
        for index, column in entry.aging:
            found[index] = column.value(obj, now)
        return found

    def _bare(self, entry: _Entry) -> bytes:
        if not entry.bare:
            members = {key: value for key, value in entry.obj.items() if key not in ("kind", "apiVersion")}
            entry.bare = msgspec.json.encode(members)
        return entry.bare

    def _entry(self, obj: Object, kind: Kind) -> _Entry:
        entry = self._standing.get(id(obj)) or self._passing.get(id(obj))
        if entry is not None and entry.obj is obj:
            return entry
        entry = _Entry(obj)
        if self._store.get(kind, namespace_of(obj), name_of(obj)) is obj:
            self._standing[id(obj)] = entry
        else:
            self._pass(entry)
        return entry

    def _pass(self, entry: _Entry) -> None:
        if len(self._passing) >= _PASSING:
            del self._passing[next(iter(self._passing))]
        self._passing[id(entry.obj)] = entry

    def _saw(self, commit: Commit) -> None:
        if commit.before is not None and (entry := self._standing.pop(id(commit.before), None)):
            self._pass(entry)
