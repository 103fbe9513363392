"""What is wrong with the world at one second: the knobs that a scenario turns and the equations read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crisis:
    """Neutral by default. Shares are 0..1, factors multiply."""

    spike: float = 1.0  # factor on the users' requests
    conversion: float = 1.0  # factor on the share of requests that order something: onlookers do not buy
    dns_ok: float = 1.0  # share of look-ups that resolve
    cache_ok: float = 1.0  # share of cache look-ups that reach the cache
    database_ok: float = 1.0  # share of the database's capacity that is there
    database_slow: float = 1.0  # factor on the database's time for a query
    payments_ok: float = 1.0  # share of calls that the payment provider answers
    payments_slow: float = 1.0  # factor on its time to answer
    leak: float = 0.0  # bytes that each request served leaves behind in its API pod
    poisoned: float = 0.0  # above 0.5: a message that no worker survives heads partition 0 of orders


CALM = Crisis()
