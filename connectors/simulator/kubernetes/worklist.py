"""Which objects the controllers look at again: those that a commit touched, and those whose time has come."""

from __future__ import annotations

import heapq

from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of

Key = tuple[str, str]  # (namespace, name)


class Worklist:
    """Dirty objects by kind. Dictionaries serve as ordered sets: the same seed must give the same order."""

    def __init__(self) -> None:
        self._dirty: dict[Kind, dict[Key, None]] = {}
        self._alarms: list[tuple[float, int, Kind, Key]] = []
        self._earliest: dict[tuple[Kind, Key], float] = {}
        self._order = 0

    def mark(self, kind: Kind, namespace: str, name: str) -> None:
        """To be looked at in the next round."""
        self._dirty.setdefault(kind, {})[(namespace, name)] = None

    def alarm(self, kind: Kind, obj: Object, at: float) -> None:
        """To be looked at again at simulated second ``at``; an earlier alarm that is set already stands for both."""
        key = (namespace_of(obj), name_of(obj))
        if self._earliest.get((kind, key), float("inf")) <= at:
            return
        self._earliest[(kind, key)] = at
        self._order += 1
        heapq.heappush(self._alarms, (at, self._order, kind, key))

    def wake(self, t: float) -> None:
        """Marks what is due at ``t``."""
        while self._alarms and self._alarms[0][0] <= t:
            at, _, kind, key = heapq.heappop(self._alarms)
            if self._earliest.get((kind, key)) == at:
                del self._earliest[(kind, key)]
                self.mark(kind, *key)

    def take(self, kind: Kind) -> list[Key]:
        """What is dirty of a kind, which is clean from then on."""
        return list(self._dirty.pop(kind, ()))

    @property
    def busy(self) -> bool:
        """Whether anything is dirty."""
        return any(self._dirty.values())
