"""Counters that no wire and no model keeps: each pod's share of what its workload used, each machine's hours.

They grow from scrape to scrape, and are forgotten with the pod that they belonged to.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable


class Ledger:
    """Sums by key, in the units of what is added."""

    def __init__(self) -> None:
        self._sums: dict[Hashable, float] = {}
        self._read: dict[str, float] = {}
        self._last: int | None = None
        self.elapsed = 0.0  # simulated seconds between the last two scrapes

    def turn(self, t: int) -> None:
        """A new scrape, at ``t`` simulated seconds."""
        self.elapsed = 0.0 if self._last is None else float(max(t - self._last, 0))
        self._last = t

    def growth(self, name: str, total: float) -> float:
        """What a running total has grown by since it was last asked for; 0 the first time."""
        before, self._read[name] = self._read.get(name, total), total
        return max(total - before, 0.0)

    def add(self, key: Hashable, amount: float) -> float:
        """The sum after adding."""
        self._sums[key] = self._sums.get(key, 0.0) + amount
        return self._sums[key]

    def keep(self, kind: str, alive: Collection[str]) -> None:
        """Forgets the sums of ``kind`` (the first part of a key) whose second part is no longer alive."""
        gone = [key for key in self._sums if isinstance(key, tuple) and key[0] == kind and key[1] not in alive]
        for key in gone:
            del self._sums[key]
