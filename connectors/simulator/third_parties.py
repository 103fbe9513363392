"""Third parties, with limits, and the breakers in front of them: equation 9.

While a breaker is open, or where work that is not critical is parked, calls are put off and made later: nobody is
told that they failed. A caller waits for an answer for as long as its timeout says, which is often a minute; a
breaker counts a call as failed when it takes more than a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from connectors.simulator import breaker
from connectors.simulator.architecture import ThirdParty
from connectors.simulator.breaker import CLOSED, Circuit
from connectors.simulator.now import Now
from connectors.simulator.tick import Mode

SLOW = 1.0  # seconds; a breaker counts a slower call as a failure


@dataclass(frozen=True, slots=True)
class Party:
    """The breaker's state and the calls put off."""

    circuit: Circuit = CLOSED
    queued: float = 0.0


@dataclass(frozen=True, slots=True)
class Calls:
    """One second of calls. wanted + late = answered + failed + refused + put off."""

    answered: float
    failed: float
    refused: float  # 429, beyond the limit
    put_off: float  # will be made later
    late: float  # had been put off before, and are made now
    latency: float  # seconds that a caller waits

    @property
    def wrong(self) -> float:
        """Calls that an order failed for."""
        return self.failed + self.refused


@dataclass(frozen=True, slots=True)
class Terms:
    """How a third party is in this second."""

    limit: float  # calls a second
    ok: float  # share of the calls within the limit that is answered in time
    latency: float  # seconds that it takes, on average
    waits: float  # seconds that a caller waits, on average


def terms_of(party: ThirdParty, struck: bool, now: Now) -> Terms:
    """The terms of a third party; ``struck``: the crisis is about this one."""
    crisis = now.crisis
    latency = party.latency * (crisis.third_party_slow if struck else 1.0)
    limit = party.limit * (crisis.third_party_limit if struck else 1.0)
    in_time = 1 - exp(-party.timeout / latency)
    ok = in_time * (crisis.third_party_ok if struck else 1.0)
    return Terms(limit, ok, latency, latency * in_time)


def waits(party: ThirdParty, state: Party, terms: Terms, now: Now) -> float:
    """Seconds that a request spends on a call, on average."""
    return terms.waits * breaker.passed(state.circuit, now.levers.breakers.get(party.name), now.t)


def step(party: ThirdParty, state: Party, wanted: float, terms: Terms, now: Now) -> tuple[Party, Calls]:
    """One second of ``wanted`` calls, and of those put off before as far as the limit leaves room."""
    setting = now.levers.breakers.get(party.name)
    passed = breaker.passed(state.circuit, setting, now.t)
    through = wanted * passed
    if now.on(Mode.PARK):
        through = min(through, terms.limit)
    late = min(state.queued, max(terms.limit - through, 0.0) / 2) if passed == 1.0 else 0.0
    made = through + late
    allowed = made if made <= terms.limit else terms.limit * party.penalty
    answered = allowed * terms.ok
    calls = Calls(answered, allowed - answered, made - allowed, wanted - through, late, terms.waits if passed else 0.0)
    wrong = calls.wrong + answered * exp(-SLOW / terms.latency)
    circuit = breaker.after(state.circuit, setting, made, wrong, now.t)
    return Party(circuit, state.queued - late + calls.put_off), calls
