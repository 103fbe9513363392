"""What clients have begun and not ended: requests that are still to come whole, commands that wait for EXEC.

Each client's share has a bound, as the real server's ``client-query-buffer-limit``; so have all of them together, as
its ``maxmemory-clients``: many who never finish must not hold more than a few.
"""

from __future__ import annotations

from connectors.simulator.redis.protocol import MAX_REQUEST

TOGETHER = 2 * MAX_REQUEST  # bytes


class Unfinished:
    """By client, in bytes."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}
        self._total = 0

    def hold(self, client_id: int, size: int) -> bool:
        """What the client holds now; whether that may be."""
        self._total += size - self._held.get(client_id, 0)
        self._held[client_id] = size
        return size <= MAX_REQUEST and self._total <= TOGETHER

    def forget(self, client_id: int) -> None:
        """The client is gone."""
        self._total -= self._held.pop(client_id, 0)
