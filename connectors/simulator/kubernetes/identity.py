"""Names, uids and delays by seed, and the time that objects are stamped with.

Each draw has a purpose and its own counter, so that one more pod of one workload does not move the uids or the
start-up times of another.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from datetime import UTC, datetime

from connectors.simulator.clock import SimClock

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # Kubernetes' own: no vowels, so no words


class Identity:
    """Everything that a real cluster draws at random, drawn from the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn: Counter[str] = Counter()

    def uid(self) -> str:
        return str(uuid.UUID(bytes=self._draw("uid", 16), version=4))

    def suffix(self, purpose: str, length: int = 5) -> str:
        """The random end of a generated name."""
        return _word(self._draw(f"suffix/{purpose}", length))

    def seconds(self, purpose: str, low: int, high: int) -> int:
        """A whole number of seconds, low and high included."""
        return low + int.from_bytes(self._draw(f"seconds/{purpose}", 4), "big") % (high - low + 1)

    def token(self) -> str:
        return self._draw("token", 24).hex()

    def _draw(self, purpose: str, size: int) -> bytes:
        self._drawn[purpose] += 1
        text = f"{self._seed}/{purpose}/{self._drawn[purpose]}"
        return hashlib.blake2b(text.encode(), digest_size=size).digest()


def fingerprint(text: str) -> str:
    """The hash of a pod template, as it ends a replica set's name."""
    return _word(hashlib.blake2b(text.encode(), digest_size=10).digest())


def _word(raw: bytes) -> str:
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in raw)


class Times:
    """The one "now" of the cluster: simulated seconds inside, RFC 3339 wall time on its objects."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._step: float | None = None

    def enter(self, t: float) -> None:
        """The controllers work at simulated second ``t``, whatever the clock shows (history is back-filled)."""
        self._step = t

    def leave(self) -> None:
        self._step = None

    def now(self) -> float:
        """Simulated seconds."""
        return self._clock.now() if self._step is None else self._step

    def stamp(self, ago: float = 0.0) -> str:
        """Now, or ``ago`` simulated seconds before, to the second as ``metav1.Time`` has it."""
        wall = self._clock.wall(self.now() - ago)
        return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def wall(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(self.now()), UTC)
