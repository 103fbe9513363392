"""The store: objects by key, one resource version counter over all of them, and a ring of what happened.

The ring is what watches read; who asks for a version that has left it gets "Expired", as etcd compaction does it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of


@dataclass(frozen=True, slots=True)
class Commit:
    """One write. ``after`` is None for a deletion; ``version`` is the counter's value for it."""

    version: int
    kind: Kind
    before: Object | None
    after: Object | None

    @property
    def last(self) -> Object:
        """The object as it is now, or as it last was, carrying this commit's version."""
        if self.after is not None:
            return self.after
        before = self.before or {}
        return {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.version)}}


Listener = Callable[[Commit], None]


class Store:
    """Objects are immutable once in; ``put`` stamps the version on the object it is given."""

    def __init__(self, history: int = 4096) -> None:
        self.version = 1
        self._objects: dict[Kind, dict[tuple[str, str], Object]] = {}
        self._order: dict[Kind, list[tuple[str, str]]] = {}  # the keys, sorted
        self._history: deque[Commit] = deque(maxlen=history)
        self._listeners: list[Listener] = []

    @property
    def oldest(self) -> int:
        """The oldest version that a watch can still start from."""
        return self._history[0].version - 1 if self._history else self.version

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self._objects.get(kind, {}).get((namespace, name))

    def of(self, kind: Kind, namespace: str = "") -> list[Object]:
        """All objects of a kind, in a namespace or ("") in all, sorted by namespace and name as etcd sorts them."""
        objects, order = self._objects.get(kind, {}), self._order.get(kind, [])
        if not namespace:
            return [objects[key] for key in order]
        start, end = bisect_left(order, (namespace, "")), bisect_left(order, (f"{namespace}\0", ""))
        return [objects[key] for key in order[start:end]]

    def count(self, kind: Kind) -> int:
        return len(self._objects.get(kind, {}))

    def put(self, kind: Kind, obj: Object) -> Object:
        """Stores ``obj`` under the next version."""
        objects = self._objects.setdefault(kind, {})
        key = (namespace_of(obj), name_of(obj))
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        before, objects[key] = objects.get(key), obj
        if before is None:
            insort(self._order.setdefault(kind, []), key)
        self._tell(Commit(self.version, kind, before, obj))
        return obj

    def remove(self, kind: Kind, namespace: str, name: str) -> Object:
        """Takes the object away; it must be there."""
        before, order = self._objects[kind].pop((namespace, name)), self._order[kind]
        del order[bisect_left(order, (namespace, name))]
        self.version += 1
        commit = Commit(self.version, kind, before, None)
        self._tell(commit)
        return commit.last

    def since(self, version: int) -> Iterable[Commit]:
        """What happened after ``version``, oldest first; refuses versions out of the ring and of the future."""
        if version > self.version:
            raise refusal.too_new(version, self.version)
        if version < self.oldest:
            raise refusal.expired(f"too old resource version: {version} ({self.oldest})")
        return [commit for commit in self._history if commit.version > version]

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` at each commit; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, commit: Commit) -> None:
        self._history.append(commit)
        for listener in tuple(self._listeners):
            listener(commit)
