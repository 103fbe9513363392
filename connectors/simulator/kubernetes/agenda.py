"""What happens next to each pod, by the simulated second at which it is due. A pod has one thing to come at a time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from connectors.simulator.kubernetes.kinds import POD
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of
from connectors.simulator.kubernetes.store import Store

_Due = tuple[float, int, str, str, str, str]  # (when, order, namespace, name, uid, what)


class Agenda:
    """Due times in a heap. What is entered later for a pod takes the place of what was."""

    def __init__(self) -> None:
        self._due: list[_Due] = []
        self._order = 0
        self._next: dict[str, int] = {}  # pod uid -> the order of its entry; older ones are void

    def enter(self, pod: Object, at: float, what: str) -> None:
        """``what`` is to happen to the pod at simulated second ``at``."""
        uid = pod["metadata"]["uid"]
        self._order += 1
        self._next[uid] = self._order
        heapq.heappush(self._due, (at, self._order, namespace_of(pod), name_of(pod), uid, what))

    def strike(self, pod: Object) -> None:
        """The pod is gone."""
        self._next.pop(pod["metadata"]["uid"], None)

    def is_due(self, t: float) -> bool:
        """Whether anything is due at ``t``."""
        return bool(self._due) and self._due[0][0] <= t

    def take(self, t: float, store: Store) -> Iterator[tuple[Object, str, float]]:
        """Pods that are still there, what is due of them and when it was; what is entered meanwhile may be among it."""
        while self.is_due(t):
            at, order, namespace, name, uid, what = heapq.heappop(self._due)
            pod = store.get(POD, namespace, name)
            if pod is not None and pod["metadata"]["uid"] == uid and self._next.get(uid) == order:
                yield pod, what, at
