"""What a list and the events after it say that there is. Pure: no sockets, no threads, no clock.

A store begins as one complete list at a version, and follows the events of one stream from that version on, in their
order. It is never mended: where the stream loses its place (410), a new list makes a new store.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import msgspec

from connectors.kubernetes.answer import Event, Mark, Trouble, decoder

_GONE = 410
Key = tuple[str, str]


class Gone(Exception):
    """The server no longer knows the version that we have come to: only a new list helps."""


class Broken(Exception):
    """The stream says something that is no event, or that it cannot go on. One line for a person."""


class Store:
    """The objects of one kind in one place. ``follow`` in the stream's thread, ``items`` in any."""

    def __init__(self, type_: type[Any], items: Iterable[Any], version: str) -> None:
        self._lock = threading.Lock()
        self._type = type_
        self._held: dict[Key, Any] = {_key(item): item for item in items}
        self._items: tuple[Any, ...] | None = None
        self.version = version

    def items(self) -> tuple[Any, ...]:
        """All there is, by namespace and name."""
        with self._lock:
            if self._items is None:
                self._items = tuple(self._held[key] for key in sorted(self._held))
            return self._items

    def follow(self, line: bytes) -> None:
        """One line of the stream. Gone, or Broken, when the store cannot go on with it: it then stays as it was."""
        try:
            event: Event = decoder(Event).decode(line)
            match event.type:
                case "ADDED" | "MODIFIED":
                    self._put(decoder(self._type).decode(event.object))
                case "DELETED":
                    self._take(decoder(self._type).decode(event.object))
                case "BOOKMARK":
                    self.version = decoder(Mark).decode(event.object).metadata.resource_version or self.version
                case "ERROR":
                    raise _end_of(decoder(Trouble).decode(event.object))
                case other:
                    raise Broken(f"an event of type {other[:40]!r}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Broken(f"an event that cannot be read: {error}") from error

    def _put(self, item: Any) -> None:
        with self._lock:
            self._held[_key(item)] = item
            self._items = None
        self.version = item.metadata.resource_version

    def _take(self, item: Any) -> None:
        with self._lock:
            self._held.pop(_key(item), None)
            self._items = None
        self.version = item.metadata.resource_version


def _end_of(trouble: Trouble) -> Exception:
    return Gone(trouble.message) if trouble.code == _GONE else Broken(f"{trouble.code} {trouble.message}")


def _key(item: Any) -> Key:
    return item.metadata.namespace, item.metadata.name
