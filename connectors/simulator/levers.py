"""From what stands on the wires to what the model reads: the application's side of the flag document.

An application ignores an ``until`` in the past and takes ``else`` instead; where there is none, its own default.
What it cannot read it treats as absent: a flag store must not be able to break a shop.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from connectors.simulator.tick import REPORTED, Breaker, Levers, Mode, Pods, Reported

FLAG, TTL, RATE, BREAKER, POOL, COUNT, TIMEOUT = "flag.", "ttl.", "rate.", "breaker.", "pool.", "count.", "timeout."
NUMBERS = (TTL, RATE, POOL, COUNT, TIMEOUT)
READ_ONLY = "flag.read_only"
USER_RATE = "rate.user"
KILL_QUERIES = "count.kill_queries"
FAILOVER = "count.failover"
STATEMENT_TIMEOUT = "timeout.statement"

LARGEST = 1e12  # beyond it a number is a mistake, and an integer may not even fit a float

Document = Mapping[str, object]


def levers_of(
    pods: Mapping[str, Pods],
    flags: Mapping[str, Document],
    now: float,
    features: Container[str] | None = None,
    reported: Reported = REPORTED,
) -> Levers:
    """The levers in force at ``now`` (wall epoch seconds) with this flag document.

    ``features`` are those that the application has; None: each flag that is no mode is one. ``reported`` is what
    was done to the servers themselves.
    """
    switches = {field: _switch(document, now) for field, document in flags.items() if field.startswith(FLAG)}
    numbers = dict(_numbers(flags, now))
    off = (field.removeprefix(FLAG) for field, on in switches.items() if on is False and field != READ_ONLY)
    return Levers(
        pods=pods,
        ttl=_under(TTL, numbers),
        read_only=switches.get(READ_ONLY) is True,
        features_off=frozenset(name for name in off if _is_feature(name, features)),
        user_rate=numbers.get(USER_RATE),
        modes=frozenset(mode for mode in Mode if switches.get(f"{FLAG}{mode}") is True),
        breakers=dict(_breakers(flags, now)),
        pools=_under(POOL, numbers),
        kill_queries=numbers.get(KILL_QUERIES, 0.0),
        failovers=numbers.get(FAILOVER, 0.0),
        statement_timeout=numbers.get(STATEMENT_TIMEOUT),
        reported=reported,
    )


def _is_feature(name: str, features: Container[str] | None) -> bool:
    return name in features if features is not None else name not in tuple(Mode)


def _numbers(flags: Mapping[str, Document], now: float) -> Iterator[tuple[str, float]]:
    for field, document in flags.items():
        if field.startswith(NUMBERS) and (value := number_of(document, now)) is not None:
            yield field, value


def _under(prefix: str, numbers: Mapping[str, float]) -> dict[str, float]:
    return {field.removeprefix(prefix): value for field, value in numbers.items() if field.startswith(prefix)}


def _breakers(flags: Mapping[str, Document], now: float) -> Iterator[tuple[str, Breaker]]:
    """The breakers that are on; a number that cannot be read is the usual one."""
    for field, document in flags.items():
        if field.startswith(BREAKER) and _switch(document, now) is True:
            failures, seconds = (_positive(document.get(name)) for name in ("failures", "seconds"))
            usual = Breaker()
            yield field.removeprefix(BREAKER), Breaker(failures or usual.failures, seconds or usual.seconds)


def _switch(document: Document, now: float) -> bool | None:
    value = document.get("else") if _over(document, now) else document.get("on")
    return value if isinstance(value, bool) else None


def number_of(document: Document, now: float) -> float | None:
    """The number in force at ``now``, above zero and below ``LARGEST``; anything else is none to live by."""
    return _positive(document.get("else") if _over(document, now) else document.get("value"))


def _positive(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < LARGEST else None


def _over(document: Document, now: float) -> bool:
    until = document.get("until")
    return isinstance(until, int | float) and not isinstance(until, bool) and until <= now
