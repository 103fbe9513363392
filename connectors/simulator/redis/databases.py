"""The numbered databases of one server, or of a master and the replicas that show its data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy

from connectors.simulator.redis.keyspace import Keyspace


class Databases:
    """Each is made when it is first asked for. ``now`` gives simulated seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._keyspaces: dict[int, Keyspace] = {}

    def at(self, index: int) -> Keyspace:
        if index not in self._keyspaces:
            self._keyspaces[index] = Keyspace(self._now)
        return self._keyspaces[index]

    def filled(self) -> list[tuple[int, Keyspace]]:
        """Those with keys in them, by number."""
        return [(index, keys) for index, keys in sorted(self._keyspaces.items()) if len(keys)]

    def copy(self, only: Iterable[bytes] | None = None) -> Databases:
        """The same keys, values and deadlines, changed apart from now on; ``only`` these of database 0, if said."""
        copied = Databases(self._now)
        chosen = self.filled() if only is None else [(0, self.at(0))]
        for index, keys in chosen:
            for key in keys.living() if only is None else only:
                value = keys.get(key)
                if value is not None:
                    copied.at(index).put(key, deepcopy(value))
                    copied.at(index).set_deadline(key, keys.deadline(key))
        return copied
