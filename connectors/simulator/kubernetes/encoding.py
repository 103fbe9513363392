"""Each object's JSON, written once a version: lists, pages and the events of all watches share the bytes.

An object is never changed in place, so its encoding holds as long as it stands in the store. What has just left it is
kept for a moment, too: a burst of writes is still to be told to every watch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of
from connectors.simulator.kubernetes.store import Commit, Store
from connectors.simulator.kubernetes.table import cells

_PASSING = 512  # encodings of objects that are not in the store (any more)
_MINUTE = 60.0  # wall seconds; the ages of what is older than three hours change by minutes at the least
_PARTIAL = '{{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/{}","metadata":'


@dataclass(slots=True)
class _Entry:
    """What is known of ``obj``: its members without kind and version, its metadata, its row in a table."""

    obj: Object
    bare: bytes = b""
    metadata: bytes = b""
    row: bytes = b""
    form: str = ""  # of the object in the row
    since: float = 0.0  # wall seconds between which the ages in the row are what they would be
    until: float = 0.0


class Encodings:
    """The bytes of a store's objects, by the object."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._standing: dict[int, _Entry] = {}  # by id(obj), which the entry keeps alive
        self._passing: dict[int, _Entry] = {}
        store.listen(self._saw)

    def items(self, objects: Iterable[Object], kind: Kind) -> msgspec.Raw:
        """The elements of a list: without kind and version."""
        return _listed([entry.bare or _bare(entry) for entry in self._entries(objects, kind)])

    def whole(self, obj: Object, kind: Kind) -> msgspec.Raw:
        """As an answer, or in an event."""
        head = f'{{"kind":"{obj["kind"]}","apiVersion":"{obj["apiVersion"]}",'.encode()
        entry = self._entry(obj, kind)
        return msgspec.Raw(head + (entry.bare or _bare(entry))[1:])

    def partial(self, obj: Object, kind: Kind, version: str) -> msgspec.Raw:
        """Its metadata alone, as ``meta.k8s.io/version`` has it."""
        return msgspec.Raw(_PARTIAL.format(version).encode() + _metadata(self._entry(obj, kind)))

    def partials(self, objects: Iterable[Object], kind: Kind, version: str) -> msgspec.Raw:
        """A list of metadata."""
        head = _PARTIAL.format(version).encode()
        return _listed([head + (entry.metadata or _metadata(entry)) for entry in self._entries(objects, kind)])

    def rows(self, objects: Iterable[Object], kind: Kind, version: str, include: str, now: float) -> msgspec.Raw:
        """Rows of a table; ``include`` is "None", "Metadata" or "Object", ``now`` wall time for what ages."""
        form, parts = f"{include}/{version}", []
        for entry in self._entries(objects, kind):
            if entry.form != form or not entry.since <= now < entry.until:
                self._render(entry, kind, version, form, now)
            parts.append(entry.row)
        return _listed(parts)

    def _render(self, entry: _Entry, kind: Kind, version: str, form: str, now: float) -> None:
        """Writes the row. Ages only grow: what reads the same a minute later does so all the time between."""
        shown = cells(entry.obj, kind, now)
        row: Object = {"cells": shown}
        if form.startswith("Metadata"):
            row["object"] = self.partial(entry.obj, kind, version)
        elif form.startswith("Object"):
            row["object"] = self.whole(entry.obj, kind)
        holds = shown == cells(entry.obj, kind, now + _MINUTE)
        entry.since, entry.until = now, now + (_MINUTE if holds else 0.0)
        entry.row, entry.form = msgspec.json.encode(row), form

    def _entries(self, objects: Iterable[Object], kind: Kind) -> Iterator[_Entry]:
        standing = self._standing
        for obj in objects:
            entry = standing.get(id(obj))
            yield entry if entry is not None and entry.obj is obj else self._entry(obj, kind)

    def _entry(self, obj: Object, kind: Kind) -> _Entry:
        for known in (self._standing, self._passing):
            found = known.get(id(obj))
            if found is not None and found.obj is obj:
                return found
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


def _listed(parts: list[bytes]) -> msgspec.Raw:
    """A JSON list, copied together once."""
    if not parts:
        return msgspec.Raw(b"[]")
    parts[0] = b"[" + parts[0]
    parts[-1] += b"]"
    return msgspec.Raw(b",".join(parts))


def _bare(entry: _Entry) -> bytes:
    members = {key: value for key, value in entry.obj.items() if key not in ("kind", "apiVersion")}
    entry.bare = msgspec.json.encode(members)
    return entry.bare


def _metadata(entry: _Entry) -> bytes:
    if not entry.metadata:
        entry.metadata = msgspec.json.encode(entry.obj["metadata"]) + b"}"
    return entry.metadata
