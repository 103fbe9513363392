"""RFC 3339 times of the API as seconds, and ages that are never negative."""

from __future__ import annotations

from datetime import UTC, datetime


def epoch(stamp: str | None) -> float | None:
    """Epoch seconds; None for a time that is left out, or is none."""
    if not stamp:
        return None
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def age(stamp: str | None, now: float) -> float | None:
    """Seconds from ``stamp`` to ``now``; 0 where the cluster's clock runs ahead of ours."""
    at = epoch(stamp)
    return None if at is None else max(now - at, 0.0)


def spoken(seconds: float) -> str:
    """An age as kubectl prints it, in its largest unit: ``45s``, ``12m``, ``5h``, ``3d``."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"
