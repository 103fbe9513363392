"""Pods counted by who controls them, kept up to date at each commit: what a controller asks costs nothing by size.

Beside the counts it remembers when each pod became ready, in simulated seconds: ``minReadySeconds`` and the coldness of
a fresh pod are measured from there.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.identity import Times
from connectors.simulator.kubernetes.kinds import POD
from connectors.simulator.kubernetes.objects import Object, dig, owner_of
from connectors.simulator.kubernetes.store import Commit, Store

COLD_SECONDS = 20  # a fresh process works at half speed: its caches are empty and nothing is compiled
_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Count:
    """Pods of one owner that have neither ended nor been told to."""

    living: int = 0
    ready: int = 0


_NOBODY = Count()


def is_active(pod: Object) -> bool:
    """Neither ended nor being deleted: what a controller counts."""
    return "deletionTimestamp" not in pod["metadata"] and dig(pod, "status", "phase") not in _ENDED


class Tally:
    """Counts of active pods by their owner's uid."""

    def __init__(self, store: Store, times: Times) -> None:
        self._times = times
        self._counts: dict[str, Count] = {}
        self._since: dict[str, float] = {}  # pod uid -> simulated second
        self._fresh: deque[tuple[float, str, str]] = deque()  # (ready since, pod uid, owner uid), oldest first
        store.listen(self._saw)

    def of(self, owner: Object) -> Count:
        return self._counts.get(owner["metadata"]["uid"], _NOBODY)

    def ready_since(self, pod: Object) -> float | None:
        """The simulated second since which it is ready; None where it is not."""
        return self._since.get(pod["metadata"]["uid"])

    def cold(self, t: float) -> Counter[str]:
        """How many active pods of each owner have been ready for less than 20 s."""
        self._warm(t)
        return Counter(owner for since, uid, owner in self._fresh if self._since.get(uid) == since)

    def next_warm(self, t: float) -> float:
        """When the next cold pod becomes warm; infinity where there is none."""
        self._warm(t)
        return self._fresh[0][0] + COLD_SECONDS if self._fresh else float("inf")

    def _warm(self, t: float) -> None:
        while self._fresh and self._fresh[0][0] + COLD_SECONDS <= t:
            self._fresh.popleft()

    def _saw(self, commit: Commit) -> None:
        if commit.kind is not POD:
            return
        was_ready = self._weigh(commit.before, -1)
        ready = self._weigh(commit.after, 1)
        uid = commit.last["metadata"]["uid"]
        if was_ready and not ready:
            self._since.pop(uid, None)
        elif ready and not was_ready:
            now = self._times.now()
            self._since[uid] = now
            self._fresh.append((now, uid, owner_of(commit.last)))

    def _weigh(self, pod: Object | None, sign: int) -> bool:
        """Adds or takes away one state of a pod; whether that state is active and ready."""
        if pod is None or not is_active(pod):
            return False
        owner, ready = owner_of(pod), is_ready(pod)
        count = self._counts.get(owner, _NOBODY)
        after = Count(count.living + sign, count.ready + sign * ready)
        if after.living:
            self._counts[owner] = after
        else:
            self._counts.pop(owner, None)
        return ready
