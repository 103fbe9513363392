"""Counters of several servers as one that only grows.

A sum of counters falls when a server leaves and leaps when one joins, restarts or comes back; rates would follow.
Here each server's growth between two readings in a row is added up, within one life of it (``epoch``) and never below
zero: who joins, restarts or was away for a reading adds nothing until it was seen twice. The first total is the plain
sum, as the servers' own tools show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from connectors.redis.address import Address
from console.model.signal import Counter

BUSIEST = frozenset({"cpu_seconds"})  # not added up: two servers half busy are not one that is full
Counted = Mapping[Address, Iterable[Counter]]
_Key = tuple[Address, str]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The totals so far, and what each server said last. Persistent."""

    totals: Mapping[str, Counter] = field(default_factory=dict)
    _last: Mapping[_Key, Counter] = field(default_factory=dict)

    def after(self, counted: Counted) -> Ledger:
        """The ledger once the servers' counters of one reading are in."""
        now = {(address, counter.name): counter for address, each in counted.items() for counter in each}
        names = dict.fromkeys(name for _, name in now)
        totals = {name: self._total(name, [(key, now[key]) for key in now if key[1] == name]) for name in names}
        return Ledger({**self.totals, **totals}, now)

    def counters(self, at: float) -> tuple[Counter, ...]:
        """The totals that the last reading counted, which is of ``at`` as a whole."""
        counted = {name for _, name in self._last}
        return tuple(replace(total, at=at) for name, total in self.totals.items() if name in counted)

    def _total(self, name: str, counters: list[tuple[_Key, Counter]]) -> Counter:
        grown = [_growth(self._last.get(key), counter) for key, counter in counters]
        newest = counters[0][1]
        before = self.totals.get(name)
        if before is None:
            value = _together(name, [counter.value for _, counter in counters])
        else:
            value = before.value + _together(name, grown)
        return replace(newest, value=value, epoch="")


def _together(name: str, values: list[float]) -> float:
    return max(values, default=0.0) if name in BUSIEST else sum(values)


def _growth(before: Counter | None, now: Counter) -> float:
    if before is None or before.epoch != now.epoch:
        return 0.0
    return max(0.0, now.value - before.value)
