"""Hits and misses by prefix, which no server counts: the application may publish them in a hash of its own. Pure.

``HINCRBY seawall:hits hits:catalog 12`` and ``misses:catalog 3``, by each of its processes, every few seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.redis.reply import integer, text
from console.model.signal import Counter

MOST = 50  # prefixes that are shown: those with the most look-ups
KINDS = ("hits", "misses")
LONGEST = 64  # characters of a prefix


def published(raw: Mapping[bytes, bytes]) -> Mapping[str, tuple[int, int]]:
    """Hits and misses of each prefix that has both said, the busiest first; what is no count is left out."""
    counts: dict[str, dict[str, int]] = {}
    for name, value in raw.items():
        kind, _, prefix = text(name).partition(":")
        count = integer(value)
        if kind in KINDS and prefix and len(prefix) <= LONGEST and count is not None and count >= 0:
            counts.setdefault(prefix, {})[kind] = count
    whole = {prefix: (said.get("hits", 0), said.get("misses", 0)) for prefix, said in counts.items()}
    busiest = sorted(whole, key=lambda prefix: (-sum(whole[prefix]), prefix))
    return {prefix: whole[prefix] for prefix in busiest[:MOST]}


def counters_of(raw: Mapping[bytes, bytes], at: float, source: str) -> tuple[Counter, ...]:
    """Counters ``hits.<prefix>`` and ``misses.<prefix>``; who writes the hash anew lets them begin again."""
    return tuple(
        Counter(f"{kind}.{prefix}", float(count), f"{kind}.{prefix}", at, source)
        for prefix, counts in published(raw).items()
        for kind, count in zip(KINDS, counts, strict=True)
    )
