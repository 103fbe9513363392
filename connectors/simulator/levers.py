"""From what stands on the wires to what the model reads: the application's side of the flag document.

An application ignores an ``until`` in the past and takes ``else`` instead; where there is none, its own default.
What it cannot read it treats as absent: a flag store must not be able to break a shop.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.tick import Levers, Pods

FLAG, TTL, RATE = "flag.", "ttl.", "rate."
READ_ONLY = "flag.read_only"
USER_RATE = "rate.user"

LARGEST = 1e12  # beyond it a number is a mistake, and an integer may not even fit a float

Document = Mapping[str, object]


def levers_of(pods: Mapping[str, Pods], flags: Mapping[str, Document], now: float) -> Levers:
    """The levers in force at ``now`` (wall epoch seconds) with this flag document."""
    switches = {field: _switch(document, now) for field, document in flags.items() if field.startswith(FLAG)}
    numbers = {field: number_of(document, now) for field, document in flags.items() if field.startswith((TTL, RATE))}
    off = (field.removeprefix(FLAG) for field, on in switches.items() if on is False and field != READ_ONLY)
    return Levers(
        pods=pods,
        ttl={
            field.removeprefix(TTL): value
            for field, value in numbers.items()
            if value is not None and field.startswith(TTL)
        },
        read_only=switches.get(READ_ONLY) is True,
        features_off=frozenset(off),
        user_rate=numbers.get(USER_RATE),
    )


def _switch(document: Document, now: float) -> bool | None:
    value = document.get("else") if _over(document, now) else document.get("on")
    return value if isinstance(value, bool) else None


def number_of(document: Document, now: float) -> float | None:
    """The number in force at ``now``, above zero and below ``LARGEST``; anything else is none to live by."""
    value = document.get("else") if _over(document, now) else document.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < LARGEST else None


def _over(document: Document, now: float) -> bool:
    until = document.get("until")
    return isinstance(until, int | float) and not isinstance(until, bool) and until <= now
