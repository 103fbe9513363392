"""The payment provider, a third party with a limit, and the breaker in front of it: equation 9.

While the breaker is open, orders are taken and their payments queued: nobody is told that it failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.crisis import Crisis

LIMIT = 300.0  # calls a second that the contract allows
PENALTY = 0.5  # of the limit, while it is exceeded
LATENCY = 0.15  # seconds
WINDOW = 10  # seconds the breaker looks at
ENOUGH = 20.0  # calls in that window, before it judges
OPEN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Payments:
    """The breaker's state and the payments put off."""

    recent: tuple[tuple[float, float], ...] = ()  # (calls, failures) of the last seconds
    opens_again: int | None = None  # the breaker is open until then
    queued: float = 0.0


@dataclass(frozen=True, slots=True)
class Calls:
    """One second of calls. wanted = answered + failed + refused + put off; queued ones are called later."""

    answered: float
    failed: float
    refused: float  # 429, beyond the limit
    put_off: float
    latency: float  # seconds

    @property
    def wrong(self) -> float:
        """Calls that an order failed for."""
        return self.failed + self.refused


def waits(payments: Payments, crisis: Crisis) -> float:
    """Seconds that a request spends on a payment."""
    return 0.0 if payments.opens_again is not None else LATENCY * crisis.payments_slow


def step(payments: Payments, wanted: float, crisis: Crisis, t: int) -> tuple[Payments, Calls]:
    """One second of ``wanted`` payments, and of those put off before as far as the limit leaves room."""
    if payments.opens_again is not None and t < payments.opens_again:
        put_off = Calls(0.0, 0.0, 0.0, wanted, 0.0)
        return Payments((), payments.opens_again, payments.queued + wanted), put_off
    late = min(payments.queued, max(LIMIT - wanted, 0.0) / 2)
    calls = _call(wanted + late, crisis)
    recent = (*payments.recent, (wanted + late, calls.wrong))[-WINDOW:]
    return Payments(recent, _verdict(recent, t), payments.queued - late), calls


def _call(wanted: float, crisis: Crisis) -> Calls:
    allowed = wanted if wanted <= LIMIT else LIMIT * PENALTY
    answered = allowed * crisis.payments_ok
    return Calls(answered, allowed - answered, wanted - allowed, 0.0, LATENCY * crisis.payments_slow)


def _verdict(recent: tuple[tuple[float, float], ...], t: int) -> int | None:
    calls = sum(made for made, _ in recent)
    failures = sum(failed for _, failed in recent)
    return t + OPEN_SECONDS if calls >= ENOUGH and failures > calls / 2 else None
