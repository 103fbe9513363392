"""A circuit breaker: it stops asking somebody who does not answer, and tries again now and then.

Closed, it lets everything through and looks at the last seconds. When as many calls failed as it was set to bear,
and more than half of all, it opens; after its time a few probes go through (half-open), and their fate is its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.tick import Breaker

WINDOW = 10  # seconds it looks at
PROBES = 0.05  # share of the calls that go through while it is half-open


@dataclass(frozen=True, slots=True)
class Circuit:
    """A breaker's state."""

    recent: tuple[tuple[float, float], ...] = ()  # (calls, failures) of the last seconds
    opens_again: int | None = None  # it is open until then, and half-open from then on; None: closed

    @property
    def open(self) -> bool:
        """Whether it keeps calls back."""
        return self.opens_again is not None


CLOSED = Circuit()


def passed(circuit: Circuit, setting: Breaker | None, t: int) -> float:
    """Share of the calls that it lets through; all of them where there is no breaker."""
    if setting is None or circuit.opens_again is None:
        return 1.0
    return 0.0 if t < circuit.opens_again else PROBES


def after(circuit: Circuit, setting: Breaker | None, calls: float, failures: float, t: int) -> Circuit:
    """The breaker a second later, in which ``failures`` of ``calls`` failed or took too long."""
    if setting is None:
        return CLOSED
    if circuit.opens_again is not None:
        if t < circuit.opens_again or calls <= 0:
            return circuit
        return _opened(setting, t) if failures > calls / 2 else CLOSED
    recent = (*circuit.recent, (calls, failures))[-WINDOW:]
    made, failed = (sum(column) for column in zip(*recent, strict=True))
    return _opened(setting, t) if failed >= setting.failures and failed > made / 2 else Circuit(recent)


def _opened(setting: Breaker, t: int) -> Circuit:
    return Circuit((), t + max(round(setting.seconds), 1))
