"""What is wrong with the world at one second: the knobs that a scenario turns and the equations read.

Knobs name roles. Of an architecture's shards, services and third parties they strike the first, of its topics the
first that is consumed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crisis:
    """Neutral by default. Shares are 0..1, factors multiply."""

    spike: float = 1.0  # factor on the users' requests
    conversion: float = 1.0  # factor on the share of requests that order something: onlookers do not buy
    personal: float = 1.0  # factor on the share of requests that no CDN may keep: who is logged in gets own pages
    dns_ok: float = 1.0  # share of look-ups that resolve
    cache_ok: float = 1.0  # share of cache look-ups that reach the cache; 0: the server is down
    together: float = 0.0  # above 0.5: keys were written together, and expire together each TTL
    database_ok: float = 1.0  # share of the primary's capacity that is there
    database_slow: float = 1.0  # factor on its time for a query
    long_queries: float = 0.0  # started a second: reports, joins without an index
    service_slow: float = 1.0  # factor on a backend service's time for a call
    third_party_ok: float = 1.0  # share of calls that the third party answers
    third_party_slow: float = 1.0  # factor on its time to answer
    third_party_limit: float = 1.0  # factor on the calls that it allows
    leak: float = 0.0  # bytes that each request served leaves behind in its API pod
    poisoned: float = 0.0  # above 0.5: a message that no worker survives heads partition 0


CALM = Crisis()
