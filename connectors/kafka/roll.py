"""The roll of a cluster's brokers: who is expected, and when each was heard last.

Brokers tell who is up, never who is missing. Expected is whoever is up, whoever has a replica of some partition, and
whoever was up not long ago. It outlives the client, which is made anew after every failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from connectors.kafka.seen import ClusterView

REMEMBERED = 3600.0  # wall seconds for which one that has no replicas is missed


class Roll:
    """``now`` tells wall seconds that never jump."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._up: dict[int, float] = {}
        self._heard: dict[int, float] = {}

    def call(self, cluster: ClusterView) -> None:
        """These are up."""
        self._up.update(dict.fromkeys(cluster.brokers, self._now()))

    def hear(self, brokers: Iterable[int]) -> None:
        """These have answered."""
        self._heard.update(dict.fromkeys(brokers, self._now()))

    def expected(self, cluster: ClusterView) -> tuple[int, ...]:
        named = {broker for _, part in cluster.partitions() for broker in part.replicas}
        lately = {broker for broker, at in self._up.items() if self._now() - at <= REMEMBERED}
        return tuple(sorted(named | lately | set(cluster.brokers)))

    def age(self, broker: int) -> float | None:
        """Wall seconds since it last answered; None: it never did."""
        at = self._heard.get(broker)
        return None if at is None else max(0.0, self._now() - at)

    def gone(self, broker: int) -> float | None:
        """Wall seconds since it was last up; None: it never was."""
        at = self._up.get(broker)
        return None if at is None else max(0.0, self._now() - at)


def ago(seconds: float) -> str:
    """
    >>> [ago(seconds) for seconds in (4.4, 119, 7300)]
    ['4s', '2m', '2h']
    """
    if seconds < 100:
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if seconds < 6000 else f"{seconds / 3600:.0f}h"
