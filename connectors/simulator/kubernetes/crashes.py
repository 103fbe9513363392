"""The kubelet's back-off: 10 s, 20 s, 40 s … 5 min between restarts, and between attempts to pull an image.

Source: the documentation of the pod lifecycle. The first restart is at once; ten minutes of running forgive it all.
"""

from __future__ import annotations

FIRST_SECONDS, LONGEST_SECONDS = 10, 300
FORGIVEN_SECONDS = 600


class Backoff:
    """How long a pod waits next, by its uid."""

    def __init__(self) -> None:
        self._level: dict[str, int] = {}
        self._since: dict[str, float] = {}  # simulated second of the last start

    def began(self, uid: str, t: float) -> None:
        """Its containers run since ``t``."""
        self._since[uid] = t

    def failed(self, uid: str, t: float) -> int:
        """It failed at ``t``: seconds to wait before the next attempt; 0 at the first failure."""
        ran = t - self._since.get(uid, t)
        level = 0 if ran >= FORGIVEN_SECONDS else self._level.get(uid, 0)
        self._level[uid] = level + 1
        return min(FIRST_SECONDS * 2 ** (level - 1), LONGEST_SECONDS) if level else 0

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        self._level.pop(uid, None)
        self._since.pop(uid, None)
